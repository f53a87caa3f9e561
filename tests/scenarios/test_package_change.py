"""The worked example of package changes (features 2.8): R 599 to R 899 on 11 November nets R 200.00, and changed back
the same day it nets nothing; what was billed before is credited and charged anew, once."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from billing import sweeps
from billing.changes import acting
from billing.documents.models import DocumentKind
from billing.models import Balance, BilledChange, BillingSettings, Document, RecurringLine
from billing.recurring.models import ChangesBilled
from billing.runs import monthly
from billing.runs.planning import Asked, plan
from customers.models import Customer
from ispbilling.core.clock import day_start, month_of
from ispbilling.core.errors import DomainError
from radius.changes import changing
from radius.changes.changing import Wanted
from radius.models import DataAccount, Package
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("PKC-2")]
DAY = date(2026, 11, 11)
NOON: datetime = day_start(DAY) + timedelta(hours=12)
D = Decimal


@pytest.fixture
def slow() -> Package:
    return builders.package(title="10 Mb/s", price=D("599.00"), cap_octets=100 * 10**9)


@pytest.fixture
def fast() -> Package:
    return builders.package(title="20 Mb/s", price=D("899.00"), cap_octets=200 * 10**9)


@pytest.fixture
def line(alice: Customer, slow: Package) -> DataAccount:
    """Alice's line, on the package since October, November billed in advance on 25 October."""
    account = builders.data_account(customer=alice, package=slow, starts_on=date(2026, 10, 1))
    builders.recurring_line(
        customer=alice, data_account=account, description="10 Mb/s", starts_on=date(2026, 11, 1)
    )
    bill(date(2026, 11, 1), date(2026, 10, 25))
    return account


def bill(month: date, on: date) -> Document | None:
    """The run of a month; Alice's invoice, if anything is due."""
    before = Document.objects.count()
    try:
        run = plan(Asked(month_of(month), on), day_start(on), actor=None)
    except DomainError:
        return None
    monthly.approve(run, day_start(on), actor=None)
    assert sweeps.issue_runs(day_start(on)).apply(day_start(on)).failed == []
    assert Document.objects.count() <= before + 1
    return Document.objects.filter(run=run).first()


def told(document: Document | None) -> list[tuple[str, Decimal]]:
    assert document is not None
    return [(line.description, line.total) for line in document.lines.order_by("pk")]


def test_what_is_dearer_from_the_eleventh_costs_200_more_with_the_next_run(
    line: DataAccount, fast: Package
) -> None:
    made = acting.make(Wanted(line, fast, DAY), NOON, actor=None)
    assert (made.change.state, made.money.documents) == ("applied", ())
    assert RecurringLine.objects.get().description == "20 Mb/s"
    assert told(bill(date(2026, 12, 1), date(2026, 11, 25))) == [
        ("20 Mb/s, December 2026", D("899.00")),
        ("20 Mb/s, November 2026, 2026-11-11 to 2026-11-30: 20 of 30 days", D("599.33")),
        (
            "10 Mb/s, November 2026, 2026-11-11 to 2026-11-30 before the change of package: 20 of 30 days back",
            D("-399.33"),
        ),
    ]
    # And that was it.
    assert told(bill(date(2027, 1, 1), date(2026, 12, 25))) == [("20 Mb/s, January 2027", D("899.00"))]
    assert set(BilledChange.objects.values_list("package_change", flat=True)) == {made.change.pk}


def test_changed_back_on_the_same_day_it_costs_nothing(
    line: DataAccount, slow: Package, fast: Package
) -> None:
    first = acting.make(Wanted(line, fast, DAY), NOON, actor=None).change
    second = acting.make(Wanted(line, slow, DAY), NOON + timedelta(hours=1), actor=None).change
    first.refresh_from_db()
    line.refresh_from_db()
    assert (first.state, second.state, line.package) == ("superseded", "applied", slow)
    assert told(bill(date(2026, 12, 1), date(2026, 11, 25))) == [("10 Mb/s, December 2026", D("599.00"))]


def test_the_last_of_a_day_wins_and_one_difference_is_billed(line: DataAccount, fast: Package) -> None:
    faster = builders.package(title="50 Mb/s", price=D("1199.00"))
    BillingSettings.objects.update(changes_billed=ChangesBilled.AT_ONCE)
    (first,) = acting.make(Wanted(line, fast, DAY), NOON, actor=None).money.documents
    assert (first.kind, first.total) == (DocumentKind.INVOICE, D("200.00"))
    (second,) = acting.make(Wanted(line, faster, DAY), NOON, actor=None).money.documents
    assert second.total == D("200.00")  # 300 x 20 / 30 more: together 400, as from 599 to 1199 at once
    assert sum(d.total for d in Document.objects.all()) == D("599.00") + D("400.00")
    assert told(bill(date(2026, 12, 1), date(2026, 11, 25))) == [("50 Mb/s, December 2026", D("1199.00"))]


