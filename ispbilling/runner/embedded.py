"""A private PostgreSQL and Valkey for development, tests and benches. Never production.

    with services("bench", settings={"shared_buffers": "1GB"}, port=15432) as running:
        ...  # os.environ has DATABASE_URL, REDIS_URL, SECRET_KEY, SECRETS_KEYS for Django and children

An *instance* is a name with a folder in the state folder: `.data/NAME/`, or /var/lib/ispbilling-dev/
when root has to use a system account (see account.py); ISPBILLING_STATE chooses another state folder.
One process at a time runs an instance; the kernel's file lock decides, so nothing stale can block it.
The servers end with that process, even by kill -9 (Linux), and the next start finds their data.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ispbilling.runner import notes
from ispbilling.runner.account import Account, StartError, unprivileged_account
from ispbilling.runner.postgres import postgres
from ispbilling.runner.server import Server
from ispbilling.runner.valkey import valkey


class AlreadyRunning(StartError):
    """Another process runs this instance. `env` is what it noted for us, empty while it starts."""

    def __init__(self, name: str, folder: Path, env: Mapping[str, str]) -> None:
        self.env = dict(env)
        what = env.get("ADDRESS") or f"a command that uses it (process {env.get('PID', 'unknown')})"
        super().__init__(f"Already running: {what}. Its data is in {folder}.")


@dataclass
class Running:
    """The servers of an instance; its folder holds their data, logs and the notes for others."""

    name: str
    folder: Path
    servers: list[Server] = field(default_factory=list)

    def note(self, **facts: str) -> None:
        """Leave the URLs and `facts` where `./run ANYTHING` and a second `./run` find them."""
        urls = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
        notes.write(self.folder / "env", {**urls, "PID": str(os.getpid()), **facts})

    def casualty(self) -> Server | None:
        """A server that ended by itself, if any."""
        return next((server for server in self.servers if server.process.poll() is not None), None)


def chosen_urls() -> bool:
    """Whether the environment names both servers, so that nothing is to be started."""
    return bool(os.environ.get("DATABASE_URL")) and bool(os.environ.get("REDIS_URL"))


def folder_of(name: str = "dev") -> Path:
    """Where the instance keeps its data, whether it runs or not."""
    return unprivileged_account().state / name


@contextlib.contextmanager
def services(
    name: str = "dev",
    *,
    durable: bool = True,
    settings: Mapping[str, str] | None = None,
    port: int | None = None,
) -> Iterator[Running]:
    """Run the servers of instance `name` and set the environment for the product; the database stops last.

    A server whose URL is set already is not started: it is somebody else's. Without `durable` data may
    be lost at a power cut, and much time is saved. `settings` are PostgreSQL's own and win over ours.
    `port` opens PostgreSQL on 127.0.0.1 without a password, for a peer that cannot use a socket folder.
    Call it from the main thread. Raises AlreadyRunning, and StartError with a sentence for people.
    """
    account = unprivileged_account()
    account.state.mkdir(parents=True, exist_ok=True)
    with _lock(account.state, name), contextlib.ExitStack() as stack:
        running = Running(name, account.folder(account.state / name))
        (running.folder / "env").unlink(missing_ok=True)
        for variable, value in notes.keys(running.folder / "keys").items():
            _export(stack, variable, value)
        for variable, server in _servers(account, running.folder, durable, settings or {}, port):
            if not os.environ.get(variable):
                running.servers.append(stack.enter_context(server))
                _export(stack, variable, running.servers[-1].url)
        running.note()
        stack.callback((running.folder / "env").unlink, missing_ok=True)
        yield running


def running_env(name: str = "dev", seconds: float = 0) -> dict[str, str] | None:
    """What the process running the instance noted (URLs, keys, address), None when nobody runs it.

    Waits up to `seconds` for an instance that is just starting; raises AlreadyRunning after that.
    """
    state = unprivileged_account().state
    end = time.monotonic() + seconds
    while True:
        try:
            with _lock(state, name):
                return None
        except FileNotFoundError:
            return None
        except AlreadyRunning as busy:
            if busy.env:
                return {**notes.keys(state / name / "keys"), **busy.env}
            if time.monotonic() > end:
                raise
        time.sleep(0.1)


def _servers(
    account: Account, folder: Path, durable: bool, settings: Mapping[str, str], port: int | None
) -> Iterator[tuple[str, contextlib.AbstractContextManager[Server]]]:
    yield "DATABASE_URL", postgres(account, folder, durable=durable, settings=settings, port=port)
    yield "REDIS_URL", valkey(account, folder, durable=durable)


def _export(stack: contextlib.ExitStack, variable: str, value: str) -> None:
    """Set a variable the person has not set, until the servers stop."""
    if not os.environ.get(variable):
        os.environ[variable] = value
        stack.callback(os.environ.pop, variable, None)


@contextlib.contextmanager
def _lock(state: Path, name: str) -> Iterator[IO[str]]:
    """Hold the instance's lock; the kernel frees it when the last process holding it ends."""
    with (state / f"{name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(name, state / name, notes.read(state / name / "env")) from None
        yield lock
