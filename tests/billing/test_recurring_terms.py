"""Products, periods, advance and arrears, what is caught up and what is given back: month after month of runs."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing import sweeps
from billing.documents import credit
from billing.documents.verification import findings
from billing.models import (
    Account,
    Balance,
    BilledPeriod,
    BillingSettings,
    Document,
    DocumentLine,
    Product,
    RecurringLine,
    Run,
    RunException,
)
from billing.recurring import lines
from billing.runs import monthly, undoing
from billing.runs.planning import Asked, plan
from customers.models import Customer
from ispbilling.core.clock import add_months, day_start, month_of
from ispbilling.core.errors import DomainError
from tests import builders

pytestmark = pytest.mark.django_db
NOVEMBER = date(2026, 11, 1)
END = date(2027, 2, 1)
ON = date(2026, 11, 20)


def run(month: date) -> Run:
    """The run of a month, issued on its first day."""
    now = day_start(month)
    made = plan(Asked(month_of(month), month), now, actor=None)
    monthly.approve(made, now, actor=None)
    assert sweeps.issue_runs(now).apply(now).failed == []
    made.refresh_from_db()
    assert all(holds for _, holds in made.certificate["checks"])
    return made


def charged(customer: Customer | None = None) -> list[tuple[str, Decimal]]:
    """What was charged so far: (the days, the amount)."""
    rows = DocumentLine.objects.filter(document__corrects=None).order_by("pk")
    if customer is not None:
        rows = rows.filter(document__customer=customer)
    return [(f"{row.since} {row.until - timedelta(days=1)}", row.total) for row in rows]


def nothing(month: date) -> None:
    with pytest.raises(DomainError, match="Nothing is due"):
        run(month)


def line(**kwargs: Any) -> RecurringLine:
    made = builders.recurring_line(**{"price": Decimal(300), "starts_on": NOVEMBER, **kwargs})
    made.refresh_from_db()
    return made


@pytest.mark.parametrize(
    ("frequency", "due_in"), [(1, [0, 1, 2, 3, 4, 5, 6]), (3, [0, 3, 6]), (6, [0, 6]), (12, [0, 12])]
)
def test_a_line_is_charged_every_so_many_months(alice: Customer, frequency: int, due_in: list[int]) -> None:
    line(customer=alice, frequency=frequency)
    for ahead in range(max(due_in) + 1):
        month = add_months(NOVEMBER, ahead)
        if ahead in due_in:
            run(month)
        else:
            nothing(month)
        nothing(month)
    assert [amount for _, amount in charged()] == [Decimal(300)] * len(due_in)
    assert BilledPeriod.objects.count() == len(due_in) * frequency
    assert list(findings()) == []


def test_a_year_that_begins_within_a_month_is_charged_by_the_day(alice: Customer) -> None:
    line(customer=alice, frequency=12, price=Decimal(365), starts_on=date(2026, 11, 16))
    run(NOVEMBER)
    ((days, amount),) = charged()
    assert (days, amount) == ("2026-11-16 2027-10-31", Decimal("350.00"))
    assert "November 2026 to October 2027" in DocumentLine.objects.get().description


def test_arrears_are_charged_when_the_period_is_over(alice: Customer) -> None:
    made = line(customer=alice, timing="arrears", starts_on=date(2026, 11, 16))
    nothing(NOVEMBER)
    run(date(2026, 12, 1))
    lines.end(made, date(2026, 12, 10), ON, actor=None)
    run(date(2027, 1, 1))
    nothing(date(2027, 2, 1))
    assert charged() == [("2026-11-16 2026-11-30", Decimal(150)), ("2026-12-01 2026-12-10", Decimal("96.77"))]


@pytest.mark.parametrize(("before", "after"), [("advance", "arrears"), ("arrears", "advance")])
def test_a_change_of_timing_loses_no_month_and_doubles_none(alice: Customer, before: str, after: str) -> None:
    made = line(customer=alice, timing=before, starts_on=date(2026, 10, 1))
    run(NOVEMBER)
    lines.change(made, {"timing": after}, ON, actor=None)
    for month in (date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1)):
        try:
            run(month)
        except DomainError:
            continue
    days = [day for pair, _ in charged() for day in pair.split()]
    assert len(days) == len(set(days))
    assert {amount for _, amount in charged()} == {Decimal(300)}
    assert [first for first, *_ in (pair.split() for pair, _ in charged())] == [
        str(add_months(date(2026, 11 if before == "advance" else 10, 1), n)) for n in range(len(charged()))
    ]
    assert max(days) >= "2027-01-31"


@pytest.mark.parametrize(
    ("proration", "expected"), [("day", Decimal(150)), ("full", Decimal(300)), ("none", None)]
)
def test_a_part_of_a_period_costs_what_the_line_says(
    alice: Customer, proration: str, expected: Decimal | None
) -> None:
    line(customer=alice, proration=proration, starts_on=date(2026, 11, 16))
    if expected is None:
        nothing(NOVEMBER)
    else:
        run(NOVEMBER)
        assert [amount for _, amount in charged()] == [expected]
    run(date(2026, 12, 1))
    assert charged()[-1] == ("2026-12-01 2026-12-31", Decimal(300))


def test_a_reopened_line_loses_no_day(alice: Customer) -> None:
    made = line(customer=alice, ends_on=date(2026, 11, 10))
    run(NOVEMBER)
    lines.reopen(made, date(2026, 11, 11), ON, actor=None)
    run(date(2026, 12, 1))
    assert charged() == [
        ("2026-11-01 2026-11-10", Decimal(100)),
        ("2026-11-11 2026-11-30", Decimal(200)),
        ("2026-12-01 2026-12-31", Decimal(300)),
    ]
    nothing(date(2026, 12, 1))
    nothing(NOVEMBER)


def test_a_line_reopened_before_it_was_billed_is_charged_whole(alice: Customer) -> None:
    made = line(customer=alice, ends_on=date(2026, 11, 10))
    lines.reopen(made, date(2026, 11, 11), ON, actor=None)
    run(NOVEMBER)
    assert charged() == [("2026-11-01 2026-11-30", Decimal(300))]


def test_a_line_reopened_with_a_gap_leaves_the_gap_free(alice: Customer) -> None:
    made = line(customer=alice, ends_on=date(2026, 11, 10))
    run(NOVEMBER)
    again = lines.reopen(made, date(2026, 11, 21), ON, actor=None)
    assert again.pk != made.pk
    run(date(2026, 12, 1))
    assert charged()[1:] == [("2026-11-21 2026-11-30", Decimal(100)), ("2026-12-01 2026-12-31", Decimal(300))]
    with pytest.raises(DomainError, match="open"):
        lines.reopen(again, date(2027, 1, 1), ON, actor=None)
    with pytest.raises(DomainError, match="charged up to"):
        lines.reopen(made, date(2026, 11, 5), ON, actor=None)


def test_a_line_added_after_the_run_of_its_month_is_caught_up_with_the_next(
    alice: Customer, bob: Customer
) -> None:
    line(customer=bob)
    run(NOVEMBER)
    lines.add(RecurringLine(customer=alice, description="Fibre", price=Decimal(300), starts_on=date(2026, 11, 16)),
              ON, actor=None)  # fmt: skip
    lines.add(RecurringLine(customer=alice, description="Old", price=Decimal(10), starts_on=date(2020, 1, 1)),
              ON, actor=None)  # fmt: skip
    run(date(2026, 12, 1))
    assert charged(alice) == [
        ("2026-11-16 2026-11-30", Decimal(150)),
        ("2026-12-01 2026-12-31", Decimal(300)),
        ("2026-11-01 2026-11-30", Decimal(10)),
        ("2026-12-01 2026-12-31", Decimal(10)),
    ]


def test_a_month_that_was_credited_is_billed_again_by_its_own_run_only(alice: Customer) -> None:
    made = line(customer=alice, bill_from=NOVEMBER)
    run(NOVEMBER)
    invoice = Document.objects.get()
    credit.credit(invoice, NOVEMBER, day_start(NOVEMBER), actor=None, reason="goodwill")
    run(date(2026, 12, 1))
    assert charged()[1:] == [("2026-12-01 2026-12-31", Decimal(300))]
    run(NOVEMBER)
    assert BilledPeriod.objects.filter(recurring_line=made, period=NOVEMBER).count() == 2


def test_what_an_undone_run_caught_up_is_caught_up_again(alice: Customer) -> None:
    made = line(customer=alice, ends_on=date(2026, 11, 10))
    run(NOVEMBER)
    lines.reopen(made, date(2026, 11, 11), ON, actor=None)
    december = run(date(2026, 12, 1))
    before = charged()
    now: datetime = day_start(date(2026, 12, 1))
    undoing.request(december, now, actor=None, reason="wrong")
    assert sweeps.issue_runs(now).apply(now).failed == []
    run(date(2026, 12, 1))
    assert charged()[3:] == before[1:]
    assert Balance.objects.get(customer=alice).amount == Decimal(600)
    assert list(findings()) == []


def test_a_mid_month_upgrade_charges_the_difference_to_the_day(alice: Customer) -> None:
    made = line(customer=alice)
    run(NOVEMBER)
    faster = lines.replace(made, date(2026, 11, 16), {"price": Decimal(600)}, ON, actor=None)
    run(date(2026, 12, 1))
    assert charged()[1:] == [
        ("2026-11-16 2026-11-30", Decimal(300)),
        ("2026-12-01 2026-12-31", Decimal(600)),
        ("2026-11-16 2026-11-30", Decimal(-150)),
    ]
    made.refresh_from_db()
    assert (made.ends_on, faster.starts_on) == (date(2026, 11, 15), date(2026, 11, 16))
    run(date(2027, 1, 1))
    assert len(charged()) == 5
    assert list(findings()) == []


@pytest.mark.feature("W-6")
def test_a_change_taken_back_on_the_same_day_costs_nothing(alice: Customer) -> None:
    made = line(customer=alice)
    run(NOVEMBER)
    faster = lines.replace(made, date(2026, 11, 16), {"price": Decimal(600)}, ON, actor=None)
    lines.replace(faster, date(2026, 11, 16), {"price": Decimal(300)}, ON, actor=None)
    run(date(2026, 12, 1))
    assert Document.objects.latest("pk").total == Decimal(300)
    assert sum(amount for _, amount in charged()[1:]) == Decimal(300)


def test_no_more_comes_off_than_leaves_something_to_pay(alice: Customer, bob: Customer) -> None:
    yearly = line(customer=alice, frequency=12, price=Decimal(3650))
    gone = line(customer=bob)
    line(customer=alice, price=Decimal(100))
    run(NOVEMBER)
    for ended in (yearly, gone):
        lines.end(ended, date(2026, 11, 30), ON, credit_unused=True, actor=None)
    lines.end(gone, date(2026, 11, 15), ON, credit_unused=True, actor=None)
    december = run(date(2026, 12, 1))
    assert "R 150.00 would be given back" in RunException.objects.get(run=december, customer=bob).reason
    first = Document.objects.filter(customer=alice).latest("pk")
    assert first.total == Decimal(10)
    run(date(2027, 1, 1))
    given_back = [amount for _, amount in charged(alice) if amount < 0]
    assert given_back == [Decimal(-90), Decimal(-90)]
    assert list(findings()) == []


def test_an_invoice_is_not_taken_back_while_a_later_one_credits_days_of_it(alice: Customer) -> None:
    made = line(customer=alice)
    november = run(NOVEMBER)
    lines.replace(made, date(2026, 11, 16), {"price": Decimal(600)}, ON, actor=None)
    december = run(date(2026, 12, 1))
    first, second = Document.objects.order_by("pk")
    now = day_start(date(2026, 12, 1))
    with pytest.raises(DomainError, match=f"credit {second.reference} first"):
        credit.credit(first, date(2026, 12, 1), now, actor=None, reason="wrong")
    with pytest.raises(DomainError, match=second.reference):
        undoing.request(november, now, actor=None, reason="wrong")
    undoing.request(december, now, actor=None, reason="wrong")
    sweeps.issue_runs(now).apply(now)
    credit.credit(first, date(2026, 12, 1), now, actor=None, reason="wrong")
    assert Balance.objects.get(customer=alice).amount == 0


def insert(of: RecurringLine, document: Document, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_billedperiod (recurring_line_id, document_id, period, generation, since, until,"
            " credit) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [of.pk, document.pk, *values],
        )


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ((NOVEMBER, 1, date(2026, 11, 10), date(2026, 11, 12), False), "billed for 2026-11-01 already"),
        ((NOVEMBER, 2, date(2026, 11, 11), date(2026, 11, 12), False), "billed for 2026-11-01 already"),
        ((NOVEMBER, 1, date(2026, 11, 10), date(2026, 11, 12), True), "billed for 2026-11-01 already"),
        ((NOVEMBER, 0, date(2026, 11, 11), date(2026, 11, 12), False), "pkey"),
        ((NOVEMBER, 1, date(2026, 11, 12), date(2026, 11, 12), False), "billedperiod_days"),
        ((NOVEMBER, 1, date(2026, 11, 11), date(2026, 12, 2), False), "billedperiod_month"),
        ((date(2026, 12, 1), 0, date(2026, 12, 1), date(2026, 12, 2), True), "credit_after"),
    ],
)
def test_postgresql_lets_no_day_be_billed_twice_or_credited_too_often(
    alice: Customer, values: tuple[Any, ...], why: str
) -> None:
    made = line(customer=alice, ends_on=date(2026, 11, 10))
    run(NOVEMBER)
    document = Document.objects.get()
    with pytest.raises(IntegrityError, match=why):
        insert(made, document, *values)
    insert(made, document, NOVEMBER, 1, date(2026, 11, 11), date(2026, 12, 1), False)
    insert(made, document, NOVEMBER, 2, date(2026, 11, 5), date(2026, 11, 20), True)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"frequency": 2}, "frequency"),
        ({"timing": "never"}, "timing"),
        ({"proration": "hour"}, "proration"),
        ({"bill_from": date(2026, 10, 31)}, "bill_from"),
        ({"price": None}, "priced"),
    ],
)
def test_postgresql_refuses_terms_that_make_no_sense(
    alice: Customer, values: dict[str, Any], why: str
) -> None:
    made = line(customer=alice)
    with pytest.raises(IntegrityError, match=f"billing_recurringline_{why}"), transaction.atomic():
        RecurringLine.objects.filter(pk=made.pk).update(**values)


def test_the_price_is_the_lines_then_the_products_then_the_data_accounts(alice: Customer) -> None:
    account = builders.data_account(customer=alice, package=builders.package(price=Decimal(400)))
    product = builders.product(price=Decimal(1200), frequency=12, gl_code="4010", vat_exempt=True)
    made = line(customer=alice, product=product, data_account=account, price=None)
    assert RecurringLine.objects.listed().get().unit_price == Decimal(100)
    run(NOVEMBER)
    first = DocumentLine.objects.get()
    assert (first.total, first.vat, first.gl_code, first.price) == (100, 0, "4010", 100)
    Product.objects.update(price=None)
    lines.change(made, {"gl_code": "4020", "frequency": 3}, ON, actor=None)
    run(date(2026, 12, 1))
    second = DocumentLine.objects.latest("pk")
    assert (second.price, second.gl_code, str(second.since)) == (1200, "4020", "2026-12-01")
    made.refresh_from_db()
    with pytest.raises(DomainError, match="Give a price"):
        lines.change(made, {"data_account": None}, ON, actor=None)


def test_a_line_whose_price_went_away_stops_its_customer_only(alice: Customer, bob: Customer) -> None:
    product = builders.product()
    line(customer=alice, product=product, price=None)
    line(customer=bob)
    Product.objects.update(price=None)
    made = plan(Asked(month_of(NOVEMBER), NOVEMBER), day_start(NOVEMBER), actor=None)
    assert "has no price" in RunException.objects.get(run=made).reason
    assert made.planned_total == 300


def test_the_books_balance_with_credits_in_an_invoice(alice: Customer) -> None:
    BillingSettings.objects.update(prices_include_vat=False)
    made = line(customer=alice)
    run(NOVEMBER)
    lines.replace(made, date(2026, 11, 16), {"price": Decimal(600)}, ON, actor=None)
    run(date(2026, 12, 1))
    assert Document.objects.latest("pk").total == Decimal("862.50")
    assert Account.objects.filter(code="vat").exists()
    assert list(findings()) == []