def test_what_is_cheaper_at_once_is_put_right_by_credit_note_and_invoice(line: DataAccount) -> None:
    BillingSettings.objects.update(changes_billed=ChangesBilled.AT_ONCE)
    builders.recurring_line(customer=line.customer, price=D("50.00"), description="Static IP",
                            starts_on=date(2026, 11, 1), bill_from=date(2026, 11, 1))  # fmt: skip
    cheap = builders.package(title="5 Mb/s", price=D("299.00"))
    note, invoice = acting.make(Wanted(line, cheap, DAY), NOON, actor=None).money.documents
    assert (note.kind, note.total) == (DocumentKind.CREDIT_NOTE, D("-599.00"))
    assert told(invoice) == [
        ("10 Mb/s, November 2026: 2026-11-01 to 2026-11-10, 10 of 30 days", D("199.67")),
        ("5 Mb/s, November 2026, 2026-11-11 to 2026-11-30: 20 of 30 days", D("199.33")),
    ]
    assert told(bill(date(2026, 12, 1), date(2026, 11, 25)))[0] == ("5 Mb/s, December 2026", D("299.00"))


def test_a_change_that_is_planned_is_billed_ahead_and_a_late_sweep_changes_nothing(
    line: DataAccount, fast: Package
) -> None:
    acting.make(Wanted(line, fast, date(2026, 12, 11)), NOON, actor=None)
    assert told(bill(date(2026, 12, 1), date(2026, 11, 25))) == [
        ("10 Mb/s, December 2026, 2026-12-01 to 2026-12-10: 10 of 31 days", D("193.23")),
        ("20 Mb/s, December 2026, 2026-12-11 to 2026-12-31: 21 of 31 days", D("609.00")),
    ]
    late = day_start(date(2026, 12, 25))
    assert told(bill(date(2027, 1, 1), date(2026, 12, 25))) == [("20 Mb/s, January 2027", D("899.00"))]
    assert sweeps.package_changes(late).apply(late).applied == 1
    line.refresh_from_db()
    assert line.package == fast
    assert told(bill(date(2027, 2, 1), date(2027, 1, 25))) == [("20 Mb/s, February 2027", D("899.00"))]


def test_one_that_comes_before_a_planned_one_is_billed_for_the_days_between(
    line: DataAccount, fast: Package
) -> None:
    acting.make(Wanted(line, fast, date(2026, 12, 21)), NOON, actor=None)
    bill(date(2026, 12, 1), date(2026, 11, 25))
    slower = builders.package(title="5 Mb/s", price=D("299.00"))
    acting.make(Wanted(line, slower, date(2026, 12, 1)), day_start(date(2026, 12, 1)), actor=None)
    late = day_start(date(2026, 12, 25))
    assert (
        sweeps.package_changes(late).apply(late).applied == 1
    )  # the planned one: it found the slower package
    assert told(bill(date(2027, 1, 1), date(2026, 12, 25)))[1:] == [
        ("5 Mb/s, December 2026, 2026-12-01 to 2026-12-20: 20 of 31 days", D("192.90")),
        (
            "10 Mb/s, December 2026, 2026-12-01 to 2026-12-20 before the change of package: 20 of 20 days back",
            D("-386.45"),
        ),
    ]


def test_what_only_gives_back_waits_for_something_to_pay(line: DataAccount) -> None:
    bill(date(2026, 12, 1), DAY)
    cheap = builders.package(title="5 Mb/s", price=D("299.00"))
    acting.make(Wanted(line, cheap, DAY), NOON, actor=None)
    assert bill(date(2026, 12, 1), date(2026, 11, 25)) is None  # days of two months, and nothing else is due
    assert [one[1] for one in told(bill(date(2027, 1, 1), date(2026, 12, 25)))] == [
        D("299.00"), D("199.33"), D("96.45"), D("-399.33"), D("-193.23"),
    ]  # fmt: skip


