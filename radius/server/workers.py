"""The processes of the server: authentication and accounting workers, the one that sends CoA, and their
supervisor.

Each worker has its own copy of what it needs and its own connections; accounting's fsync never delays a
login. The supervisor holds no connection and no thread, so that forking a replacement is always safe.
"""

import asyncio
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psycopg2
import structlog
from django.db import connection

from ispbilling.core import clock
from radius.coa.asking import ask_probe
from radius.server import radsec
from radius.server.attempts import AttemptLog
from radius.server.counting import Counts
from radius.server.following import BACK_OFF, Follower, connect
from radius.server.handlers import Accounting, Authentication
from radius.server.limiting import Guesses
from radius.server.loop import listen, serve
from radius.server.online import Prover
from radius.server.posture import PostureLog
from radius.server.sending import Sender
from radius.server.shield import Shield
from radius.server.snapshot import EVERYDAY, Directory, Line, Nases, Snapshot
from radius.server.spool import Replay, Spool
from radius.usage.recording import Recorder
from radius.wire.usernames import Usernames

log = structlog.get_logger(__name__)

AUTH_BATCH, ACCT_BATCH = 64, 256
_GRACE = 8.0

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


def account(settings: Settings, address: str, stopping: Stopping, ready: Ready) -> None:
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
    late = _Recorders("spool")
    replay = Replay(settings.spool_folder, spool, lambda records: late().record(records))
    replay.start()
    with listen(address, settings.acct_port) as bound:
        _settle()
        ready()
        handler = Accounting(directory, counts, _Recorders("accounting"), spool)
        serve(bound, handler, ACCT_BATCH, stopping, _shielded(bound, handler, directory))
    replay.stop()
    follower.stop()
    posture.stop()


def secure(settings: Settings, address: str, stopping: Stopping, ready: Ready) -> None:
    """The RadSec process: log-ins and accounting of the NASes that come with a certificate (RFC 6614)."""
    if settings.radsec_certificate is None or settings.radsec_key is None:
        raise ValueError("RADIUS_RADSEC_CERTIFICATE and RADIUS_RADSEC_KEY are not set")
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
    late = _Recorders("spool")
    replay = Replay(settings.spool_folder, spool, lambda records: late().record(records))
    for thread in (attempts, prover, posture, replay):
        thread.start()
    _settle()
    guesses = Guesses[Line](settings.wrong_passwords)
    server = radsec.Radsec(
        Authentication(snapshot, counts, attempts.add, prover, settings.sample_accepts, guesses),
        Accounting(directory, counts, _Recorders("radsec accounting"), spool),
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
    """Hands out a Recorder on a living connection; while PostgreSQL is away it asks again only now and
    then.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._recorder: Recorder | None = None
        self._connection: psycopg2.extensions.connection | None = None
        self._failures, self._again_at = 0, 0.0

    def __call__(self) -> Recorder:
        if self._recorder is not None and self._connection is not None and not self._connection.closed:
            return self._recorder
        if time.monotonic() < self._again_at:
            raise psycopg2.OperationalError("PostgreSQL is away")
        try:
            self._connection = connect(self._name)
            self._recorder = Recorder(self._connection)
        except psycopg2.Error as error:
            self._again_at = time.monotonic() + BACK_OFF[min(self._failures, len(BACK_OFF) - 1)]
            self._failures += 1
            raise psycopg2.OperationalError(str(error)) from error
        self._failures = 0
        return self._recorder


def _settle() -> None:
    """What was loaded stays: the collector never walks it again, and runs seldom over what comes and goes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
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
        self._children: list[_Child] = []
        for address in settings.addresses:
            self._children += [_Child("auth", authenticate, address) for _ in range(settings.auth_workers)]
            self._children += [_Child("acct", account, address) for _ in range(settings.acct_workers)]
            if settings.radsec_port:
                self._children.append(_Child("radsec", secure, address))
        self._children.append(_Child("coa", disconnect, settings.addresses[0]))
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
