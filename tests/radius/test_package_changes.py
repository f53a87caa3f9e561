"""Package changes of a line: planned, applied once, in force by the clock alone, kept by PostgreSQL."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core import clock
from ispbilling.core.clock import day_start, local_day, month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event
from radius.accounts import lines
from radius.bundles import granting
from radius.changes import changing, planning
from radius.changes.changing import Wanted
from radius.coa import comparing
from radius.coa.comparing import Comparison
from radius.history import supposing
from radius.models import ChangeSettings, DataAccount, Meter, NewCap, Package, PackageChange
from radius.policy.decision import decide
from radius.server.lines import Compiled
from radius.subscribers import find_accounts, read
from tests import builders
from tests.radius.subscribers import TERMS, subscriber

pytestmark = [pytest.mark.django_db, pytest.mark.feature("PKC-2")]
DAY = date(2026, 11, 20)
NOON: datetime = day_start(DAY) + timedelta(hours=12)
NEXT = date(2026, 12, 1)
GB = 10**9


@pytest.fixture
def slow() -> Package:
    return builders.package(title="10 Mb/s", service=builders.service(down_kbps=10_000))


@pytest.fixture
def fast() -> Package:
    return builders.package(title="20 Mb/s", service=builders.service(down_kbps=20_000), cap_octets=300 * GB)


@pytest.fixture
def line(alice: Customer, slow: Package) -> DataAccount:
    return builders.data_account(customer=alice, package=slow)


def plan(line: DataAccount, package: Package, on: date, now: datetime = NOON, **more: Any) -> PackageChange:
    return changing.schedule(Wanted(line, package, on, **more), now, actor=None)


def test_the_network_knows_it_by_the_clock_whether_or_not_a_sweep_ran(
    line: DataAccount, fast: Package
) -> None:
    plan(line, fast, NEXT)
    midnight = day_start(NEXT)

    def speed(at: datetime) -> int:
        return find_accounts([line.pk], at)[line.pk].terms.down_kbps

    assert [speed(midnight - timedelta(seconds=1)), speed(midnight)] == [10_000, 20_000]
    # What the RADIUS service compiled before midnight lapses then, and no session ends for it.
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        (stored,) = read(cursor, NOON, "account", [line.pk])
    compiled = Compiled(stored.facts)
    before, after = NOON.timestamp(), midnight.timestamp()
    compiled.compile(before)
    assert b"10M" in compiled.accept(before, "mikrotik")
    assert (compiled.until, compiled.ends) == (after, float("inf"))
    compiled.compile(after)
    assert b"20M" in compiled.accept(after, "mikrotik")
    # And so it is said of that time later.
    late = midnight + timedelta(days=3)
    assert changing.apply(PackageChange.objects.get(), late)
    then = supposing.line(line.pk, midnight, midnight)
    assert then is not None
    assert then.terms.package_id == fast.pk
    before_it = supposing.line(line.pk, NOON, NOON)
    assert before_it is not None
    assert before_it.at(NOON).terms.package_id == line.package_id


def test_a_new_package_opens_a_capped_line_by_the_clock_and_a_prepaid_one_never() -> None:
    midnight = day_start(NEXT)
    faster = replace(TERMS, package_id=2, down_kbps=50_000, cap="hard")
    capped = subscriber(cap="hard", exhausted=True, following=((midnight, faster),))
    assert [decide(capped, None, at).code for at in (NOON, midnight)] == ["CAPPED", ""]
    prepaid = replace(capped, prepaid=True)
    assert decide(prepaid, None, midnight).code == "PREPAID_EMPTY"


def test_a_live_session_is_told_at_midnight(line: DataAccount, fast: Package) -> None:
    router = builders.nas(kind="mikrotik")
    session = builders.session(data_account=line, nas=router, started_at=NOON)
    comparison = Comparison({router.pk: "mikrotik"})
    session.applied = comparison.settings(comparing.read([session.pk])[session.pk], NOON)[0]
    session.save(update_fields=["applied"])
    plan(line, fast, NEXT)

    def told(at: datetime) -> list[Any]:
        return [one for some in comparison.by_the_clock(at) for one in some]

    assert told(day_start(NEXT) - timedelta(seconds=1)) == []
    (found,) = told(day_start(NEXT))
    assert ("Mikrotik-Rate-Limit", "10M/20M") in found.pairs


def test_the_months_cap_follows_and_what_was_used_stays_used(line: DataAccount, fast: Package) -> None:
    now = clock.now()
    granting.ensure_monthly(line, local_day(now), now)
    assert Meter.objects.get(data_account=line).limit_monthly_octets == 100 * GB
    change = plan(line, fast, local_day(now), now)
    assert Meter.objects.get(data_account=line).limit_monthly_octets == 300 * GB
    changing.undo(change, now, actor=None)
    assert Meter.objects.get(data_account=line).limit_monthly_octets == 100 * GB
    ChangeSettings.objects.update(new_cap=NewCap.PRORATED)
    plan(line, fast, local_day(now), now)
    left = (month_of(local_day(now)).end - local_day(now)).days
    expected = 100 * GB + 200 * GB * left // month_of(local_day(now)).days
    assert abs(Meter.objects.get(data_account=line).limit_monthly_octets - expected) <= 1


@pytest.mark.parametrize(
    ("first", "changes", "prorated", "cap"),
    [
        (300, [(11, 600)], False, 600),
        (300, [(11, 600)], True, 100 + 400),
        (300, [(11, 600), (21, 300)], True, 100 + 200 + 100),
        (300, [(1, 600)], True, 600),
        (300, [(11, None)], True, None),
        (None, [(11, 600)], True, 600),
        (100, [(2, 100)], True, 100),
        (1, [(2, 1)], True, 1),
    ],
)
def test_a_cap_in_the_month_of_a_change(
    first: int | None, changes: list[tuple[int, int | None]], prorated: bool, cap: int | None
) -> None:
    days = [(date(2026, 11, day), octets) for day, octets in changes]
    assert planning.cap_of_month(month_of(date(2026, 11, 1)), first, days, prorated=prorated) == cap


def test_of_a_day_the_last_one_wins_and_the_same_form_makes_it_once(
    line: DataAccount, slow: Package, fast: Package
) -> None:
    first = plan(line, fast, NEXT, source="form:1")
    assert plan(line, fast, NEXT, source="form:1") == first
    faster = builders.package(title="50 Mb/s")
    second = plan(line, faster, NEXT)
    first.refresh_from_db()
    assert (first.state, second.state, second.from_package) == ("superseded", "scheduled", slow)
    with pytest.raises(DomainError, match="cancel the change of"):
        plan(line, slow, NEXT)
    with pytest.raises(DomainError, match="already; choose another"):
        plan(line, faster, NEXT)
    with pytest.raises(DomainError, match="sent before"):
        plan(line, faster, DAY, source="form:1")


def test_what_cannot_be_applied_when_its_day_comes_fails_and_says_why(
    line: DataAccount, fast: Package, slow: Package
) -> None:
    change = plan(line, fast, NEXT)
    gates.cancel(line.customer, date(2026, 11, 25), NOON, actor=None, reason="moves")
    midnight = day_start(NEXT)
    assert changing.apply(change, midnight)
    change.refresh_from_db()
    line.refresh_from_db()
    assert (change.state, change.reason, line.package) == (
        "failed", "The last day of service is 2026-11-25.", slow,
    )  # fmt: skip
    assert not changing.apply(change, midnight)
    assert Event.objects.filter(kind="package_change.failed").count() == 1


def test_who_may_not_have_another_package(line: DataAccount, fast: Package) -> None:
    with pytest.raises(DomainError, match="not offered"):
        plan(line, builders.package(active=False), DAY)
    with pytest.raises(DomainError, match="has passed"):
        plan(line, fast, DAY - timedelta(days=1))
    lines.end(line, date(2027, 1, 15), clock.now(), actor=None)
    with pytest.raises(DomainError, match="last day of service is 2027-01-15"):
        plan(line, fast, date(2027, 1, 16))
    gates.close(line.customer, GateKind.DELETED, NOON - timedelta(days=1), actor=None, reason="")
    with pytest.raises(DomainError, match="is deleted"):
        plan(line, fast, NEXT)
    assert not PackageChange.objects.exists()


def test_a_change_is_undone_from_the_last_and_not_past_another(line: DataAccount, fast: Package) -> None:
    first = plan(line, fast, DAY)
    second = plan(line, builders.package(title="50 Mb/s"), DAY + timedelta(days=1), NOON + timedelta(days=1))
    with pytest.raises(DomainError, match="undo that first"):
        changing.undo(first, NOON + timedelta(days=1), actor=None)
    for change in (second, first):
        changing.undo(change, NOON + timedelta(days=2), actor=None, reason="mistake")
    line.refresh_from_db()
    assert line.package.title == "10 Mb/s"
    with pytest.raises(DomainError, match="Undone|undone"):
        changing.undo(first, NOON + timedelta(days=2), actor=None)


def test_prices_of_its_own_are_given_and_given_back(line: DataAccount, fast: Package) -> None:
    line.custom_price = 550
    line.save(update_fields=["custom_price"])
    change = plan(line, fast, DAY, package_price=True, topup_price=7)
    line.refresh_from_db()
    assert (line.custom_price, line.custom_topup_price) == (None, 7)
    assert line.topup_price(5 * GB, fast.price) == 35
    changing.undo(change, NOON, actor=None)
    line.refresh_from_db()
    assert (line.custom_price, line.custom_topup_price) == (550, None)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"state": "gone"}, "radius_packagechange_"),
        ({"to_package": "from"}, "radius_packagechange_differs"),
        ({"state": "failed", "closed_at": NOON}, "radius_packagechange_reason"),
        ({"state": "applied"}, "radius_packagechange_instants"),
        ({"monthly_price": -1}, "radius_packagechange_prices"),
        ({"monthly_price": 1, "package_price": True}, "radius_packagechange_prices"),
    ],
)
def test_postgresql_refuses_what_no_change_is(
    line: DataAccount, fast: Package, values: dict[str, Any], constraint: str
) -> None:
    change = plan(line, fast, NEXT)
    if values.get("to_package"):
        values = {"to_package": line.package}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PackageChange.objects.filter(pk=change.pk).update(**values)


def test_postgresql_keeps_one_change_a_day_and_what_was_applied(line: DataAccount, fast: Package) -> None:
    change = plan(line, fast, DAY)
    change.pk, change.supersedes = None, None
    with pytest.raises(IntegrityError, match="one_a_day"), transaction.atomic():
        change.save(force_insert=True)
    with pytest.raises(IntegrityError, match="never edited"), transaction.atomic():
        PackageChange.objects.update(monthly_price=1)
