"""The peer: a tuned FreeRADIUS 3 with rlm_sql_postgresql on loopback, in the same PostgreSQL server as the product.

Its configuration is in `freeradius/`; queries and schema are the stock ones of Debian's package. It gets a database
of its own, as many threads as connections, no logs and no delays. Traps avoided on its behalf: see README.md.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import connection as Connection

from bench import population
from bench.population import Line
from bench.sql import copy
from ispbilling.runner.account import Process

DATABASE = "peer"
THREADS = 8  # measured best of 4, 8, 16 and 32 on two cores
STOCK = Path("/etc/freeradius/3.0")
TEMPLATES = Path(__file__).with_name("freeradius")
PACKAGES = ("freeradius", "freeradius-postgresql", "freeradius-utils")
SQL = STOCK / "mods-config/sql/main/postgresql"
NEEDED = (SQL / "queries.conf", SQL / "schema.sql", Path("/usr/lib/freeradius/rlm_sql_postgresql.so"))


@dataclass(frozen=True)
class Peer:
    """A running FreeRADIUS."""

    process: Process
    auth_port: int
    acct_port: int
    version: str


def require_packages() -> None:
    """Install Debian's FreeRADIUS when it is missing and we are root; else SystemExit with what to type."""
    if _installed():
        return
    words = " ".join(PACKAGES)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {words} with apt ...", file=sys.stderr)
        _run("apt-get", "update", "-qq", check=False)
        _run("apt-get", "install", "-qq", "-y", "--no-install-recommends", *PACKAGES)
        if shutil.which("systemctl"):  # Debian starts what it installs; port 1812 is not ours to take
            _run("systemctl", "disable", "--now", "freeradius", check=False)
    if not _installed():
        raise SystemExit(
            f"The peer needs Debian's FreeRADIUS, readable for us. As root: apt-get install {words}"
        )


def _installed() -> bool:
    return bool(shutil.which("freeradius")) and all(os.access(path, os.R_OK) for path in NEEDED)


def _run(*command: str, check: bool = True) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, check=check, env=environment, stdout=sys.stderr, stdin=subprocess.DEVNULL)


def fill(connection: Connection, people: list[Line]) -> None:
    """Make the peer's tables in an empty database: the same users, replies and history as ours has."""
    with connection.cursor() as cursor:
        cursor.execute((SQL / "schema.sql").read_text())
        check = ((one.username, "Cleartext-Password", ":=", one.password) for one in people)
        copy(cursor, "radcheck", ("username", "attribute", "op", "value"), check)
        static = ((one.username, "Framed-IP-Address", ":=", one.framed_ip) for one in people if one.framed_ip)
        copy(cursor, "radreply", ("username", "attribute", "op", "value"), static)
        groups = ((one.username, _group(one.package, bool(one.framed_ip)), 1) for one in people)
        copy(cursor, "radusergroup", ("username", "groupname", "priority"), groups)
        copy(cursor, "radgroupreply", ("groupname", "attribute", "op", "value"), _group_replies())
        cursor.execute((TEMPLATES / "prefill.sql").read_text())
        cursor.execute("VACUUM ANALYZE")


def _group(package: int, static: bool) -> str:
    """A line with its own address gets no pool, as with us; so each package is two groups."""
    return f"plan{package:02}{'-static' if static else ''}"


def _group_replies() -> Iterator[tuple[str, str, str, str]]:
    for package in range(population.PACKAGES):
        up = population.up_mbps(package)
        for static in (False, True):
            replies = {
                "Service-Type": "Framed-User",
                "Framed-Protocol": "PPP",
                "Mikrotik-Rate-Limit": f"{up}M/{5 * up}M",
                "Acct-Interim-Interval": str(population.INTERIM_INTERVAL),
                "Session-Timeout": str(population.SESSION_TIMEOUT),
            }
            if not static:
                replies["Framed-Pool"] = population.pool(package)
            for attribute, value in replies.items():
                yield _group(package, static), attribute, ":=", value


@contextmanager
def running(
    folder: Path, where: dict[str, str], secret: str, auth_port: int, acct_port: int
) -> Iterator[Peer]:
    """Run FreeRADIUS with its files in `folder` until the block ends. `where` is PostgreSQL."""
    values = {**where, "folder": str(folder), "database": DATABASE, "secret": secret}
    values |= {"threads": str(THREADS), "auth_port": str(auth_port), "acct_port": str(acct_port)}
    _configure(folder, values)
    guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    log = folder / "log" / "start.log"
    with log.open("wb") as sink:
        command = [*guard, "freeradius", "-f", "-d", str(folder), "-n", "radiusd"]
        # A session of its own, as ours has: the kernel shares out processors by session before it does by process.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
        )
    try:
        _wait_until_ready(process, folder / "log" / "radius.log", log)
        yield Peer(process, auth_port, acct_port, _version())
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _configure(folder: Path, values: dict[str, str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("log", "run", "mods-config/sql/main"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(SQL, folder / "mods-config/sql/main/postgresql")
    shutil.copytree(STOCK / "policy.d", folder / "policy.d")
    shutil.copy(STOCK / "dictionary", folder)
    text = (TEMPLATES / "radiusd.conf").read_text()
    for name, value in values.items():
        text = text.replace(f"@{name.upper()}@", value)
    (folder / "radiusd.conf").write_text(text)
    for path in (folder, *folder.rglob("*")):  # FreeRADIUS refuses what others may write
        path.chmod(path.stat().st_mode & ~0o022)


def _wait_until_ready(process: Process, *logs: Path) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        if any(log.exists() and "Ready to process requests" in log.read_text() for log in logs):
            return
        time.sleep(0.1)
    words = "".join(log.read_text()[-2000:] for log in logs if log.exists())
    raise SystemExit(f"FreeRADIUS did not start:\n{words}")


def _version() -> str:
    answer = subprocess.run(["freeradius", "-v"], capture_output=True, text=True, check=False).stdout
    return answer.splitlines()[0].split("FreeRADIUS Version ")[-1].split(",")[0]


def recorded(connection: Connection, seed: int) -> tuple[int, int, int]:
    """Sessions of the load with that seed in the peer's table, and the sums of their octets in and out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(sum(acctinputoctets), 0), coalesce(sum(acctoutputoctets), 0)"
            " FROM radacct WHERE acctsessionid LIKE %s",
            (f"S{seed}-%",),
        )
        sessions, octets_in, octets_out = cursor.fetchone() or (0, 0, 0)
    return int(sessions), int(octets_in), int(octets_out)
