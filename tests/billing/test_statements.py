"""Statements: the ledger's figures, what of them is open, and what to do about it."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO

import pypdfium2
import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.documents import credit
from billing.merging import merging
from billing.recurring.models import AgeBy, BillingSettings
from billing.statements import period
from billing.statements.figures import statement
from billing.statements.rendering import pay_at, render_pdf, sentence
from customers.models import Contact, Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Event, Provider, Role, User
from notifications import sweeps
from tests import builders
from tests.billing.paying import bill, pay, take_back
from tests.billing.test_open_items import START, day, ledger, play, steps, undone

pytestmark = pytest.mark.django_db


def text_of(pdf: bytes) -> str:
    paper = pypdfium2.PdfDocument(BytesIO(pdf))
    return "\n".join(page.get_textpage().get_text_range() for page in paper)


@pytest.fixture
def told(alice: Customer) -> Customer:
    """Alice, with an account to tell of: half of the second invoice is open."""
    bill(alice, "100", day(0))
    pay(alice, "100", day(5), "EFT of Alice")
    bill(alice, "80", day(31), due=day(38))
    pay(alice, "40", day(40), "Cash of Alice")
    bill(alice, "80", day(62), due=day(69))
    return alice


@pytest.mark.feature("W-8")
def test_it_says_what_was_owed_what_happened_and_what_is_owed_now(told: Customer) -> None:
    found = statement(told, day(30), day(62))
    assert found.opening == Decimal(0)
    assert [(entry.on, entry.amount, entry.balance) for entry in found.entries] == [
        (day(31), Decimal(80), Decimal(80)),
        (day(40), Decimal(-40), Decimal(40)),
        (day(62), Decimal(80), Decimal(120)),
    ]
    assert (found.charged, found.credited, found.closing) == (Decimal(160), Decimal(40), Decimal(120))
    assert [(row.what, row.open) for row in found.open_items] == [
        ("INV-2025-000002", Decimal(40)),
        ("INV-2026-000001", Decimal(80)),
    ]
    assert found.entries[1].settles == ["INV-2025-000002: R 40.00"]
    assert (
        sentence(found) == "R 120.00 is to be paid. Of this R 40.00 is past its due date: please pay it now."
    )


@pytest.mark.feature("W-8")
def test_what_is_planned_for_later_lowers_nothing_today(told: Customer) -> None:
    pay(told, "500", day(90))
    credit.credit(bill(told, "10", day(63)), day(80), now(), actor=None, reason="goodwill")
    assert statement(told, day(0), day(62)).closing == Decimal(120)
    assert statement(told, day(0), day(90)).closing == Decimal(-380)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=steps, first=st.integers(-5, 50), length=st.integers(0, 40))
def test_its_closing_is_the_ledger_and_the_next_one_opens_with_it(
    alice: Customer, bob: Customer, story: list[tuple[str, int, int, int, int]], first: int, length: int
) -> None:
    since, until = day(first), day(first + length)
    with undone():
        play([alice, bob], story)
        for one in (alice, bob):
            found = statement(one, since, until)
            assert found.closing == ledger(until, customer=one)
            assert found.closing == found.opening + found.charged - found.credited
            assert found.closing == sum(row.open for row in found.open_items) == found.ages.balance
            assert (
                statement(one, until + timedelta(days=1), until + timedelta(days=9)).opening == found.closing
            )


def test_records_that_were_merged_have_one_statement(alice: Customer, bob: Customer) -> None:
    bill(bob, "100", day(0))
    merging.merge(alice, bob, {}, now(), actor=None)
    found = statement(alice, day(0), local_day(now()))
    assert [entry.what for entry in found.entries] == ["Invoice INV-2025-000001"]
    assert found.closing == Decimal(100)


def test_a_master_sees_what_each_account_was_charged(alice: Customer, bob: Customer) -> None:
    bill(alice, "100", day(0))
    bill(alice, "30", day(1), served=bob)
    found = statement(alice, day(0), day(5))
    assert found.by_account == [(str(alice), Decimal(100)), (str(bob), Decimal(30))]
    assert found.entries[1].served == str(bob)


def test_a_returned_payment_is_there_as_it_happened(alice: Customer) -> None:
    bill(alice, "100", day(0))
    take_back(pay(alice, "100", day(2), "Debit order"), day(4))
    found = statement(alice, day(0), day(4))
    assert [entry.what for entry in found.entries][1:] == ["Debit order", "Reversal of Debit order"]
    assert found.closing == Decimal(100)


def test_the_paper_says_how_to_pay_and_is_the_same_every_time(told: Customer) -> None:
    Provider.objects.update(bank_details="First Bank\nAccount 12345", name="Wonder Wireless")
    found = statement(told, day(30), day(62))
    paper = render_pdf(found)
    assert paper == render_pdf(statement(told, day(30), day(62)))
    words = text_of(paper)
    for part in (
        "Alice Liddell", "Opening balance", "INV-2025-000002", "Closing balance", "120.00", "STILL OPEN",
        "120+ Days", "Account 12345", "Your reference", "ALI001", "Cash of Alice", "Scan to pay online",
    ):  # fmt: skip
        assert part in words, part


def test_its_code_leads_to_where_the_provider_is_paid(told: Customer) -> None:
    found = statement(told, day(30), day(62))
    assert pay_at(found).endswith("/portal/")
    BillingSettings.objects.update(payment_link="https://pay.example/AbC?for={reference}&amount={cents}")
    assert pay_at(found) == "https://pay.example/AbC?for=ALI001&amount=12000"


def test_who_owes_nothing_is_not_asked_to_pay(alice: Customer) -> None:
    pay(alice, "50", day(0))
    found = statement(alice, day(0), day(5))
    assert sentence(found) == "Nothing is to be paid. R 50.00 is in your favour."
    assert "Your reference" not in text_of(render_pdf(found))


@pytest.mark.parametrize(
    "query",
    [{}, {"since": "x"}, {"since": "2026-02-01", "until": "2026-01-01"}, {"since": "0001-01-01"},
     {"until": "9999-12-31"}],
)  # fmt: skip
def test_days_that_cannot_be_are_the_usual_ones(query: dict[str, str]) -> None:
    today = date(2026, 7, 16)
    assert period.asked(query, today) == period.Days(date(2026, 5, 1), today)


# --- pages and mails ------------------------------------------------------------------------------------


def page(client: Client, name: str, *args: object, **query: object) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_shows_it_and_leads_on(as_manager: Client, told: Customer) -> None:
    shown = page(as_manager, "billing:statement_detail", told.pk, since=day(30), until=day(62))
    for part in ("R 120.00 is to be paid", "Invoice INV-2025-000002", "Still open", "Last month"):
        assert part in shown
    assert f"{reverse('billing:statement_pdf', args=[told.pk])}?since={day(30)}&amp;until={day(62)}" in shown
    empty = page(as_manager, "billing:statement_detail", told.pk, since=day(70), until=day(71))
    assert "Nothing happened in these days" in empty
    widget = as_manager.get(told.get_absolute_url(), {"widget": "ageing"}).content.decode()
    assert reverse("billing:statement_detail", args=[told.pk]) in widget


def deliver() -> None:
    Event.objects.exclude(kind="statement.sent").update(announced_at=now())
    sweeps.announce(now()).apply(now())
    sweeps.deliver(now()).apply(now())


@pytest.mark.feature("W-8")
def test_it_is_mailed_with_the_paper_once(as_manager: Client, manager: User, told: Customer) -> None:
    url = reverse("billing:statement_send", args=[told.pk]) + f"?since={day(30)}&until={day(62)}"
    assert "alice@example.test" in as_manager.get(url).content.decode()
    for _ in range(2):  # the button was pressed twice
        done = as_manager.post(url, follow=True)
        assert "on its way to alice@example.test" in done.content.decode()
    event = Event.objects.get(kind="statement.sent")
    assert event.actor == manager
    deliver()
    (sent,) = mail.outbox
    assert sent.subject == f"Statement to {day(62)}: R 120.00 to pay"
    (attached,) = sent.attachments
    assert attached[0] == f"Statement-ALI001-{day(62)}.pdf"
    assert "120.00" in text_of(attached[1])


def test_who_has_no_address_is_named_before_anything_is_sent(as_manager: Client, told: Customer) -> None:
    Contact.objects.update(email="")
    assert "has no e-mail address" in page(as_manager, "billing:statement_send", told.pk)
    as_manager.post(reverse("billing:statement_send", args=[told.pk]))
    assert not Event.objects.filter(kind="statement.sent").exists()


def test_customers_read_and_download_it_in_the_portal(client: Client, told: Customer, bob: Customer) -> None:
    client.force_login(builders.portal_user(told))
    shown = page(client, "portal:statement", since=day(30), until=day(62))
    assert "R 120.00 is to be paid" in shown
    assert "Cash of Alice" in shown
    paper = client.get(reverse("portal:statement_pdf"), {"since": day(30), "until": day(62)})
    assert paper["Content-Disposition"] == f'inline; filename="Statement-ALI001-{day(62)}.pdf"'
    assert "120.00" in text_of(paper.content)
    client.force_login(builders.portal_user(bob))
    assert "Cash of Alice" not in page(client, "portal:statement", since=day(30), until=day(62))


def test_only_the_office_sends(client: Client, told: Customer) -> None:
    client.force_login(builders.staff(Role.SUPPORT))
    assert client.get(reverse("billing:statement_send", args=[told.pk])).status_code == 403
    assert "Still open" in page(client, "billing:statement_detail", told.pk, until=day(62))


def test_age_on_it_counts_as_the_settings_say(told: Customer) -> None:
    assert statement(told, START, day(75)).ages.days30 == Decimal(40)
    assert AgeBy.DUE == "due"
