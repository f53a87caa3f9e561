"""Usage becomes draws while accounting goes on, and a line that runs out is acted on, through the real sockets."""

import os
import signal
import time
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Sum

from ispbilling.core.clock import local_day, now
from ispbilling.core.units import GB
from radius.bundles import granting
from radius.bundles.models import BundleKind, Draw, Meter
from radius.models import CapKind, UsageDay
from tests import builders
from tests.radius.conftest import eventually, settled
from tests.radius.fake_nas import FakeNas
from tests.radius.packets import SECRET, access, accounting

pytestmark = pytest.mark.django_db(transaction=True)
ACCEPT, REJECT, RESPONSE, DISCONNECT, COA = 2, 3, 5, 40, 43
RATE = (14988, 8)  # Mikrotik-Rate-Limit
SLOW, FAST = b"1M/2M", b"10M/20M"


@pytest.fixture
def fake():
    with FakeNas(SECRET) as nas:
        yield nas


@pytest.fixture
def tower(db):
    """Another router of the same network."""
    with FakeNas(SECRET, address="127.0.0.2") as nas:
        builders.nas(secret=SECRET.decode(), coa_port=nas.port, address=nas.address)
        yield nas


def line(fake, **package):
    builders.nas(secret=SECRET.decode(), coa_port=fake.port)
    service = builders.service(down_kbps=20_000, up_kbps=10_000)
    return builders.data_account(
        # Each test has its own: for a moment workers may know a name as that of the last test's line.
        username=f"alice{time.monotonic_ns()}@isp.test",
        secret="wire-secret",
        package=builders.package(service=service, cap_octets=GB, simultaneous_use=0, **package),
    )


class Phone:
    """One of the devices behind a line: it logs in and says now and then what it moved."""

    def __init__(self, server, account, name: str, nas: FakeNas | None = None) -> None:
        self._server, self._username, self._name = server, account.username, name
        self._from = nas.address if nas else ""
        reply = server.ask(access(self._username), source=self._from)
        assert reply.code == ACCEPT
        self._class, self.speed = reply[25][0], reply[RATE][0]
        self._say("Start")

    def moved(self, octets: int, seconds: int = 300) -> None:
        self._say("Interim-Update", Acct_Session_Time=seconds, Acct_Output_Octets=octets)

    def _say(self, status: str, **values: int) -> None:
        packet = accounting(status, self._name, self._username, Class=self._class, **values)
        assert self._server.ask(packet, source=self._from).code == RESPONSE


def drawn() -> int:
    return Draw.objects.aggregate(octets=Sum("octets", default=0))["octets"]


@pytest.mark.feature("W-12")
def test_a_hard_cap_crossed_within_a_session_ends_every_session_and_survives_reconnect(server, fake, tower):
    account = line(fake)
    assert settled(lambda: server.ask(access(account.username)).code == ACCEPT)
    phones = [
        Phone(server, account, "s-1"),
        Phone(server, account, "s-2"),
        Phone(server, account, "s-3", tower),
    ]
    for phone in phones[1:]:
        phone.moved(GB // 2)
    assert eventually(lambda: fake.codes.count(DISCONNECT) == 2, 15), "once the second update came"
    assert {request[44] for request in fake.received} == {b"s-1", b"s-2"}
    assert eventually(lambda: tower.codes == [DISCONNECT], 5), "those of other routers as well"
    meter = Meter.objects.get()
    assert (meter.used_octets, meter.remaining_octets, meter.exhausted_since is None) == (GB, 0, False)
    assert settled(lambda: server.ask(access(account.username)).code == REJECT), "it is not let in again"
    granting.grant(account, BundleKind.TOPUP, GB, now(), source="sale:1")
    assert settled(lambda: server.ask(access(account.username)).code == ACCEPT), "a top-up opens it at once"


@pytest.mark.feature("W-12")
def test_a_soft_cap_slows_every_live_session_down_and_a_topup_restores_it(server, fake, tower):
    slow = builders.service(down_kbps=2000, up_kbps=1000)
    account = line(fake, cap_kind=CapKind.SOFT, service_once_capped=slow, add_overusage_on_topup=True)
    assert settled(lambda: server.ask(access(account.username)).code == ACCEPT)
    phones = [Phone(server, account, name) for name in ("s-1", "s-2")]
    tower.causes[COA] = 401
    Phone(server, account, "s-3", tower)
    assert all(FAST in phone.speed for phone in phones)
    for phone in phones:
        phone.moved(3 * GB // 4)
    assert eventually(lambda: fake.codes.count(COA) == 2, 15)
    assert all(SLOW in request for request in fake.octets)
    assert eventually(lambda: tower.codes == [COA, DISCONNECT], 15), "what cannot be changed logs in again"
    assert settled(lambda: SLOW in server.ask(access(account.username))[RATE][0]), "a new session is as slow"
    granting.grant(account, BundleKind.TOPUP, GB, now(), source="sale:1")
    assert eventually(lambda: fake.codes.count(COA) == 4, 15)
    assert all(FAST in request for request in fake.octets[2:])
    assert Meter.objects.get().remaining_octets == GB, (
        "over-usage was added to it: all that was bought is there"
    )


@pytest.mark.feature("W-12")
def test_a_killed_drawer_loses_no_octet(server, fake):
    account = line(fake)
    assert settled(lambda: server.ask(access(account.username)).code == ACCEPT)
    phone = Phone(server, account, "s-1")
    phone.moved(GB // 10)
    assert eventually(lambda: drawn() == GB // 10, 25)
    os.kill(drawer(server), signal.SIGKILL)
    phone.moved(GB // 5, 600)
    assert eventually(lambda: drawn() == GB // 5, 25)
    os.kill(drawer(server), signal.SIGKILL)
    UsageDay.objects.filter(day=local_day(now())).update(upload_octets=7)  # nobody was told
    assert eventually(lambda: drawn() == GB // 5 + 7, 25)


def drawer(server) -> int:
    """The process that holds a connection by that name."""

    def found() -> int | None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT client_port FROM pg_stat_activity WHERE application_name = 'radiusd draw'")
            rows = cursor.fetchall()
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        nice = [int(pid) for pid in children if os.getpriority(os.PRIO_PROCESS, int(pid)) > os.getpriority(
            os.PRIO_PROCESS, server.process.pid)]  # fmt: skip
        return nice[0] if rows and nice else None

    pid = eventually(found, 15)
    assert pid
    return pid