def test_what_was_billed_before_it_was_planned_is_billed_by_the_sweep_on_its_day(
    line: DataAccount, fast: Package
) -> None:
    BillingSettings.objects.update(changes_billed=ChangesBilled.AT_ONCE)
    day = date(2026, 11, 21)
    assert acting.make(Wanted(line, fast, day), NOON, actor=None).money.documents == ()
    midnight = day_start(day)
    for _ in range(2):
        assert sweeps.package_changes(midnight).apply(midnight).failed == []
    assert [document.total for document in Document.objects.order_by("pk")] == [D("599.00"), D("100.00")]
    assert bill(date(2026, 11, 1), day) is None


@pytest.mark.parametrize("take_back", [acting.cancel, acting.undo])
def test_what_is_taken_back_comes_back(
    line: DataAccount, fast: Package, take_back: Callable[..., acting.Made]
) -> None:
    day = date(2026, 12, 1)
    change = acting.make(Wanted(line, fast, day), NOON, actor=None).change
    assert told(bill(day, date(2026, 11, 25))) == [("20 Mb/s, December 2026", D("899.00"))]
    at = day_start(date(2026, 11, 26)) if take_back is acting.cancel else day_start(date(2026, 12, 3))
    sweeps.package_changes(at).apply(at)
    change.refresh_from_db()
    take_back(change, at, actor=None)
    assert told(bill(date(2027, 1, 1), date(2026, 12, 25))) == [
        ("10 Mb/s, January 2027", D("599.00")),
        ("10 Mb/s, December 2026", D("599.00")),
        ("20 Mb/s, December 2026, 2026-12-01 to 2026-12-31 before the change of package: 31 of 31 days back",
         D("-899.00")),
    ]  # fmt: skip
    line.refresh_from_db()
    assert line.package.title == "10 Mb/s"


def test_a_backdated_change_puts_right_every_invoice_it_makes_wrong(line: DataAccount, fast: Package) -> None:
    december = bill(date(2026, 12, 1), date(2026, 11, 25))
    now = day_start(date(2026, 12, 5))
    made = acting.make(Wanted(line, fast, DAY), now, actor=None, backdate=True)
    assert [(d.kind, d.total) for d in made.money.documents] == [
        ("credit_note", D("-599.00")), ("invoice", D("799.00")),
        ("credit_note", D("-599.00")), ("invoice", D("899.00")),
    ]  # fmt: skip
    assert made.money.documents[2].corrects == december
    assert told(bill(date(2027, 1, 1), date(2026, 12, 25))) == [("20 Mb/s, January 2027", D("899.00"))]


def test_what_turns_out_to_be_free_is_credited_and_no_invoice_comes_in_its_place(line: DataAccount) -> None:
    free = builders.package(title="Staff", price=D(0))
    made = acting.make(Wanted(line, free, date(2026, 11, 1)), NOON, actor=None, backdate=True)
    assert [(d.kind, d.total) for d in made.money.documents] == [("credit_note", D("-599.00"))]
    assert Balance.objects.get().amount == 0
    assert bill(date(2026, 11, 1), date(2026, 11, 25)) is None
    assert bill(date(2026, 12, 1), date(2026, 11, 25)) is None


def test_a_price_that_is_merely_raised_is_not_billed_a_second_time(line: DataAccount, fast: Package) -> None:
    acting.make(Wanted(line, fast, DAY), NOON, actor=None)
    bill(date(2026, 12, 1), date(2026, 11, 25))
    Package.objects.filter(pk=fast.pk).update(price=D("950.00"))
    assert told(bill(date(2027, 1, 1), date(2026, 12, 25))) == [("20 Mb/s, January 2027", D("950.00"))]


def test_a_price_of_its_own_comes_and_goes_with_a_change(
    line: DataAccount, fast: Package, slow: Package
) -> None:
    changing.schedule(Wanted(line, fast, date(2026, 12, 1), monthly_price=D("850.00")), NOON, actor=None)
    assert told(bill(date(2026, 12, 1), date(2026, 11, 25))) == [("20 Mb/s, December 2026", D("850.00"))]
    changing.schedule(Wanted(line, slow, date(2027, 1, 1)), NOON, actor=None)
    faster = builders.package(title="50 Mb/s", price=D("1199.00"))
    changing.schedule(Wanted(line, faster, date(2027, 2, 1), package_price=True), NOON, actor=None)
    assert told(bill(date(2027, 1, 1), date(2026, 12, 25))) == [("10 Mb/s, January 2027", D("850.00"))]
    assert told(bill(date(2027, 2, 1), date(2027, 1, 25))) == [("50 Mb/s, February 2027", D("1199.00"))]
