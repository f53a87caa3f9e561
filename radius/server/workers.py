"""The processes of the server: authentication and accounting workers, the one that sends CoA, the one that draws
usage from bundles, and their supervisor.

Each worker has its own copy of what it needs and its own connections; accounting's fsync never delays a
login. The supervisor holds no connection and no thread, so that forking a replacement is always safe.
"""

import asyncio
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import psycopg2
import structlog
from django.db import connection

from ispbilling.core import clock
from ispbilling.core.collecting import settle
from radius.coa.asking import ask_probe
from radius.server import radsec
from radius.server.attempts import AttemptLog
from radius.server.counting import Counts
from radius.server.drawer import Drawer, Metered
from radius.server.following import BACK_OFF, Follower, connect
from radius.server.handlers import Accounting, Authentication
from radius.server.hints import Hints
from radius.server.limiting import Guesses
from radius.server.lines import Line
from radius.server.loop import listen, serve
from radius.server.nases import Nases
from radius.server.online import Prover
from radius.server.posture import PostureLog
from radius.server.sending import Sender
from radius.server.shield import Shield
from radius.server.snapshot import EVERYDAY, Directory, Snapshot
from radius.server.spool import Replay, Spool
from radius.usage.recording import Recorder
from radius.usage.reports import Record
from radius.wire.usernames import Usernames

log = structlog.get_logger(__name__)

AUTH_BATCH, ACCT_BATCH = 64, 256
_GRACE = 8.0
# How long a batch of accounting may take, how often that is looked at, and what a new connection may take before
# packets go to the spool.
HUNG_SECONDS, WATCH_SECONDS, MOMENT_SECONDS = 5.0, 0.1, 0.3
# A server that lives ends what takes too long itself, and leaves no backend behind that waits for a lock.
_LIMITS = "-c statement_timeout=3s -c client_connection_check_interval=1s"

Stopping = Callable[[], bool]
Ready = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the server listens on and how many processes answer; see the RADIUS_* settings."""

    addresses: tuple[str, ...]
    auth_port: int
    acct_port: int
    auth_workers: int
    acct_workers: int
    coa_port: int
    spool_folder: Path
    spool_octets: int
    sample_accepts: float = 0.0
    wrong_passwords: int = 0
    usernames: Usernames = EVERYDAY
    radsec_port: int = 0
    radsec_certificate: Path | None = None
    radsec_key: Path | None = None
    radsec_authority: Path | None = None


def authenticate(settings: Settings, address: str, stopping: Stopping, ready: Ready) -> None:
    """An authentication worker: answers from memory, whether PostgreSQL is there or not."""
    snapshot = Snapshot(settings.usernames)
    follower = Follower(snapshot, "auth")
    follower.start(stopping)
    attempts = AttemptLog("auth")
    attempts.start()
    prover = Prover(snapshot, _ask_probe)
    prover.start()
    counts = Counts("auth")
    posture = PostureLog(counts, snapshot.ratcheted, snapshot.names)
    posture.start()
    with listen(address, settings.auth_port) as bound:
        _settle()
        ready()
        guesses = Guesses[Line](settings.wrong_passwords)
        handler = Authentication(snapshot, counts, attempts.add, prover, settings.sample_accepts, guesses)
        serve(bound, handler, AUTH_BATCH, stopping, _shielded(bound, handler, snapshot))
    prover.stop()
    follower.stop()
    attempts.stop()
    posture.stop()


def account(hints: Hints, settings: Settings, address: str, stopping: Stopping, ready: Ready) -> None:
    """An accounting worker: what waits on its socket is one transaction, answered after COMMIT. What PostgreSQL did
    not take is recorded from the spool, beside it.
    """
    directory = Directory(settings.usernames)
    follower = Follower(directory, "acct")
    follower.start(stopping)
    counts = Counts("acct")
    posture = PostureLog(counts, directory.ratcheted, directory.names)
    posture.start()
    spool = Spool(settings.spool_folder, settings.spool_octets)
    replay = Replay(settings.spool_folder, spool, _late(settings, hints))
    replay.start()
    with listen(address, settings.acct_port) as bound:
        _settle()
        ready()
        handler = Accounting(
            directory, counts, _Recorders("accounting", settings.usernames), spool, hints.tell
        )
        serve(bound, handler, ACCT_BATCH, stopping, _shielded(bound, handler, directory))
    replay.stop()
    follower.stop()
    posture.stop()


def secure(hints: Hints, settings: Settings, address: str, stopping: Stopping, ready: Ready) -> None:
    """The RadSec process: log-ins and accounting of the NASes that come with a certificate (RFC 6614)."""
    if settings.radsec_certificate is None or settings.radsec_key is None:
        raise ValueError("RADIUS_RADSEC_CERTIFICATE and RADIUS_RADSEC_KEY are not set")
    # More than the connections and handshakes that Radsec allows, wherever the usual limit is less.
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    tls = radsec.context(settings.radsec_certificate, settings.radsec_key, settings.radsec_authority)
    snapshot, directory = (
        Snapshot(settings.usernames, secured=True),
        Directory(settings.usernames, secured=True),
    )

    def believe(_payloads: set[str] | None = None) -> None:
        if settings.radsec_authority is None:
            radsec.believe(tls, snapshot.certificates)

    followers = Follower(snapshot, "radsec", believe), Follower(directory, "radsec accounting")
    for follower in followers:
        follower.start(stopping)
    believe()
    attempts, prover, counts = AttemptLog("radsec"), Prover(snapshot, _ask_probe), Counts("radsec")
    posture = PostureLog(counts, snapshot.ratcheted, snapshot.names, protected=True)
    spool = Spool(settings.spool_folder, settings.spool_octets)
    replay = Replay(settings.spool_folder, spool, _late(settings, hints))
    for thread in (attempts, prover, posture, replay):
        thread.start()
    _settle()
    guesses = Guesses[Line](settings.wrong_passwords)
    server = radsec.Radsec(
        Authentication(snapshot, counts, attempts.add, prover, settings.sample_accepts, guesses),
        Accounting(directory, counts, _Recorders("radsec accounting", settings.usernames), spool, hints.tell),
        lambda: snapshot.by_host,
        counts,
    )
    asyncio.run(server.serve(address, settings.radsec_port, tls, stopping, ready))
    for one in (replay, prover, *followers, attempts, posture):
        one.stop()


def disconnect(settings: Settings, address: str, stopping: Stopping, ready: Ready) -> None:
    """The CoA process: sends Disconnect-Requests as soon as a change closes a live session's gate."""
    nases = Nases()
    sender = Sender(lambda: nases.by_host.values(), settings.coa_port)
    follower = Follower(nases, "coa", sender.tell)
    follower.start(stopping)
    _settle()
    ready()
    sender.run(stopping)
    follower.stop()


