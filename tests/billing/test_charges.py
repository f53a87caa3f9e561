"""What is due for November 2026, and what is not."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.documents import credit, issuing
from billing.models import BillingSettings, Document, VatRate
from billing.recurring.charges import Bill, due
from billing.recurring.terms import Terms
from billing.runs.drafting import draft_of
from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core.clock import day_start, month_of
from ispbilling.core.errors import DomainError
from tests import builders

pytestmark = pytest.mark.django_db
NOVEMBER = month_of(date(2026, 11, 1))
ISSUE = date(2026, 11, 1)
NOW: datetime = day_start(date(2026, 10, 25))


def bills(**kwargs: object) -> list[Bill]:
    return due(Terms.of(NOVEMBER, ISSUE), NOW, **kwargs)  # type: ignore[arg-type]


def issue(bill: Bill) -> Document:
    key = f"test:{bill.charges[0].days[0].generation}"
    return issuing.issue([draft_of(bill, None, key)], ISSUE, NOW)[0]


def test_a_full_month_is_charged_once_in_advance(alice: Customer) -> None:
    builders.recurring_line(customer=alice)
    (bill,) = bills()
    (charge,) = bill.charges
    assert (bill.customer_id, bill.payer_id, bill.total) == (alice.pk, alice.pk, Decimal("599.00"))
    assert charge.description == "Uncapped fibre 20 Mb/s, November 2026"
    assert bill.due_on == date(2026, 11, 8)


def test_the_data_accounts_price_applies_when_the_line_has_none(alice: Customer) -> None:
    account = builders.data_account(customer=alice, package=builders.package(price=Decimal("450.00")))
    builders.recurring_line(customer=alice, data_account=account)
    assert bills()[0].total == Decimal("450.00")
    account.custom_price = Decimal("399.00")
    account.save(update_fields=["custom_price"])
    assert bills()[0].total == Decimal("399.00")


def test_the_earliest_last_day_ends_the_charge(alice: Customer) -> None:
    account = builders.data_account(customer=alice, ends_on=date(2026, 11, 20))
    builders.recurring_line(
        customer=alice, data_account=account, price=Decimal(300), ends_on=date(2026, 11, 25)
    )
    assert "2026-11-01 to 2026-11-20: 20 of 30 days" in bills()[0].charges[0].because
    gates.cancel(alice, date(2026, 11, 10), NOW, actor=None, reason="moves")
    assert bills()[0].total == Decimal("100.00")
    gates.open_(alice, GateKind.CANCELLED, NOW, actor=None)
    assert bills()[0].total == Decimal("200.00")


def test_a_line_outside_the_period_is_not_due(alice: Customer) -> None:
    builders.recurring_line(customer=alice, ends_on=date(2026, 10, 31))
    builders.recurring_line(customer=alice, starts_on=date(2026, 12, 1))
    assert bills() == []


def test_deleted_customers_are_not_billed_but_disabled_and_suspended_ones_are(
    alice: Customer, bob: Customer
) -> None:
    for customer in (alice, bob):
        builders.recurring_line(customer=customer)
    gates.close(alice, GateKind.DELETED, NOW, actor=None)
    gates.close(bob, GateKind.DISABLED, NOW, actor=None)
    gates.close(bob, GateKind.SUSPENDED, NOW, actor=None)
    assert [bill.customer_id for bill in bills()] == [bob.pk]


def test_discounts_apply_one_after_the_other_before_vat(alice: Customer) -> None:
    alice.discount = Decimal(5)
    alice.save(update_fields=["discount"])
    builders.recurring_line(customer=alice, price=Decimal(1000), discount=Decimal(10))
    (charge,) = bills()[0].charges
    assert charge.price.total == Decimal("855.00")
    assert "less 5 % customer discount" in charge.description


@pytest.mark.feature("SET-2")
def test_who_has_no_discount_has_the_standard_one_of_the_settings(alice: Customer) -> None:
    builders.recurring_line(customer=alice, price=Decimal(1000))
    before = bills()[0]
    assert before.total == 1000
    BillingSettings.objects.update(standard_discount=Decimal("2.5"))
    assert (bills()[0].total, bills()[0].digest != before.digest) == (Decimal(975), True)
    for own, total in ((Decimal(0), Decimal(1000)), (Decimal(10), Decimal(900))):
        Customer.objects.filter(pk=alice.pk).update(discount=own)
        assert bills()[0].total == total


def test_postgresql_refuses_a_standard_discount_of_more_than_everything() -> None:
    with pytest.raises(IntegrityError, match="settings_discount"), transaction.atomic():
        BillingSettings.objects.update(standard_discount=Decimal(101))


def test_vat_is_that_of_the_invoice_date_and_exempt_lines_have_none(alice: Customer) -> None:
    VatRate.objects.create(percent=Decimal("15.5"), valid_from=ISSUE)
    builders.recurring_line(customer=alice, price=Decimal("115.50"))
    builders.recurring_line(customer=alice, price=Decimal(50), vat_exempt=True)
    assert [charge.price.vat for charge in bills()[0].charges] == [Decimal("15.50"), Decimal("0.00")]


def test_prices_without_vat_get_it_added(alice: Customer) -> None:
    BillingSettings.objects.update(prices_include_vat=False)
    builders.recurring_line(customer=alice, price=Decimal(100))
    assert bills()[0].total == Decimal("115.00")


def test_without_a_vat_rate_nothing_can_be_priced() -> None:
    with pytest.raises(DomainError, match="No VAT rate"):
        Terms.of(NOVEMBER, date(1980, 1, 1))


def test_days_till_due_come_from_customer_then_group_then_settings(alice: Customer) -> None:
    builders.recurring_line(customer=alice)
    alice.group.due_days = 14
    alice.group.save(update_fields=["due_days"])
    assert bills()[0].due_on == date(2026, 11, 15)
    alice.due_days = 0
    alice.save(update_fields=["due_days"])
    assert bills()[0].due_on == ISSUE


def test_the_master_gets_a_bill_for_each_sub_account_it_pays_for(alice: Customer, bob: Customer) -> None:
    Customer.objects.filter(pk=alice.pk).update(is_master=True, vat_number="4123456789")
    Customer.objects.filter(pk=bob.pk).update(master=alice, bill_all_to_master=True)
    builders.recurring_line(customer=bob)
    (bill,) = bills()
    assert (bill.customer_id, bill.payer_id, bill.vat_number) == (bob.pk, alice.pk, "4123456789")
    gates.close(alice, GateKind.DELETED, NOW, actor=None)
    assert "deleted" in bills()[0].problem


def test_a_billed_period_is_due_again_only_after_it_was_credited(alice: Customer) -> None:
    builders.recurring_line(customer=alice)
    first = issue(bills()[0])
    assert bills() == []
    credit.credit(first, ISSUE, day_start(ISSUE), actor=None, reason="wrong address")
    again = bills()[0]
    assert again.charges[0].days[0].generation == 1
    issue(again)
    assert bills() == []


def test_postgresql_refuses_to_bill_a_period_twice(alice: Customer) -> None:
    builders.recurring_line(customer=alice)
    bill = bills()[0]
    first = issue(bill)
    (day,) = bill.charges[0].days
    charge = bill.charges[0]._replace(days=(day._replace(generation=1),))
    stale = bill._replace(charges=(charge,))
    for attempt, name in ((stale, "is billed for 2026-11-01 already"), (bill, "pkey|pk_billing")):
        draft = draft_of(attempt, None, "again")
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            issuing.issue([draft], ISSUE, NOW)
    credit.credit(first, ISSUE, day_start(ISSUE), actor=None, reason="wrong")
    issue(stale)


def test_the_digest_changes_with_what_is_priced_or_printed_and_with_nothing_else(alice: Customer) -> None:
    line = builders.recurring_line(customer=alice)
    seen = {bills()[0].digest}
    Customer.objects.filter(pk=alice.pk).update(phone="021 555 0000")
    assert bills()[0].digest in seen
    for change in ({"price": Decimal(600)}, {"description": "Faster"}, {"ends_on": date(2026, 11, 29)}):
        type(line).objects.filter(pk=line.pk).update(**change)
        seen.add(bills()[0].digest)
    Customer.objects.filter(pk=alice.pk).update(postal_address="1 New Road")
    seen.add(bills()[0].digest)
    VatRate.objects.update(percent=Decimal(16))
    seen.add(bills()[0].digest)
    assert len(seen) == 6


def test_a_range_and_a_billing_group_narrow_it(alice: Customer, bob: Customer) -> None:
    for customer in (alice, bob):
        builders.recurring_line(customer=customer)
    assert [bill.customer_id for bill in bills(low=bob.pk, high=bob.pk)] == [bob.pk]
    assert bills(billing_group_id=12345) == []


def test_one_customer_who_cannot_be_priced_stands_in_nobody_elses_way(alice: Customer, bob: Customer) -> None:
    for customer in (alice, bob):
        builders.recurring_line(customer=customer)
    Customer.objects.filter(pk=alice.pk).update(due_days=60)  # a due date behind the end of the calendar
    broken, whole = due(Terms.of(NOVEMBER, date(9999, 12, 1)), NOW)
    assert (broken.customer_id, broken.charges) == (alice.pk, ())
    assert "cannot be priced" in broken.problem
    assert (whole.customer_id, whole.problem, whole.total) == (bob.pk, "", Decimal("599.00"))
