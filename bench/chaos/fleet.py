"""Processes that are killed with -9 and started again, as an operating system's supervisor does."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bench import cpu
from ispbilling.runner.account import CHECKOUT


def known_as(name: str) -> str:
    """What PostgreSQL's list of connections calls those of a process."""
    return f"chaos-{name}"


class Fleet:
    """Named processes, each in a group of its own. The command is asked for again at every start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._commands: dict[str, Callable[[], list[str]]] = {}
        self._parents: set[str] = set()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._orphans: list[int] = []
        self._ticks: dict[int, float] = {}
        self.starts = 0

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        self._commands.clear()
        for process in self._running.values():
            _end(process.pid)
            process.wait()
        for pid in self._orphans:
            _end(pid)

    def add(self, name: str, command: Callable[[], list[str]], *, parent: bool = False) -> None:
        """A process that works itself, or as a `parent` has children work."""
        self._commands[name] = command
        if parent:
            self._parents.add(name)

    def dismiss(self, name: str) -> None:
        """End one and do not start it again."""
        del self._commands[name]
        process = self._running.pop(name)
        _end(process.pid)
        process.wait()

    def revive(self) -> None:
        """Start whoever does not run."""
        for name, command in self._commands.items():
            process = self._running.get(name)
            if process is not None and process.poll() is None:
                continue
            with (self._folder / f"{name}.log").open("ab") as log:
                self._running[name] = subprocess.Popen(
                    [sys.executable, *command()],
                    cwd=CHECKOUT,
                    env={**os.environ, "PGAPPNAME": known_as(name)},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self.starts += 1

    def pool(self, name: str) -> list[int]:
        """Who works: the children of a parent, else the process itself."""
        process = self._running.get(name)
        if process is None:
            return []
        if name in self._parents:
            return [pid for pid in cpu.family(process.pid) if pid != process.pid]
        return [process.pid]

    def busy(self, *names: str) -> list[int]:
        """Those of the pools who used the processor since they were last asked about."""
        pids = [pid for name in names for pid in self.pool(name)]
        before, self._ticks = self._ticks, {pid: cpu.seconds(pid) for pid in pids}
        return [pid for pid, seconds in self._ticks.items() if seconds > before.get(pid, seconds)]

    def kill(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def kill_group(self, name: str) -> None:
        """One with all its children."""
        _end(self._running[name].pid)

    def kill_parent(self, name: str) -> None:
        """One without its children, who go on as orphans if they do not notice."""
        pid = self._running[name].pid
        self._orphans.append(pid)
        self.kill(pid)


def _end(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