def draw(hints: Hints, settings: Settings, address: str, stopping: Stopping, ready: Ready) -> None:
    """The drawing process: usage is drawn from bundles, and lines that run out are closed or slowed down."""
    os.nice(5)  # whoever answers packets goes first
    metered = Metered()
    drawer = Drawer(hints.hear, metered)
    follower = Follower(metered, "draw", drawer.tell)
    follower.start(stopping)
    _settle()
    ready()
    drawer.run(stopping)
    follower.stop()


def _late(settings: Settings, hints: Hints) -> Callable[[Sequence[Record]], None]:
    """Records what waited in the spool."""
    recorders = _Recorders("spool", settings.usernames)

    def record(records: Sequence[Record]) -> None:
        recorders().record(records)
        hints.tell(records)

    return record


def _ask_probe(session_ids: list[int]) -> None:
    """From a thread of its own; Django's connection there serves nothing else."""
    try:
        ask_probe(session_ids, clock.now())
    finally:
        connection.close()


def _shielded(bound: socket.socket, handler: Authentication | Accounting, nases: Nases) -> Callable[[], None]:
    shield = Shield(bound, lambda: nases.by_host)
    return lambda: shield.look(time.monotonic(), handler.strangers)


class _Recorders:
    """Hands out a Recorder on a living connection, or says at once that there is none.

    A thread makes the connections, and breaks one on which PostgreSQL has not answered for HUNG_SECONDS, so that
    the worker never waits longer than that: the batch then goes to the spool.
    """

    def __init__(self, name: str, usernames: Usernames) -> None:
        self._name, self._usernames = name, usernames
        self._recorder: Recorder | None = None
        # A connection is wanted; the next who asks for it may wait a moment.
        self._asked = self._patient = True
        self._wake, self._made = threading.Event(), threading.Event()
        self._wake.set()
        threading.Thread(target=self._run, name=f"{name}-connection", daemon=True).start()

    def __call__(self) -> Recorder:
        if self._recorder is not None and not self._recorder.connection.closed:
            return self._recorder
        if not self._asked:
            self._made.clear()
            self._asked = self._patient = True
            self._wake.set()
        if self._patient:
            self._patient = False
            self._made.wait(MOMENT_SECONDS)  # a connection that was only cut is back by then
        if self._recorder is None or self._recorder.connection.closed:
            raise psycopg2.OperationalError("PostgreSQL is away")
        return self._recorder

    def _run(self) -> None:
        failures, again_at = 0, 0.0
        while True:
            self._wake.wait(WATCH_SECONDS)
            self._wake.clear()
            if self._recorder is not None:
                self._watch(self._recorder)
            if self._asked and time.monotonic() >= again_at:
                try:
                    self._recorder = Recorder(connect(self._name, _LIMITS), self._usernames)
                except Exception as error:  # a thread that ended would never connect again
                    if not isinstance(error, psycopg2.Error):
                        log.exception("accounting_connection_failed", connection=self._name)
                    again_at = time.monotonic() + BACK_OFF[min(failures, len(BACK_OFF) - 1)]
                    failures += 1
                else:
                    failures, self._asked = 0, False
                    self._made.set()

    def _watch(self, recorder: Recorder) -> None:
        since = recorder.busy_since
        if since and time.monotonic() - since > HUNG_SECONDS:
            log.warning("postgresql_does_not_answer", connection=self._name, seconds=HUNG_SECONDS)
            with (
                suppress(OSError, psycopg2.Error),
                socket.socket(fileno=os.dup(recorder.connection.fileno())) as other,
            ):
                other.shutdown(socket.SHUT_RDWR)  # the statement fails in the thread that waits for it


