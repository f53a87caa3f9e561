"""The load generator from Python: built at its first use, called with options, answering with a dictionary."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from ispbilling.runner.account import CHECKOUT

SOURCE = Path(__file__).with_name("loadgen.c")
BUILD = CHECKOUT / ".data" / "bench-build"


@cache
def program() -> Path:
    """The compiled load generator, built again when a source changed. SystemExit without a C compiler."""
    target = BUILD / "loadgen"
    newest = max(file.stat().st_mtime for file in (SOURCE, *SOURCE.parent.glob("*.h")))
    if target.exists() and target.stat().st_mtime >= newest:
        return target
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SystemExit("The load generator needs a C compiler (Debian: apt-get install gcc libc6-dev).")
    BUILD.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    subprocess.run([compiler, "-O2", "-o", unfinished, SOURCE, "-lm"], check=True)
    unfinished.rename(target)
    return target


def load(users: Path, mode: str, *flags: str, **options: Any) -> dict[str, Any]:
    """Run it to its end and return what it measured; `options` are its own, see the head of loadgen.c.

    The result's `pass` is False when a reply was lost or wrong.
    """
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    words += [f"--{flag}" for flag in flags]
    command = [str(program()), "--users", str(users), "--mode", mode, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"loadgen: {done.stderr.strip()}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result
