"""Switching a line to prepaid and back (2.10): its money, its data, its days."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing import sweeps
from billing.changes import acting
from billing.data_sales import switching
from billing.data_sales.models import DataSalesSettings, PrepaidSwitch, SwitchState, UnusedDays
from billing.data_sales.switching import Wanted
from billing.models import Balance, BillingSettings, Document, DocumentLine
from billing.recurring.models import ChangesBilled
from billing.recurring.unbilled import unbilled
from billing.runs import monthly, planning
from billing.runs.planning import Asked
from customers.accounts import gates
from ispbilling.core.clock import month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event
from ispbilling.core.units import GB
from radius.bundles import counting, granting, remaining
from radius.changes import changing
from radius.changes.changing import Wanted as Changed
from radius.models import DataAccount, UsageDay
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("DAT-5")]
NOW = datetime(2026, 11, 12, 10, 0, tzinfo=UTC)
TODAY = date(2026, 11, 12)


@pytest.fixture
def line() -> DataAccount:
    """R 600 a month for 100 GB, of which 30 GB are used; November is billed and paid."""
    made = builders.topup_line(customer=builders.customer(), package={"price": Decimal(600)})
    builders.recurring_line(customer=made.customer, data_account=made, description="Home")
    builders.recurring_line(customer=made.customer, price=Decimal(50), description="Static IP")
    issue(date(2026, 11, 1), date(2026, 11, 1))
    builders.payment(made.customer, "650.00", on=date(2026, 11, 2))
    granting.ensure_monthly(made, TODAY, NOW)
    use(made, 30 * GB, NOW)
    return made


def use(line: DataAccount, octets: int, at: datetime) -> None:
    day = at.date()
    UsageDay.objects.create(data_account=line, day=day, download_octets=octets, upload_octets=0, seconds=60)
    counting.count([line.pk], at, since=day)


def issue(month: date, day: date) -> Document:
    at = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    run = planning.plan(Asked(month_of(month), day), at, actor=None)
    monthly.approve(run, at, actor=None)
    sweeps.issue_runs(at).apply(at)
    return Document.objects.get(run=run)


def switch(
    line: DataAccount, *, to: bool = True, at: datetime = NOW, on: date | None = None, **kw: Any
) -> PrepaidSwitch:
    wanted = Wanted(line, to, on or at.date(), kw.pop("source", f"switch:{at}:{to}"))
    return switching.request(wanted, at, actor=None, **kw)


def balance(line: DataAccount) -> Decimal:
    return Balance.objects.get(customer=line.customer).amount


def left(line: DataAccount, at: datetime) -> int | None:
    return remaining.left(line, at)


def test_now_credits_the_days_and_keeps_the_data(line: DataAccount) -> None:
    """12 of 30 days were used: 18 of R 600 come back, and the static IP stays charged."""
    seen = switching.preview(line, TODAY, NOW)
    assert (seen.credited, seen.left_octets, seen.last_day) == (Decimal(360), 70 * GB, TODAY)
    done = switch(line)
    assert switch(line) == done  # the same form
    line.refresh_from_db()
    assert line.prepaid
    assert (done.state, done.credited, done.leftover.octets) == (SwitchState.APPLIED, Decimal(360), 70 * GB)
    assert done.leftover.expires_at == NOW + timedelta(days=30)
    assert balance(line) == -360
    again = Document.objects.filter(kind="invoice").order_by("-pk").first()
    assert sorted(again.lines.values_list("total", flat=True)) == [Decimal(50), Decimal(240)]
    assert "2026-11-01 to 2026-11-12, 12 of 30 days" in again.lines.get(total=240).description
    assert left(line, NOW) == 70 * GB
    assert not unbilled(month_of(TODAY), NOW).exists()
    assert [row.total for row in issue(date(2026, 12, 1), date(2026, 11, 25)).lines.all()] == [50]
    kinds = list(Event.objects.filter(kind__startswith="prepaid_switch").values_list("kind", flat=True))
    assert sorted(kinds) == ["prepaid_switch.applied", "prepaid_switch.scheduled"]


@pytest.mark.parametrize("at_once", [True, False])
def test_days_that_a_package_change_gave_back_are_not_given_back_again(
    line: DataAccount, at_once: bool
) -> None:
    """R 600 to R 900 on the 7th: R 240 more. From the 13th on 18 of 30 days at R 900 come back, and none at R 600."""
    if at_once:
        BillingSettings.objects.update(changes_billed=ChangesBilled.AT_ONCE)
    faster = builders.package(price=Decimal(900), topup_group=line.package.topup_group)
    day = NOW - timedelta(days=5)
    acting.make(Changed(line, faster, day.date()), day, actor=None)
    if not at_once:
        issue(date(2026, 12, 1), TODAY)  # R 240, and R 900 + R 50 of December
    assert switching.preview(line, TODAY, NOW).credited == (540 if at_once else 1440)
    switch(line, on_debt=True)
    assert balance(line) == 240 - 540 + (0 if at_once else 50)


def test_a_package_for_some_days_leaves_paper_that_can_be_taken_back(line: DataAccount) -> None:
    """R 900 from the 3rd to the 6th: R 40 more, on an invoice that gives back days of November's."""
    slower = line.package
    faster = builders.package(price=Decimal(900), topup_group=slower.topup_group)
    for package, day in ((faster, 3), (slower, 7)):
        acting.make(Changed(line, package, date(2026, 11, day)), NOW - timedelta(days=12 - day), actor=None)
    december = issue(date(2026, 12, 1), TODAY)
    assert balance(line) == 40 + 650
    switch(line, on_debt=True)
    assert balance(line) == 40 + 650 - 360 - 600
    assert december.corrections.exists()
    standing = DocumentLine.objects.filter(document__corrections=None, document__corrects=None)
    theirs = standing.filter(recurring_line__data_account=line).order_by("since", "pk")
    assert [(row.since.day, row.until.day, row.total) for row in theirs] == [
        (1, 13, 240), (3, 7, -80), (3, 7, 120),
    ]  # fmt: skip


