"""What a network does on an ordinary day, for the RADIUS pages: routers, sessions, refused log-ins, trouble.

Sessions and packets go through the recorder, decisions are the policy's on the facts of the lines, so that each
replays to the same answer. Only what routers alone can tell, their counters and answers, is made up.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

from django.db import connection, transaction

from groups.models import HighSite
from ispbilling.core.clock import day_start, local_day
from ispbilling.core.units import GB, MB
from ispbilling.demo import content
from radius.accounts import lines
from radius.coa.asking import told
from radius.coa.models import CoaAttempt, CoaRequest, Kind
from radius.coa.reconcile import ASKED
from radius.models import DataAccount, Nas, Session
from radius.nas.models import NasPosture, Stranger
from radius.nas.secrets import generate_secret
from radius.policy import replies
from radius.policy.decision import decide, online_left
from radius.policy.subscriber import Login
from radius.quarantine.models import QuarantinedPacket
from radius.server.attempts import Attempt, write
from radius.speed import measuring
from radius.speed.measuring import Result, Ticket
from radius.subscribers import find
from radius.usage import closing
from radius.usage.recording import Recorder
from radius.usage.reports import Report
from radius.wire.attributes import encode
from radius.wire.coa import Answer
from radius.wire.requests import AccessRequest, AccountingRequest, Status
from radius.wire.usernames import Usernames

HOUR, MINUTE = 3600, 60
PORT = "ether2"


def nases(sites: Sequence[HighSite], now: datetime) -> list[Nas]:
    """The routers; only this machine can be one of them. The first takes what people try by hand."""
    mast, town = sites
    router = Nas.objects.create(
        name="Demonstration router",
        address="127.0.0.1",
        secret=content.SECRET,
        message_authenticator="observe",  # people ask with whatever they have at hand
        high_site=town,
        demonstration=True,
    )
    tower = Nas.objects.create(
        name=f"{mast.name} tower",
        address="127.0.0.2",
        kind="cisco",
        secret=generate_secret(),
        signed_since=now - timedelta(days=40),
        high_site=mast,
        demonstration=True,
    )
    return [router, tower]


@contextmanager
def recording() -> Iterator[Any]:
    """A connection of its own that commits each statement, as the RADIUS service has one."""
    connection.ensure_connection()
    wrapped = connection.get_new_connection(connection.get_connection_params())
    try:
        wrapped.autocommit = True
        yield wrapped
    finally:
        wrapped.close()


def usage(
    accounts: Sequence[DataAccount], routers: Sequence[Nas], start: date, now: datetime, rng: random.Random
) -> int:
    """One session a day per line, most of them online now, and a few with which something is wrong."""
    reports: list[Report] = []
    at = int(now.timestamp())
    for n, (account, who) in enumerate(zip(accounts, content.PEOPLE, strict=True)):
        nas, day = routers[(n + 1) % 2], start
        while day < local_day(now):
            began = int(day_start(day).timestamp()) + rng.randrange(5 * HOUR, 9 * HOUR)
            ends = began + rng.randrange(9 * HOUR, 14 * HOUR)
            octets = int(who.daily * GB * rng.uniform(0.4, 1.6))
            reports.append(_report(account, nas, began, ends, octets, rng, online=False))
            day += timedelta(days=1)
        if n % 3:  # two in three are online, whatever the hour
            began = at - rng.randrange(HOUR, 6 * HOUR)
            octets = int(who.daily * GB * (at - began) / (12 * HOUR))
            reports.append(_report(account, nas, began, at, octets, rng))
    reports += _odd_ones(accounts, routers, at, rng)
    with recording() as wrapped:
        recorder = Recorder(wrapped, Usernames())
        for chunk in range(0, len(reports), 250):
            recorder.record(reports[chunk : chunk + 250])
    with transaction.atomic():
        silent = Session.objects.open().filter(data_account=accounts[content.CLOSED_FOR_SILENCE])
        closing.close_over(silent.values_list("pk", flat=True), now)
    return Session.objects.filter(nas__in=routers).count()


def _odd_ones(
    accounts: Sequence[DataAccount], routers: Sequence[Nas], at: int, rng: random.Random
) -> list[Report]:
    """A line that is online twice, one that fell silent, one that was closed for it, and one that nobody knows."""
    router, tower = routers
    twice, silent, closed = (
        accounts[n] for n in (content.ONLINE_TWICE, content.SILENT, content.CLOSED_FOR_SILENCE)
    )
    stranger = _report(twice, router, at - 2 * HOUR, at, GB // 3, rng)
    return [
        _report(twice, tower, at - HOUR, at, GB, rng)._replace(calling="02:00:00:FF:00:02"),
        _report(silent, tower, at - 3 * HOUR, at - 12 * MINUTE, GB, rng),
        _report(closed, tower, at - 5 * HOUR, at - HOUR, GB, rng),
        stranger._replace(
            account_id=None, username="workshop", framed_ip="100.64.200.7", calling="02:00:00:FF:00:07"
        ),
    ]


def _device(account: DataAccount) -> str:
    return f"02:00:00:{account.pk >> 8 & 255:02X}:{account.pk & 255:02X}:01"


def _address(account: DataAccount) -> str:
    return f"100.64.{account.pk >> 8 & 255}.{account.pk & 255}"


def _report(
    account: DataAccount, nas: Nas, began: int, at: int, octets: int, rng: random.Random, online: bool = True
) -> Report:
    up = int(octets * rng.uniform(0.06, 0.2))
    return Report(
        key=f"{rng.getrandbits(128):032x}",
        nas_id=nas.pk,
        account_id=account.pk,
        username=account.username,
        session_id=f"8{rng.getrandbits(28):07x}",
        port=PORT,
        calling=_device(account),
        called="pppoe-demo",
        framed_ip=_address(account),
        began=began,
        at=at,
        after=began,
        stopped=None if online else at,
        seconds=at - began,
        upload=up,
        download=octets - up,
        cause="" if online else "User-Request",
    )


def trouble(accounts: Sequence[DataAccount], routers: Sequence[Nas], now: datetime) -> None:
    """Log-ins that were refused, what was sent to the routers, and what these counted."""
    locked, blocked = accounts[content.LOCKED], accounts[content.BLOCKED]
    lines.edit(locked, {"mac_lock": _device(locked)}, now - timedelta(days=20), actor=None)
    lines.block(blocked, now, actor=None, reason="Demonstration: moved to another line")
    with recording() as wrapped:
        write(wrapped, sorted(_attempts(accounts, routers, now), key=lambda one: one.at))
    _sent(accounts, routers, now)
    _quarantined(accounts, routers, now)
    _counted(routers, now)


def _attempts(accounts: Sequence[DataAccount], routers: Sequence[Nas], now: datetime) -> Iterator[Attempt]:
    """Each asks as many times as `content` says, some minutes apart, until shortly before now."""
    for n, asking in enumerate(content.ASKING):
        account = accounts[asking.who] if asking.who is not None else None
        username = asking.username or (account.username if account else "")
        nas = routers[0 if asking.who is None else (asking.who + 1) % 2]
        device = asking.device or (_device(account) if account else "")
        subscriber = find(username, now)
        login = Login(asking.right, device, nas.pk, nas.name, PORT, method=asking.method)
        request = AccessRequest(
            identifier=1, authenticator=b"", username=username.encode(), user_password=None, chap_password=None,
            challenge=None, mschap2_response=None, calling_station=device.encode(), called_station=b"pppoe-demo",
            nas_identifier=b"", nas_port=None, nas_port_id=PORT.encode(), proxy_state=b"", signed=True,
        )  # fmt: skip
        for turn in range(asking.times):
            at = now - timedelta(minutes=asking.minutes * turn, seconds=31 + 53 * n + 7 * turn)
            decision = decide(subscriber, login, at)
            if subscriber is None or not decision.accepted:
                answer = encode(replies.reject(decision.code))
            else:
                left = online_left(subscriber, at)
                seconds = replies.session_seconds(subscriber.terms.session_timeout, left)
                pairs = replies.attributes(subscriber, decision, nas.kind)
                answer = encode([*replies.marked(pairs), ("Session-Timeout", seconds)])
            yield Attempt(at, request, nas.pk, subscriber, login, decision, answer)


def _quarantined(accounts: Sequence[DataAccount], routers: Sequence[Nas], now: datetime) -> None:
    """Packets that were not counted; not by way of the recorder, which rightly cries out about them."""
    for n, (nas, who, reason, octets, seconds) in enumerate(
        (
            (routers[0], accounts[content.ONLINE_TWICE], "counters beyond an exbibyte", 1 << 62, HOUR),
            (routers[1], accounts[content.SILENT], "session of more than 400 days", 0, 4_000_000_000),
        )
    ):
        at = now - timedelta(hours=1 + 25 * n)
        packet = AccountingRequest(
            identifier=7, authenticator=b"", status=Status.INTERIM, session_id=f"8000004{n}", username=who.username,
            nas_ip=str(nas.address), nas_identifier="", nas_port=None, nas_port_id=PORT, framed_ip=_address(who),
            framed_ipv6_prefix=None, delegated_ipv6_prefix=None, calling_station=_device(who),
            called_station="pppoe-demo", session_time=seconds, input_octets=octets, output_octets=GB,
            input_packets=0, output_packets=0, terminate_cause=0, event_time=int(at.timestamp()), delay=0,
            proxy_state=b"",
        )  # fmt: skip
        said = {name: value for name, value in packet._asdict().items() if not isinstance(value, bytes)}
        QuarantinedPacket.objects.create(at=at, nas=nas, username=who.username, reason=reason, report=said)


def _sent(accounts: Sequence[DataAccount], routers: Sequence[Nas], now: datetime) -> None:
    """What was asked of the routers about sessions that run, and their answers."""
    named = {nas.pk: nas for nas in routers}
    for n, (who, kind, because, answer) in enumerate(content.SENT):
        session = Session.objects.open().filter(data_account=accounts[who]).order_by("pk").first()
        assert session is not None  # noqa: S101 - made above
        nas, at = named[session.nas_id or 0], now - timedelta(minutes=2 + 3 * n)
        outcome, detail = told(None if answer is None else Answer(answer == 0, answer or None), nas.name)
        CoaAttempt.objects.create(
            session=session, nas=nas, at=at, request=kind, because=because, outcome=outcome, detail=detail
        )
        if because == ASKED:
            CoaRequest.objects.create(
                session=session, kind=Kind(kind), asked_at=at, taken_at=at, answered_at=at, outcome=outcome,
                error_cause=answer or None, detail=detail,
            )  # fmt: skip


def _counted(routers: Sequence[Nas], now: datetime) -> None:
    """A week of counters of each router, and strangers."""
    router, tower = routers
    today = local_day(now)
    days = []
    for n in range(7):
        day, at = today - timedelta(days=n), now - timedelta(days=n, minutes=1)
        common = {"day": day, "access_at": at, "accounting_at": at, "class_asked": 1400, "class_echoed": 1400}
        days += [
            NasPosture(
                nas=router, access=96 + 5 * n, accounting=3100 - 40 * n, unsigned=12 + n, skew=1, worst_skew=2,
                drops={"authenticator": 3} if n == 2 else {}, unknown={"41482/3": 40}, **common,
            ),
            NasPosture(
                nas=tower, access=88 + 3 * n, accounting=2900 - 30 * n, duplicates=4, repeated=9 + n, skew=74,
                worst_skew=81, drops={"message_authenticator_missing": 2} if not n else {}, **common,
            ),
        ]  # fmt: skip
    NasPosture.objects.bulk_create(days)
    Stranger.objects.bulk_create(
        Stranger(
            address=str(ip_address(address)),
            packets=packets,
            first_at=now - timedelta(days=9, hours=hours),
            last_at=now - timedelta(hours=hours),
        )
        for address, packets, hours in content.STRANGERS
    )


def speed_tests(accounts: Sequence[DataAccount], now: datetime, rng: random.Random) -> None:
    """What some of them measured in the portal, one of them always far below what is sold."""
    for n, account in enumerate(accounts[:5]):
        service = account.package.service
        for weeks in range(3, 0, -1):
            share = rng.uniform(0.35, 0.55) if n == 1 else rng.uniform(0.85, 1.05)
            result = Result(
                Decimal(rng.randrange(80, 600)) / 10,
                20 * MB,
                int(20 * MB * 8 / (service.down_kbps * share)),
                4 * MB,
                int(4 * MB * 8 / (service.up_kbps * share)),
            )
            ticket = Ticket(uuid4(), account.customer_id, account.pk)
            at = now - timedelta(days=7 * weeks, minutes=rng.randrange(600))
            measuring.store(ticket, result, account.framed_ip or "", at, actor=None)
