"""Our side: the product's own tables filled as if it had been in use for a month, and its RADIUS server started.

Rows go in by COPY, since a hundred thousand forms would measure the forms; secrets are encrypted as always.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from django.db import connection

from bench import cpu, population
from bench.asking import ACCEPT, Prober
from bench.measuring import SECRET
from bench.population import Line
from bench.tables import copy_rows, restart_numbering
from customers.models import Customer
from groups.models import CustomerGroup
from ispbilling.core import clock, secrets
from ispbilling.runner.account import CHECKOUT, Process
from ispbilling.runner.guarded import guarded
from radius.bundles import behind, settling
from radius.models import CapKind, DataAccount, Nas, Package, Service, Session, UsageDay

#: Nobody reaches it, and what everybody uses is drawn from it.
CAP = 10**15


def fill(people: list[Line], *, metered: bool = False) -> None:
    """Fill the migrated, empty database: NAS, packages, lines, and history of which a fifth is open. With `metered`
    every package has a cap, of which the drawer keeps account beside the accounting.
    """
    today = clock.local_day(clock.now())
    nas = Nas.objects.create(name="Bench", address="127.0.0.1", secret=SECRET)
    old = Nas.objects.create(name="Bench history", address="10.0.0.2", secret=SECRET)
    packages = [_package(number, CAP if metered else None) for number in range(population.PACKAGES)]
    group = CustomerGroup.objects.create(title="Bench")
    made = clock.now()
    customers = (
        {"id": one.number + 1, "code": f"BEN{one.number:07}", "name": f"Bench {one.number}", "group": group.pk,
         "id_number": b"", "created_at": made}
        for one in people
    )  # fmt: skip
    copy_rows(Customer, customers)
    accounts = (
        {"id": one.number + 1, "customer": one.number + 1, "username": one.username,
         "secret": secrets.encrypt(one.password.encode()), "package": packages[one.package].pk,
         "starts_on": today, "framed_ip": one.framed_ip, "created_at": made}
        for one in people
    )  # fmt: skip
    copy_rows(DataAccount, accounts)
    _fill_history(old)
    last = 0
    while metered and (some := settling.lines_after(last, 1000)):
        settling.settle(some, clock.now())
        last = some[-1]
    restart_numbering(Customer, DataAccount, Session, UsageDay)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")  # now, and not during a measurement
    assert nas.pk


def _package(number: int, cap: int | None) -> Package:
    up = population.up_mbps(number) * 1000
    service = Service.objects.create(
        code=f"bench-{number:02}", title=f"Bench {number:02}", down_kbps=5 * up, up_kbps=up
    )
    return Package.objects.create(
        title=f"Bench {number:02}",
        service=service,
        cap_kind=CapKind.HARD if cap else CapKind.UNCAPPED,
        cap_octets=cap,
        price=Decimal("399.00"),
        session_timeout=population.SESSION_TIMEOUT,
        interim_interval=population.INTERIM_INTERVAL,
        framed_pool=population.pool(number),
    )


def _fill_history(nas: Nas) -> None:
    """Each line's last session, a fifth of them open, from the device that its logins will come from."""
    start = clock.now() - timedelta(days=30)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO radius_session (
                key, incarnation, nas_id, data_account_id, username, acct_session_id, nas_port,
                calling_station_id, called_station_id, framed_ip, started_at, updated_at, stopped_at, seconds,
                upload_octets, download_octets, terminate_cause
            )
            SELECT md5('H' || id)::uuid, 1, %(nas)s, id, username, 'H' || id, 'ether1', upper(format(
                       '02:00:%%s:%%s:%%s:01', lpad(to_hex((id - 1) >> 16 & 255), 2, '0'),
                       lpad(to_hex((id - 1) >> 8 & 255), 2, '0'), lpad(to_hex((id - 1) & 255), 2, '0')
                   )), 'pppoe-bench', '10.1.1.1', began, began + interval '1 h',
                   CASE WHEN id %% 5 > 0 THEN began + interval '1 h' END, 3600, id * 1000, id * 10000,
                   CASE WHEN id %% 5 > 0 THEN 'User-Request' ELSE '' END
            FROM (
                SELECT id, username, %(start)s + id * interval '20 s' AS began FROM radius_dataaccount
            ) history
            """,
            {"nas": nas.pk, "start": start},
        )
        cursor.execute(
            """
            INSERT INTO radius_usageday (data_account_id, day, upload_octets, download_octets)
            SELECT data_account_id, started_at::date, upload_octets, download_octets FROM radius_session
            """
        )
        assert cursor.rowcount == DataAccount.objects.count()


@dataclass(frozen=True)
class Responder:
    """A started radiusd that answers; `ready_seconds` from starting the process until all its workers did, and
    the processor seconds they took for that.
    """

    process: Process
    log: Path
    ready_seconds: float
    ready_cpu: float


@contextmanager
def running(
    log: Path, line: Line, auth_port: int, acct_port: int, patience: float = 120, **settings: str
) -> Iterator[Responder]:
    """Run `manage.py radiusd` until the block ends; it answers `line` when this yields. `settings` are variables
    of its environment.
    """
    spool = log.with_suffix(
        ".spool"
    )  # one each, as on two machines; what another run left is not ours to record
    shutil.rmtree(spool, ignore_errors=True)
    ports = {"RADIUS_AUTH_PORT": str(auth_port), "RADIUS_ACCT_PORT": str(acct_port)}
    own = {"RADIUS_ADDRESS": "127.0.0.1", "RADIUS_SPOOL_DIR": str(spool)}
    environment = {**os.environ, **ports, **own, **settings}
    command = guarded(str(CHECKOUT / "manage.py"), "radiusd")
    started = time.monotonic()
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, log, patience)
        responder = Responder(process, log, time.monotonic() - started, cpu.seconds(process.pid))
        with Prober([auth_port], SECRET) as prober:
            if prober.until(line, ACCEPT) is None:
                raise SystemExit(f"radiusd does not accept {line.username}:\n{log.read_text()[-4000:]}")
        yield responder
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
    if process.returncode not in (0, -15, 143):
        raise SystemExit(f"radiusd ended with {process.returncode}:\n{log.read_text()[-2000:]}")


def _wait_until_ready(process: Process, log: Path, patience: float) -> None:
    end = time.monotonic() + patience
    while b"RADIUS answers on" not in log.read_bytes():
        if time.monotonic() > end or process.poll() is not None:
            raise SystemExit(f"radiusd did not start:\n{log.read_text()[-4000:]}")
        time.sleep(0.02)


def use_database(name: str) -> None:
    """Let Django, and what is started from now on, work in another database of the same server."""
    connection.close()
    connection.settings_dict["NAME"] = name
    os.environ["DATABASE_URL"] = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + name


def recorded(seed: int) -> tuple[int, int, int]:
    """Sessions of the load with that seed in our table, and the sums of their octets up and down."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(sum(upload_octets), 0), coalesce(sum(download_octets), 0)"
            " FROM radius_session WHERE acct_session_id LIKE %s",
            [f"S{seed}-%"],
        )
        sessions, up, down = cursor.fetchone()
    return int(sessions), int(up), int(down)


def daily_usage_adds_up() -> bool:
    """Whether the usage of days, which pages and charges read, holds exactly the octets of the sessions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT (sum(upload_octets), sum(download_octets)) FROM radius_usageday)"
            " = (SELECT (sum(upload_octets), sum(download_octets)) FROM radius_session)"
        )
        return bool(cursor.fetchone()[0])


def drawn(patience: float = 120) -> float | None:
    """Seconds until all that was recorded today is drawn from bundles; None when that takes longer than `patience`."""
    began, today = time.monotonic(), clock.local_day(clock.now())
    while behind.behind(today):
        if time.monotonic() > began + patience:
            return None
        time.sleep(0.5)
    return time.monotonic() - began