def test_a_line_changes_its_package_or_becomes_prepaid_and_not_both(line: DataAccount) -> None:
    faster = builders.package(price=Decimal(900), topup_group=line.package.topup_group)
    change = changing.schedule(Changed(line, faster, date(2026, 12, 1)), NOW, actor=None)
    for on in (TODAY, date(2026, 12, 1)):
        with pytest.raises(DomainError, match="changes to Package .* on 2026-12-01; cancel that first"):
            switch(line, on=on)
    changing.cancel(change, NOW, actor=None)
    switch(line, on=date(2026, 12, 1))
    with pytest.raises(DomainError, match="becomes prepaid on 2026-12-01"):
        changing.restore(change, NOW, actor=None)
    changing.schedule(Changed(line, faster, date(2026, 11, 30)), NOW, actor=None)  # a day before it may


def test_forfeited_days_are_not_credited(line: DataAccount) -> None:
    DataSalesSettings.objects.update(unused_days=UnusedDays.FORFEITED)
    assert (switch(line).credited, balance(line)) == (0, 0)


def test_the_way_back_charges_from_that_day_and_counts_the_cap_again(line: DataAccount) -> None:
    switch(line)
    later = NOW + timedelta(days=8)
    use(line, 20 * GB, later)
    done = switch(line, to=False, at=later)
    line.refresh_from_db()
    assert (line.prepaid, done.state) == (False, SwitchState.APPLIED)
    assert (
        left(line, later) == 50 * GB
    )  # 100 GB less 30 as monthly and 20 as prepaid: nobody has a month twice
    bill = issue(date(2026, 12, 1), date(2026, 11, 25))
    assert sorted(bill.lines.values_list("total", flat=True)) == [Decimal(50), Decimal(220), Decimal(600)]
    assert "2026-11-20 to 2026-11-30: 11 of 30 days" in bill.lines.get(total=220).description


def test_there_and_back_on_one_day_costs_and_gives_nothing(line: DataAccount) -> None:
    switch(line)
    switch(line, to=False, at=NOW + timedelta(hours=1))
    assert left(line, NOW + timedelta(hours=1)) == 70 * GB
    bill = issue(date(2026, 12, 1), date(2026, 11, 25))
    assert sorted(bill.lines.values_list("total", flat=True)) == [Decimal(50), Decimal(360), Decimal(600)]


@pytest.mark.parametrize(("times", "november"), [(3, 240), (4, 600)])
def test_there_and_back_again_and_again_costs_no_day_more(
    line: DataAccount, times: int, november: int
) -> None:
    """Prepaid in the end: 12 of 30 days. Monthly in the end: all of them."""
    for n in range(times):
        switch(line, to=n % 2 == 0, at=NOW + timedelta(hours=n), on_debt=True)
    issue(date(2026, 12, 1), date(2026, 11, 25))
    standing = DocumentLine.objects.filter(document__corrections=None, document__corrects=None)
    rows = standing.filter(recurring_line__data_account=line, since__lt=date(2026, 12, 1))
    assert sum(row.total for row in rows) == november


