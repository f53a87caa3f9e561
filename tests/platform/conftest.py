"""A real `./run` in a state folder of its own, on ports of its own, beside the servers of the tests."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from ispbilling.runner.account import CHECKOUT, unprivileged_account

SETTINGS_OF_THE_TESTS = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "SECRETS_KEYS",
    "BASE_URL",
    "DJANGO_SETTINGS_MODULE",
)


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes_below(folder: Path) -> list[str]:
    """Command lines and environments of all processes that know `folder`, zombies left out."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in known:
            found.append(f"{process.name} {known[:200]!r}")
    return found


# Waits are long because a test machine may be busy; the speed of a start is not what these tests show.
class Runner:
    """The runner as a person starts it, its output line by line, and what is left when it is gone."""

    def __init__(self, state: Path, static: Path) -> None:
        self.state = state
        ours = {name: value for name, value in os.environ.items() if name not in SETTINGS_OF_THE_TESTS}
        self.port = free_port(socket.SOCK_STREAM)
        self.environment = {
            **ours,
            "ISPBILLING_STATE": str(state),
            "STATIC_ROOT": str(static),
            "DEMO": "no",
            "PORT": str(self.port),
            "RADIUS_AUTH_PORT": str(free_port(socket.SOCK_DGRAM)),
            "RADIUS_ACCT_PORT": str(free_port(socket.SOCK_DGRAM)),
        }
        self.process: subprocess.Popen[str] | None = None
        self.lines: list[str] = []

    def command(self, module: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`./run ARGUMENTS` after its installation part, to its end."""
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=CHECKOUT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def start(self, *arguments: str) -> None:
        """Start it (or other `python ARGUMENTS`) and return when it says that it is running."""
        self.process = subprocess.Popen(
            [sys.executable, *(arguments or ("-m", "ispbilling.runner.up"))],
            cwd=CHECKOUT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines = []
        self.reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self.reader.start()
        self.wait_for(lambda: any("is running" in line for line in self.lines), 180)

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout
        for line in process.stdout:
            self.lines.append(line)

    def wait_for(self, true, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, "".join(self.lines[-40:])
            time.sleep(0.05)

    def end(self, number: int | None = None) -> int:
        """Send it a signal, if any, and return its exit status when it and all it started are gone."""
        assert self.process
        if number:
            self.process.send_signal(number)
        status = self.process.wait(60)
        self.wait_for(lambda: not processes_below(self.state), 30)
        self.reader.join()
        return status


@pytest.fixture(autouse=True)
def database() -> None:
    """No database of the tests: these have servers of their own, or say that they want it."""


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    state = unprivileged_account().state / f"trial-{uuid4().hex[:8]}"
    runner = Runner(state, tmp_path / "static")
    try:
        yield runner
    finally:
        if runner.process and runner.process.poll() is None:
            runner.process.kill()
            runner.process.wait()
            runner.wait_for(lambda: not processes_below(state), 30)
        shutil.rmtree(state, ignore_errors=True)