def _settle() -> None:
    settle()
    # A thread that applies a change gives way to the one that answers.
    sys.setswitchinterval(0.001)


@dataclass(slots=True)
class _Child:
    name: str
    work: Callable[[Settings, str, Stopping, Ready], None]
    address: str
    pid: int = 0
    failures: int = 0
    started: float = 0.0
    again_at: float = 0.0


class Supervisor:
    """Starts the workers, starts them again when they die, and stops them all."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        hints = Hints()
        self._children: list[_Child] = []
        for address in settings.addresses:
            self._children += [_Child("auth", authenticate, address) for _ in range(settings.auth_workers)]
            self._children += [
                _Child("acct", partial(account, hints), address) for _ in range(settings.acct_workers)
            ]
            if settings.radsec_port:
                self._children.append(_Child("radsec", partial(secure, hints), address))
        self._children.append(_Child("coa", disconnect, settings.addresses[0]))
        self._children.append(_Child("draw", partial(draw, hints), settings.addresses[0]))
        self._stop = False

    def run(self, ready: Ready) -> None:
        """Serve until SIGTERM or SIGINT; `ready` is called once all workers answer for the first time."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        for child in self._children:
            self._start(child, writer)
        answering = 0
        while not self._stop:
            if answering < len(self._children):
                answering += self._count_ready(reader)
                if answering >= len(self._children):
                    ready()
            self._replace_dead(writer)
            time.sleep(0.05)
        self._stop_all()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop = True

    def _count_ready(self, reader: int) -> int:
        try:
            return len(os.read(reader, 100))
        except BlockingIOError:
            return 0

    def _start(self, child: _Child, ready_pipe: int) -> None:
        child.started = time.monotonic()
        child.pid = os.fork()
        if child.pid == 0:
            code = 1
            try:
                self._become(child, ready_pipe)
                code = 0
            except Exception:
                log.exception("radius_worker_failed", worker=child.name)
            finally:
                os._exit(code)

    def _become(self, child: _Child, ready_pipe: int) -> None:
        state = {"stop": False}

        def stop(_number: int, _frame: FrameType | None) -> None:
            state["stop"] = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the supervisor decides
        parent = os.getppid()

        def stopping() -> bool:
            return state["stop"] or os.getppid() != parent

        child.work(self._settings, child.address, stopping, lambda: _say_ready(ready_pipe))

    def _replace_dead(self, ready_pipe: int) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.pid and os.waitpid(child.pid, os.WNOHANG)[0]:
                child.pid = 0
                child.failures = 0 if now - child.started > 60 else child.failures + 1
                child.again_at = now + BACK_OFF[min(child.failures, len(BACK_OFF) - 1)]
                log.error("radius_worker_died", worker=child.name, address=child.address)
            if not child.pid and now >= child.again_at and not self._stop:
                self._start(child, ready_pipe)

    def _stop_all(self) -> None:
        living = [child for child in self._children if child.pid]
        for child in living:
            os.kill(child.pid, signal.SIGTERM)
        end = time.monotonic() + _GRACE
        while living and time.monotonic() < end:
            living = [child for child in living if not os.waitpid(child.pid, os.WNOHANG)[0]]
            time.sleep(0.02)
        for child in living:
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)


def _say_ready(ready_pipe: int) -> None:
    os.write(ready_pipe, b".")