def test_at_the_end_of_the_month_nothing_comes_back_and_the_sweep_switches(line: DataAccount) -> None:
    coming = switch(line, on=date(2026, 12, 1))
    assert (coming.state, coming.credited, balance(line)) == (SwitchState.SCHEDULED, 0, 0)
    with pytest.raises(DomainError, match="A switch is scheduled already"):
        switch(line, source="another")
    assert not sweeps.prepaid_switches(NOW).steps
    first = datetime(2026, 12, 1, 0, 1, tzinfo=UTC)
    granting.ensure_monthly(line, date(2026, 12, 1), first)  # the month was granted before the sweep came
    assert sweeps.prepaid_switches(first).apply(first).applied == 1
    assert sweeps.prepaid_switches(first).apply(first).applied == 0
    line.refresh_from_db()
    coming.refresh_from_db()
    assert (line.prepaid, coming.state, coming.leftover, left(line, first)) == (True, "applied", None, 0)
    assert [row.total for row in issue(date(2026, 12, 1), date(2026, 12, 2)).lines.all()] == [50]


def test_a_switch_of_a_line_that_ended_meanwhile_fails_with_its_reason(line: DataAccount) -> None:
    coming = switch(line, on=date(2026, 12, 1))
    DataAccount.objects.update(ends_on=date(2026, 11, 20))
    first = datetime(2026, 12, 1, 0, 1, tzinfo=UTC)
    assert sweeps.prepaid_switches(first).apply(first).applied == 1
    coming.refresh_from_db()
    assert (coming.state, coming.reason) == (SwitchState.FAILED, f"{line} ended on 2026-11-20.")
    assert not line.recurring_lines.exclude(ends_on=None).exists()  # should it be served again, it is charged


def test_what_is_to_come_can_be_cancelled(line: DataAccount) -> None:
    issue(date(2026, 12, 1), date(2026, 11, 10))
    coming = switch(line, on=date(2026, 12, 1), on_debt=True)
    assert coming.credited == 600  # December was billed ahead
    switching.cancel(coming, NOW, actor=None, reason="Stays")
    with pytest.raises(DomainError, match="It is cancelled already"):
        switching.cancel(coming, NOW, actor=None)
    assert balance(line) == 50
    bill = issue(date(2027, 1, 1), date(2026, 12, 25))
    assert sorted(bill.lines.values_list("total", flat=True)) == [Decimal(50), Decimal(600), Decimal(600)]


def test_who_owes_needs_somebody_who_may_decide(line: DataAccount) -> None:
    builders.adjustment(line.customer, "10.00", on=TODAY)
    with pytest.raises(DomainError, match=r"owes R 10.00; it is paid before the switch"):
        switch(line)
    assert not PrepaidSwitch.objects.exists()
    assert switch(line, on_debt=True).state == SwitchState.APPLIED


@pytest.mark.parametrize("wrong", ["twice", "cancelled", "past", "no group", "ended"])
def test_a_switch_that_cannot_be_is_refused_and_changes_nothing(line: DataAccount, wrong: str) -> None:
    on, sentence = TODAY, "is prepaid already"
    if wrong == "twice":
        switch(line)
    elif wrong == "cancelled":
        gates.cancel(line.customer, date(2026, 11, 11), NOW - timedelta(days=2), actor=None, reason="Moves")
        sentence = "is cancelled and is not served any more"
    elif wrong == "past":
        on, sentence = date(2026, 11, 11), "The day has passed"
    elif wrong == "no group":
        type(line.package).objects.update(topup_group=None)
        sentence = "has no top-ups to buy"
    else:
        DataAccount.objects.update(ends_on=date(2026, 11, 11))
        sentence = "ended on 2026-11-11"
    before = Document.objects.count()
    with pytest.raises(DomainError, match=sentence):
        switch(line, on=on, source="another")
    assert Document.objects.count() == before


@pytest.mark.parametrize("wrong", [{"state": "lost"}, {"closed_at": None}, {"credited": -1}])
def test_the_database_refuses_a_switch_that_contradicts_itself(line: DataAccount, wrong: dict) -> None:
    done = switch(line)
    with pytest.raises(IntegrityError, match="billing_prepaidswitch_"), transaction.atomic():
        PrepaidSwitch.objects.filter(pk=done.pk).update(**wrong)


def test_a_bundle_of_a_prepaid_line_is_warned_of_once_a_day_before(line: DataAccount) -> None:
    bundle = switch(line).leftover
    assert not sweeps.expiring_bundles(NOW).steps
    at = bundle.expires_at - timedelta(hours=23)
    assert [sweeps.expiring_bundles(at).apply(at).applied for _ in range(2)] == [1, 0]
    assert Event.objects.get(kind="bundle.expiring").data["left"] == 70 * GB
