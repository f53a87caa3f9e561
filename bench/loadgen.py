"""The C programs from Python: built at their first use, started with options, answering with a dictionary."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from ispbilling.runner.account import CHECKOUT

FOLDER = Path(__file__).parent
BUILD = CHECKOUT / ".data" / "bench-build"


class Load:
    """A started program; its options are its own, see the head of its source."""

    def __init__(self, name: str, *flags: str, **options: Any) -> None:
        words = [word for option, value in options.items() for word in (_option(option), str(value))]
        command = [str(program(name)), *words, *map(_option, flags)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def started(self) -> "Load":
        """Return when its clock runs: what it sends is made beforehand."""
        assert self._process.stderr
        self._process.stderr.readline()
        return self

    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def result(self) -> dict[str, Any]:
        """Wait for its end and return what it measured. RuntimeError when it could not work."""
        out, err = self._process.communicate()
        if self._process.returncode not in (0, 1):
            raise RuntimeError(f"{self._process.args}: {err.strip()}")
        result: dict[str, Any] = json.loads(out)
        return result


@cache
def program(name: str = "loadgen") -> Path:
    """The compiled program, built again when a source changed. SystemExit without a C compiler."""
    target, source = BUILD / name, FOLDER / f"{name}.c"
    newest = max(file.stat().st_mtime for file in (source, *FOLDER.glob("*.h")))
    if target.exists() and target.stat().st_mtime >= newest:
        return target
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SystemExit("The load generator needs a C compiler (Debian: apt-get install gcc libc6-dev).")
    BUILD.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    subprocess.run([compiler, "-O2", "-o", unfinished, source, "-lm"], check=True)
    unfinished.rename(target)
    return target


def start(users: Path, mode: str, *flags: str, **options: Any) -> Load:
    """Start the load generator."""
    return Load("loadgen", *flags, users=users, mode=mode, **options)


def load(users: Path, mode: str, *flags: str, **options: Any) -> dict[str, Any]:
    """Run it to its end and return what it measured; `pass` is False when a reply was lost or wrong."""
    return start(users, mode, *flags, **options).result()


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
