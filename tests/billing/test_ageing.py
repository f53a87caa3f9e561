"""Age analysis: the right amount in the right column, and totals that are those of the ledger."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.ageing.analysis import Analysis
from billing.ageing.buckets import ages, bucket
from billing.merging import merging
from billing.models import Balance, BillingSettings, Pin
from billing.recurring.models import AgeBy
from customers.models import Customer
from groups.models import BillingGroup
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Role
from ispbilling.core.money import ZERO
from tests import builders
from tests.billing.paying import bill, pay
from tests.billing.test_open_items import ledger

ON = date(2026, 7, 1)
pytestmark = pytest.mark.django_db


def before(days: int) -> date:
    return ON - timedelta(days=days)


def analysis(on: date = ON, by: AgeBy = AgeBy.DUE, **more: Any) -> Analysis:
    return Analysis(Customer.objects.all(), on, by, expected=slice(0, 25), **more)


def of(customer: Customer, **more: Any) -> list[Decimal]:
    """The buckets, then the credit, of one customer."""
    (found,) = [row.ages for row in analysis(**more) if row.customer == customer] or [None]
    return [*(amount for _, amount in found.words()), found.credit] if found else []


@pytest.mark.parametrize(
    ("age", "name"),
    [
        (-5, "current"), (0, "current"), (29, "current"), (30, "days30"), (59, "days30"), (60, "days60"),
        (89, "days60"), (90, "days90"), (119, "days90"), (120, "days120"), (4000, "days120"),
    ],
)  # fmt: skip
def test_an_age_has_one_bucket(age: int, name: str) -> None:
    assert bucket(age) == name


@pytest.mark.feature("PRO-10")
def test_each_debt_is_in_its_bucket_and_unused_credit_beside_them(alice: Customer, bob: Customer) -> None:
    for days, amount in ((0, "1"), (30, "2"), (60, "4"), (90, "8"), (120, "16")):
        bill(alice, amount, before(days + 10), due=before(days))
    pay(bob, "50", before(3))
    assert of(alice) == [Decimal(n) for n in (1, 2, 4, 8, 16, 0)]
    assert of(bob) == [ZERO] * 5 + [Decimal("-50.00")]
    (row,) = [row for row in analysis() if row.customer == alice]
    assert row.ages.overdue == Decimal("30.00")  # what is due on the day itself is not late


def test_a_payment_takes_from_the_oldest(alice: Customer) -> None:
    bill(alice, "100", before(130), due=before(125))
    bill(alice, "100", before(40), due=before(33))
    pay(alice, "130", before(1))
    assert of(alice) == [ZERO, Decimal("70.00"), ZERO, ZERO, ZERO, ZERO]
    assert of(alice, on=before(2))[4] == Decimal("100.00")


def test_age_counts_from_the_invoice_date_when_that_is_asked(alice: Customer) -> None:
    bill(alice, "100", before(45), due=before(10))
    assert of(alice)[0] == Decimal("100.00")
    assert of(alice, by=AgeBy.ISSUED)[1] == Decimal("100.00")


def test_what_is_dated_later_is_not_there_yet(alice: Customer) -> None:
    bill(alice, "100", ON + timedelta(days=1))
    assert of(alice) == []


def test_a_sub_account_is_in_the_row_of_who_pays(alice: Customer, bob: Customer) -> None:
    bill(alice, "100", before(5), served=bob)
    assert of(alice)[0] == Decimal("100.00")
    assert of(bob) == []


def test_records_that_were_merged_are_one_row(alice: Customer, bob: Customer) -> None:
    bill(bob, "100", before(50), due=before(40))
    merging.merge(alice, bob, {}, now(), actor=None)
    today = local_day(now())
    assert [row.customer for row in analysis(today)] == [alice]
    assert analysis(today).totals.balance == Balance.objects.aggregate(s=Sum("amount"))["s"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.integers(-40, 400), st.integers(-40, 400), st.integers(-900, 900).filter(bool)),
        max_size=10,
    )
)
def test_the_buckets_of_anything_sum_to_it(found: list[tuple[int, int, int]]) -> None:
    items = [(before(posted), before(due), Decimal(amount)) for posted, due, amount in found]
    for by in AgeBy:
        assert ages(items, ON, by).balance == sum(amount for *_, amount in found)


def test_its_totals_are_those_of_the_ledger_on_any_day(alice: Customer, bob: Customer) -> None:
    carol = builders.customer()
    for n, one in enumerate((alice, bob, carol)):
        for month in range(6):
            bill(one, 100 + n, before(200 - 30 * month))
            if month % (n + 2) == 0:
                pay(one, 90 + 20 * n, before(195 - 30 * month))
    pay(carol, 5000, before(20))
    for days in range(0, 220, 13):
        on = before(days)
        found = analysis(on)
        assert found.totals.balance == ledger(on) == sum((row.ages.balance for row in found), ZERO)
        assert len(found) == len(list(found))
        for row in found:
            assert row.ages.balance == ledger(on, customer=row.customer)


def test_it_is_read_in_parts_in_any_order(alice: Customer, bob: Customer) -> None:
    bill(alice, "10", before(100))
    bill(bob, "20", before(50))
    assert [row.customer for row in analysis(order=("-balance",))[0:25]] == [bob, alice]
    assert [row.customer for row in analysis(order=("balance",))[1:2]] == [bob]
    assert [row.customer for row in analysis(order=("name",))[0:1]] == [alice]
    past = Analysis(Customer.objects.all(), ON, AgeBy.DUE, expected=slice(50, 75))
    assert (len(past), past.totals.balance) == (2, Decimal("30.00"))
    assert len(Analysis(Customer.objects.none(), ON, AgeBy.DUE)) == 0


# --- pages ----------------------------------------------------------------------------------------------


def page(client: Client, name: str, *args: object, **query: object) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def owing(alice: Customer, bob: Customer) -> None:
    bill(alice, "100", before(50), due=before(43))
    bill(bob, "7", before(5))


def test_the_page_lists_totals_filters_and_exports(
    owing: None, as_manager: Client, alice: Customer, bob: Customer
) -> None:
    shown = page(as_manager, "billing:age_list", on=ON)
    assert "R 107.00" in shown
    assert "2 payers" in shown
    assert "As at 2026-07-01, age counted from the due date" in shown
    late = page(as_manager, "billing:age_list", on=ON, state="overdue")
    assert "ALI001" in late
    assert "BOB001" not in late
    found = page(as_manager, "billing:age_list", on=ON, q="plumbing")
    assert "BOB001" in found
    assert "ALI001" not in found
    group = BillingGroup.objects.create(title="Run 1")
    Customer.objects.filter(pk=bob.pk).update(billing_group=group)
    assert "R 107.00" not in page(as_manager, "billing:age_list", on=ON, billing_group=group.pk)
    url = reverse("billing:age_list") + f"?on={ON}&export=csv"
    as_manager.post(url, {"purpose": "To phone those who are late", "understood": "on"})
    file = as_manager.get(url)
    lines = b"".join(file.streaming_content).decode().splitlines()
    assert len(lines) == 3
    assert ",100.00," in lines[1]


@pytest.mark.parametrize("on", ["nonsense", "0001-01-01", "9999-12-31", "2026-02-31"])
def test_a_day_that_is_none_is_today(owing: None, as_manager: Client, on: str) -> None:
    assert f"As at {local_day(now())}" in page(as_manager, "billing:age_list", on=on)


def test_the_setting_says_what_age_is_counted_from(owing: None, as_manager: Client) -> None:
    BillingSettings.objects.update(age_by="issued")
    assert "from the invoice date" in page(as_manager, "billing:age_list", on=ON)
    assert "from the due date" in page(as_manager, "billing:age_list", on=ON, by="due")


def test_a_row_leads_to_what_it_consists_of(owing: None, as_manager: Client, alice: Customer) -> None:
    link = f"{reverse('billing:open_items', args=[alice.pk])}?on={ON}&amp;by=due"
    assert link in page(as_manager, "billing:age_list", on=ON)
    shown = page(as_manager, "billing:open_items", alice.pk, on=ON)
    for part in ("INV-2026-000001", "Overdue", "30 Days", "R 100.00"):
        assert part in shown
    pay(alice, "100", before(1), "EFT of Alice")
    assert "Nothing is open" in page(as_manager, "billing:open_items", alice.pk, on=ON)
    settled = page(as_manager, "billing:open_items", alice.pk, on=ON, state="all")
    assert "EFT of Alice: R 100.00" in settled


@pytest.mark.feature("PRO-10")
def test_the_profile_says_since_when_something_is_late(as_manager: Client, alice: Customer) -> None:
    today = local_day(now())
    bill(alice, "100", today - timedelta(days=50), due=today - timedelta(days=43))
    shown = as_manager.get(alice.get_absolute_url(), {"widget": "ageing"}).content.decode()
    assert "R 100.00 is past due" in shown
    assert "(43 days)" in shown


def test_staff_allocate_a_payment_by_hand_and_take_it_back(as_manager: Client, alice: Customer) -> None:
    old, young = bill(alice, "100", before(60)), bill(alice, "100", before(30))
    paid = pay(alice, "100", before(10), "EFT of Alice")
    url = reverse("billing:allocation_edit", args=[paid.pk])
    asked = as_manager.get(url).content.decode()
    assert old.reference in asked
    assert young.reference in asked
    field = f"debit_{young.postings.get().pk}"
    for wrong, why in (
        ("1e3", "plainly"),
        ("NaN", "plainly"),
        ("-5", "plainly"),
        ("0", "greater than"),
        ("100.01", "Only R"),
    ):
        assert why in as_manager.post(url, {field: wrong}).content.decode()
    assert not Pin.objects.exists()
    for _ in range(2):  # pressing twice is as good as once
        done = as_manager.post(url, {field: "100"}, follow=True)
        assert "EFT of Alice is allocated." in done.content.decode()
    assert Pin.objects.get().debit == young.postings.get()
    assert of(alice)[1] == Decimal("100.00")
    again = as_manager.post(url, {field: ""}, follow=True)
    assert "used the usual way" in again.content.decode()
    assert not Pin.objects.exists()


def test_only_the_office_allocates(client: Client, alice: Customer) -> None:
    paid = pay(alice, "100", before(10))
    client.force_login(builders.staff(Role.SUPPORT))
    assert client.get(reverse("billing:allocation_edit", args=[paid.pk])).status_code == 403
    assert "ALI001" in page(client, "billing:age_list", on=ON)
