"""Documents say whether they are paid: on their page, in the list, on the profile, in files."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing.allocating.standing import Standings
from billing.allocating.states import PaidState, paid_state
from billing.documents import credit
from billing.documents.models import Document
from billing.models import BillingSettings
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from tests import builders
from tests.billing.paying import bill, pay, take_back

pytestmark = pytest.mark.django_db
ON = date(2026, 7, 1)


@pytest.mark.parametrize(
    ("amount", "rest", "late", "state"),
    [
        (100, 0, -5, PaidState.PAID),
        (100, 0, 5, PaidState.PAID),
        (100, 100, 0, PaidState.OPEN),
        (100, 40, 0, PaidState.PART),
        (100, 40, 1, PaidState.OVERDUE),
        (-100, -40, 1, PaidState.UNALLOCATED),
        (-100, 0, 1, PaidState.ALLOCATED),
    ],
)
def test_a_state_is_read_from_what_is_open(amount: int, rest: int, late: int, state: PaidState) -> None:
    due = ON - timedelta(days=late)
    assert paid_state(Decimal(amount), Decimal(rest), due, ON) == state


def standing(document: Document, on: date) -> tuple[str, Decimal] | None:
    credited = document.corrections.exists()
    both = [
        found.of(document, credited=credited) for found in (Standings(on, [document.payer_id]), Standings(on))
    ]
    assert both[0] == both[1]
    return (both[0].state.value, both[0].open) if both[0] else None


def test_an_invoice_goes_from_open_to_overdue_to_part_paid_to_paid_and_back(alice: Customer) -> None:
    made = bill(alice, "100", ON)
    assert standing(made, ON - timedelta(days=1)) is None
    assert standing(made, made.due_on) == ("open", Decimal(100))
    assert standing(made, made.due_on + timedelta(days=1)) == ("overdue", Decimal(100))
    pay(alice, "30", ON + timedelta(days=2))
    assert standing(made, made.due_on) == ("part", Decimal(70))
    paid = pay(alice, "70", ON + timedelta(days=3))
    assert standing(made, ON + timedelta(days=3)) == ("paid", Decimal(0))
    take_back(paid, ON + timedelta(days=20))
    assert standing(made, ON + timedelta(days=20)) == ("overdue", Decimal(70))


@pytest.mark.feature("D-8")
def test_overdue_begins_the_days_till_overdue_later(alice: Customer) -> None:
    BillingSettings.objects.update(overdue_days=3)
    made = bill(alice, "100", ON)
    assert standing(made, made.due_on + timedelta(days=3)) == ("open", Decimal(100))
    assert standing(made, made.due_on + timedelta(days=4)) == ("overdue", Decimal(100))


def test_a_credited_invoice_is_neither_paid_nor_open(alice: Customer) -> None:
    made = bill(alice, "100", ON)
    note = credit.credit(made, ON, now(), actor=None, reason="wrong")
    assert standing(made, ON) == ("credited", Decimal(0))
    assert standing(note, ON) is None


@pytest.fixture
def four(alice: Customer, bob: Customer) -> dict[str, str]:
    """An invoice of each state, by state."""
    today = local_day(now())
    old = bill(alice, "100", today - timedelta(days=40))
    credited = bill(bob, "9", today - timedelta(days=3))
    credit.credit(credited, today, now(), actor=None, reason="wrong")
    paid, part, fresh = (bill(bob, "50", today - timedelta(days=2 - n)) for n in range(3))
    pay(bob, "60", today)
    return {
        "overdue": old.reference, "credited": credited.reference, "paid": paid.reference,
        "part": part.reference, "open": fresh.reference,
    }  # fmt: skip


@pytest.mark.parametrize("state", ["overdue", "credited", "paid", "part", "open"])
def test_the_list_is_narrowed_to_a_state(four: dict[str, str], as_manager: Client, state: str) -> None:
    table = as_manager.get(reverse("billing:document_list"), {"paid": state}).context["table"]
    assert [str(row.record) for row in table.paginated_rows] == [four[state]]
    assert str(table.rows[0].get_cell_value("state")) == PaidState(state).label


def test_the_list_and_its_file_say_the_state_with_a_few_questions(
    four: dict[str, str], as_manager: Client, django_assert_max_num_queries: object
) -> None:
    url = reverse("billing:document_list")
    with django_assert_max_num_queries(25):
        shown = as_manager.get(url).content.decode()
    for word in ("Overdue", "Credited", "Paid", "Part-paid"):
        assert f">{word}</span>" in shown
    lines = b"".join(as_manager.get(url, {"export": "csv"}).streaming_content).decode().splitlines()
    assert [line.rpartition(",")[2] for line in lines if four["part"] in line] == ["Part-paid"]


def test_its_page_says_what_settled_it(as_manager: Client, alice: Customer) -> None:
    made = bill(alice, "100", ON)
    pay(alice, "30", ON, "EFT of Alice")
    shown = as_manager.get(made.get_absolute_url()).content.decode()
    for part in (
        "EFT of Alice: R 30.00",
        "R 70.00",
        "Overdue",
        reverse("billing:open_items", args=[alice.pk]),
    ):
        assert part in shown


def test_the_profile_and_the_portal_say_it_too(as_manager: Client, client: Client, alice: Customer) -> None:
    made = bill(alice, "100", ON)
    assert "Overdue" in as_manager.get(alice.get_absolute_url(), {"widget": "billing"}).content.decode()
    client.force_login(builders.portal_user(alice))
    for page in (reverse("portal:document_list"), reverse("portal:document_detail", args=[made.pk])):
        assert "Overdue" in client.get(page).content.decode()
