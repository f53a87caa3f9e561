"""No data account stops being billed without anybody knowing (B12)."""

from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import RecurringLine
from billing.recurring.unbilled import unbilled
from customers.accounts import gates
from customers.models import Customer, GateKind
from groups.models import BillingGroup
from ispbilling.core.clock import day_start, month_of
from ispbilling.core.models import Role
from radius.models import DataAccount
from tests import builders

pytestmark = pytest.mark.django_db
NOW: datetime = day_start(date(2026, 11, 1))
NOVEMBER = month_of(date(2026, 11, 1))


@pytest.fixture
def account(alice: Customer) -> DataAccount:
    return builders.data_account(customer=alice)


def names() -> list[str]:
    return [account.username for account in unbilled(NOVEMBER, NOW)]


def test_an_account_without_a_line_is_named_until_it_has_one(account: DataAccount) -> None:
    assert names() == [account.username]
    builders.recurring_line(customer=account.customer)
    assert names() == [account.username]
    builders.recurring_line(customer=account.customer, data_account=account)
    assert names() == []


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "missing"),
    [
        (date(2026, 1, 1), date(2026, 10, 31), True),
        (date(2026, 1, 1), date(2026, 11, 1), False),
        (date(2026, 11, 30), None, False),
        (date(2026, 12, 1), None, True),
    ],
)
def test_a_line_counts_only_in_its_days(
    account: DataAccount, starts_on: date, ends_on: date | None, missing: bool
) -> None:
    days = {"starts_on": starts_on, "ends_on": ends_on}
    builders.recurring_line(customer=account.customer, data_account=account, **days)
    assert bool(names()) == missing


def test_who_is_not_served_is_not_missed(account: DataAccount, bob: Customer) -> None:
    for values in (
        {"ends_on": date(2026, 10, 31)},
        {"starts_on": date(2026, 12, 1)},
        {"blocked": True},
    ):
        builders.data_account(customer=bob, **values)
    assert names() == [account.username]
    gates.close(account.customer, GateKind.DELETED, NOW - timedelta(days=1), actor=None)
    assert names() == []


def test_a_cancelled_customer_is_missed_up_to_the_last_day_only(account: DataAccount) -> None:
    gate = gates.close(account.customer, GateKind.CANCELLED, day_start(date(2026, 11, 2)), actor=None)
    assert names() == [account.username]
    type(gate).objects.update(since=day_start(date(2026, 11, 1)))
    assert names() == []


def test_the_preview_counts_and_lists_them(as_manager: Client, account: DataAccount, bob: Customer) -> None:
    builders.recurring_line(customer=bob)
    run = builders.run()
    shown = as_manager.get(reverse("billing:run_detail", args=[run.pk])).content.decode()
    assert "1 data account without a recurring line" in shown
    listed = as_manager.get(reverse("billing:run_unbilled", args=[run.pk])).content.decode()
    assert account.username in listed
    assert (
        f"{reverse('billing:recurring_add', args=[account.customer_id])}?data_account={account.pk}" in listed
    )
    run.billing_group = BillingGroup.objects.create(title="Wholesale")
    run.save()
    listed = as_manager.get(reverse("billing:run_unbilled", args=[run.pk])).content.decode()
    assert account.username not in listed


def test_the_profile_says_so_and_the_line_is_filled_in(as_manager: Client, account: DataAccount) -> None:
    profile = reverse("customers:customer_detail", args=[account.customer_id])
    widget = as_manager.get(profile, {"widget": "recurring"}).content.decode()
    assert f"{account.username} is not billed" in widget
    add = f"{reverse('billing:recurring_add', args=[account.customer_id])}?data_account={account.pk}"
    assert add in widget
    form = as_manager.get(add).content.decode()
    assert f'value="{account.package}"' in form
    assert f'value="{account.starts_on}"' in form
    fields = {"description": "Fibre", "data_account": account.pk, "quantity": "1", "price": "", "discount": "0",
              "timing": "advance", "proration": "day", "starts_on": account.starts_on, "ends_on": ""}  # fmt: skip
    assert as_manager.post(add, fields).status_code == 302
    assert RecurringLine.objects.get().data_account == account
    assert "is not billed" not in as_manager.get(profile, {"widget": "recurring"}).content.decode()


def test_another_customers_account_is_not_filled_in(
    as_manager: Client, account: DataAccount, bob: Customer
) -> None:
    add = reverse("billing:recurring_add", args=[bob.pk])
    for asked in (account.pk, "x", "9" * 30):
        form = as_manager.get(add, {"data_account": asked})
        assert form.status_code == 200
        assert str(account.package) not in form.content.decode()


def test_who_may_not_add_lines_is_not_offered_to(account: DataAccount) -> None:
    client = Client()
    client.force_login(builders.staff(Role.READ_ONLY))
    profile = reverse("customers:customer_detail", args=[account.customer_id])
    widget = client.get(profile, {"widget": "recurring"}).content.decode()
    assert "is not billed" in widget
    assert "Add recurring line" not in widget
