"""Starting processes of ours that never outlive the runner."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys

from ispbilling.runner.account import LINUX, Process

PR_SET_PDEATHSIG = 1


def guarded(*arguments: str) -> list[str]:
    """The command `python ARGUMENTS` that the kernel ends (SIGTERM) when its parent dies, on Linux."""
    guard = ["setpriv", "--pdeathsig", "TERM"] if LINUX and shutil.which("setpriv") else []
    return [*guard, sys.executable, *arguments]


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, on Linux."""
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def finish(*arguments: str) -> int:
    """Run `python ARGUMENTS` in the foreground to its end and return its exit status.

    Ctrl-C is for the command alone (a shell, a migration); SIGTERM is passed on to it.
    """
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process: Process | None = None

    def pass_on(number: int, frame: object) -> None:
        if process:
            process.send_signal(number)

    # A handler, not SIG_IGN: that would be inherited by the command.
    previous = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda number, frame: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, pass_on),
    }
    try:
        process = subprocess.Popen(guarded(*arguments), env=environment)
        return process.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
