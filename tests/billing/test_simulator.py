"""The simulator says what the runs will do, and leaves nothing behind."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing import sweeps
from billing.models import (
    BilledPeriod,
    BillingSettings,
    Document,
    NumberSequence,
    Posting,
    Product,
    RecurringLine,
    VatRate,
)
from billing.runs import monthly
from billing.runs.planning import Asked, plan
from billing.simulating import simulator
from billing.simulating.simulator import Forecast, effect, invoices
from customers.models import Customer
from ispbilling.core.clock import day_start, local_day, month_of, now
from ispbilling.core.models import Event, Role
from radius.models import Package
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-7")]
NOW = day_start(date(2026, 11, 20))
DECEMBER = date(2026, 12, 1)


@pytest.fixture
def line(alice: Customer) -> RecurringLine:
    return builders.recurring_line(customer=alice, price=Decimal(300))


def told(found: list[Forecast]) -> list[tuple[str, Decimal]]:
    return [(str(one.period), one.total) for one in found]


def issued(month: date, on: date) -> None:
    run = plan(Asked(month_of(month), on), day_start(on), actor=None)
    monthly.approve(run, day_start(on), actor=None)
    assert sweeps.issue_runs(day_start(on)).apply(day_start(on)).failed == []


def traces() -> tuple[int, ...]:
    return tuple(
        model.objects.count()
        for model in (Document, BilledPeriod, Posting, NumberSequence, Event, RecurringLine, VatRate)
    )


def test_the_next_six_invoices_are_those_of_the_runs(alice: Customer, line: RecurringLine) -> None:
    builders.recurring_line(
        customer=alice, price=Decimal(900), frequency=3, starts_on=date(2026, 10, 1), description="Hosting"
    )
    before = traces()
    found = invoices(alice.pk, None, NOW)
    assert traces() == before
    assert told(found) == [
        ("December 2026", Decimal("1200.00")),
        ("January 2027", Decimal("1200.00")),
        ("February 2027", Decimal("300.00")),
        ("March 2027", Decimal("300.00")),
        ("April 2027", Decimal("1200.00")),
        ("May 2027", Decimal("300.00")),
    ]


def test_the_simulated_next_run_equals_the_real_one_to_the_cent(alice: Customer, bob: Customer) -> None:
    for customer, price in ((alice, "349.99"), (bob, "1234.56")):
        builders.recurring_line(customer=customer, price=Decimal(price), discount=Decimal("7.5"),
                                ends_on=date(2027, 1, 17))  # fmt: skip
    foretold = {one.pk: invoices(one.pk, None, NOW) for one in (alice, bob)}
    issued(DECEMBER, date(2026, 11, 25))
    issued(date(2027, 1, 1), date(2026, 12, 25))
    for customer, found in foretold.items():
        real = Document.objects.filter(customer=customer).order_by("pk")
        assert [(one.total, one.issue_on, one.bill.due_on) for one in found] == [
            (document.total, document.issued_on, document.due_on) for document in real
        ]


def test_a_price_from_a_day_within_a_month_is_charged_and_credited_to_the_day(
    alice: Customer, line: RecurringLine
) -> None:
    change = simulator.line_price(line, Decimal(600), date(2026, 12, 17))
    found = invoices(alice.pk, change, NOW, most=3)
    assert [total for _, total in told(found)] == [
        Decimal("300.00"),  # December, billed on 25 November at the old price
        Decimal("745.16"),  # January, and 15 of December's 31 days: 290.32 less 145.16
        Decimal("600.00"),
    ]
    line.refresh_from_db()
    assert (line.price, line.ends_on) == (300, None)


def test_another_package_shows_from_the_first_run_after_it_with_what_was_billed_before(
    alice: Customer,
) -> None:
    account = builders.data_account(customer=alice)
    builders.recurring_line(customer=alice, data_account=account)
    faster = builders.package(price=Decimal("899.00"))
    found = invoices(
        alice.pk, simulator.account_package(account, faster, date(2026, 12, 1), NOW), NOW, most=2
    )
    # December is billed on 25 November: what it costs more comes with January.
    assert [total for _, total in told(found)] == [Decimal("599.00"), Decimal("1199.00")]
    account.refresh_from_db()
    assert account.package != faster


def test_who_is_not_charged_is_told_why(alice: Customer) -> None:
    builders.recurring_line(customer=alice, price=Decimal(0))
    first = invoices(alice.pk, None, NOW)[0]
    assert (first.total, first.left_out) == (0, "Nothing to charge: the total is R 0.00.")


def test_the_effect_of_a_price_on_everybody_who_has_it(alice: Customer, bob: Customer) -> None:
    product = builders.product(price=Decimal(50))
    builders.recurring_line(customer=alice, product=product, quantity=Decimal(2))
    builders.recurring_line(customer=bob, product=product, price=Decimal(45))
    builders.recurring_line(customer=bob)
    before = traces()
    change = simulator.product_price(product, Decimal(60), date(2026, 11, 20))
    found = effect(change, [alice.pk, bob.pk], NOW)
    assert traces() == before
    assert (str(found.period), found.before, found.after) == ("December 2026", Decimal(744), Decimal(764))
    assert found.differing == [(alice.pk, Decimal(100), Decimal(120))]
    assert Product.objects.get().price == 50


def test_the_effect_of_a_vat_rate_begins_with_the_first_invoice_dated_so(alice: Customer) -> None:
    BillingSettings.objects.update(prices_include_vat=False)
    builders.recurring_line(customer=alice, price=Decimal(100))
    found = effect(simulator.vat_percent(Decimal(16), date(2027, 1, 1)), [alice.pk], NOW)
    assert (str(found.period), found.before, found.after) == ("February 2027", Decimal(115), Decimal(116))


def test_what_is_caught_up_does_not_blow_the_effect_up(alice: Customer) -> None:
    builders.recurring_line(customer=alice, price=None, product=builders.product(price=Decimal(100)),
                            bill_from=date(2026, 6, 1))  # fmt: skip
    change = simulator.product_price(Product.objects.get(), Decimal(110), date(2026, 11, 20))
    found = effect(change, [alice.pk], NOW)
    assert (found.before, found.after) == (Decimal(100), Decimal(110))


def get(client: Client, name: str, *args: Any, **query: Any) -> str:
    response = client.get(reverse(f"billing:{name}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_pages_answer_and_store_nothing(as_manager: Client, alice: Customer) -> None:
    account = builders.data_account(customer=alice)
    line = builders.recurring_line(customer=alice, data_account=account)
    day = (local_day(now()) + timedelta(days=1)).isoformat()
    assert "R 599.00" in get(as_manager, "customer_simulator", alice.pk)
    before = traces()
    changed = get(as_manager, "customer_simulator", alice.pk, what=f"line:{line.pk}", amount="649", day=day)
    assert "With the change" in changed
    assert "R 649.00" in changed
    package = Package.objects.get()
    shown = get(as_manager, "simulator", what=f"package:{package.pk}", amount="699", day=day)
    for part in ("R 699.00", "R 100.00", "ALI001", "Customers concerned"):
        assert part in shown
    nobody = get(as_manager, "simulator", what=f"package:{builders.package().pk}", amount="699", day=day)
    assert "Nobody" in nobody
    assert traces() == before
    package.refresh_from_db()
    assert package.price == 599


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"what": "package:999999", "amount": "1", "day": "2099-01-01"}, "valid choice"),
        ({"what": "vat:0", "amount": "101", "day": ""}, "100 at most"),
        ({"what": "vat:0", "amount": "1e3x", "day": "2020-01-01"}, "not in the past"),
        ({"what": "vat:0", "amount": "-5", "day": "2999-01-01"}, "a year ahead"),
    ],
)
def test_what_cannot_be_supposed_is_refused_at_the_field(
    as_manager: Client, asked: dict[str, str], why: str
) -> None:
    assert why in get(as_manager, "simulator", **asked)


def test_a_change_without_its_value_is_refused(as_manager: Client, line: RecurringLine) -> None:
    day = local_day(now()).isoformat()
    shown = get(as_manager, "customer_simulator", line.customer_id, what=f"line:{line.pk}", day=day)
    assert "Give the price" in shown


def test_an_empty_book_says_what_to_do(as_manager: Client, alice: Customer) -> None:
    assert "Nobody has a recurring line yet" in get(as_manager, "simulator")
    assert "Nothing will be charged" in get(as_manager, "customer_simulator", alice.pk)


def test_support_sees_a_customers_invoices_but_not_the_whole_revenue(alice: Customer) -> None:
    client = Client()
    client.force_login(builders.staff(Role.SUPPORT))
    assert client.get(reverse("billing:customer_simulator", args=[alice.pk])).status_code == 200
    assert client.get(reverse("billing:simulator")).status_code == 403
