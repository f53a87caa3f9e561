"""What the embedded servers have in common: a log, a wait for readiness, a stop."""

import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ispbilling.runner.account import Account, Process, StartError

# A unix socket path holds 107 bytes; this leaves room for ".s.PGSQL.5432" and "valkey.sock".
LONGEST_SOCKET_FOLDER = 80


@dataclass
class Server:
    """A started server. `name` is what people call it; `url` is where the product finds it."""

    name: str
    process: Process
    log: Path
    stop_signal: signal.Signals
    url: str

    def wait_until(self, ready: Callable[[], bool], seconds: float = 60) -> None:
        """Return when `ready()`; StartError with the end of the log when it dies or takes too long."""
        end = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None or time.monotonic() > end:
                raise StartError(f"{self.name} did not start:\n{self.last_words()}")
            time.sleep(0.03)

    def last_words(self) -> str:
        """The end of the server's log."""
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """Ask it to end, insist after 30 seconds, and return when it is gone."""
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def socket_folder(account: Account, state: Path) -> Path:
    """A folder for the sockets of the instance in `state` that only `account` can enter."""
    folder = state / "run"
    if len(str(folder).encode()) > LONGEST_SOCKET_FOLDER:
        folder = Path(tempfile.gettempdir()) / f"ispbilling-{sha256(str(state).encode()).hexdigest()[:12]}"
    return account.folder(folder)
