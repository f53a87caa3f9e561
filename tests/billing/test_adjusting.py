"""Adjustments and write-offs: paper and postings of their own, done once, taken back by their mirror."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from billing.documents import adjusting, credit
from billing.documents.adjusting import Asked
from billing.documents.rendering import render_pdf
from billing.documents.verification import findings
from billing.models import Balance, Document
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, Provider, Role
from tests import builders
from tests.billing.test_rendering import text_of
from tests.billing.test_verify_ledger import tamper

pytestmark = pytest.mark.django_db


def balance(of: Customer) -> Decimal:
    return Balance.objects.get(customer=of).amount


def postings(document: Document) -> dict[str, Decimal]:
    """Account code -> amount."""
    lines = document.postings.get().lines.select_related("account")
    return {line.account.code: line.amount for line in lines}


def asked(**kwargs: Any) -> Asked:
    return Asked(**{"on": local_day(now()), "reason": "cannot be found", "token": uuid4(), **kwargs})


def write_off(of: Customer, amount: str, rate: int = 15, **kwargs: Any) -> Document:
    return adjusting.write_off(of, Decimal(amount), Decimal(rate), asked(**kwargs), now(), actor=None)


def test_an_adjustment_has_its_own_number_and_account_and_no_vat(alice: Customer) -> None:
    more = builders.adjustment(alice, "50.00")
    less = builders.adjustment(alice, "-20.00")
    assert [more.reference[:4], less.number] == ["ADJ-", 2]
    assert postings(more) == {"receivable": Decimal("50.00"), "adjustment": Decimal("-50.00")}
    assert postings(less) == {"receivable": Decimal("-20.00"), "adjustment": Decimal("20.00")}
    assert (more.due_on, less.due_on) == (more.issued_on + timedelta(days=7), less.issued_on)
    assert more.postings.get().memo == f"Adjustment {more.reference}: agreed by telephone"
    assert balance(alice) == Decimal("30.00")
    assert list(findings()) == []


def test_a_bad_debt_is_written_off_with_the_vat_in_it(alice: Customer) -> None:
    builders.invoice(alice)
    made = write_off(alice, "115.00")
    assert postings(made) == {
        "receivable": Decimal("-115.00"),
        "bad_debt": Decimal("100.00"),
        "vat": Decimal("15.00"),
    }
    assert made.reference.startswith("WO-")
    assert balance(alice) == 0
    assert list(findings()) == []


def test_without_the_claim_the_whole_of_it_is_lost(alice: Customer) -> None:
    builders.invoice(alice)
    assert postings(write_off(alice, "60.00", rate=0)) == {
        "receivable": Decimal("-60.00"),
        "bad_debt": Decimal("60.00"),
    }
    assert balance(alice) == Decimal("55.00")


def test_no_more_than_is_owed_is_written_off(alice: Customer, bob: Customer) -> None:
    builders.invoice(alice)
    for of, amount in ((alice, "115.01"), (alice, "-1.00"), (bob, "0.01")):
        with pytest.raises(DomainError, match="no more than that"):
            write_off(of, amount)
    assert Document.objects.count() == 1


@pytest.mark.parametrize("amount", ["0", "0.001", "10.005"])
def test_an_amount_that_is_none_is_refused(alice: Customer, amount: str) -> None:
    with pytest.raises(DomainError, match="whole cents"):
        builders.adjustment(alice, amount)


def test_neither_is_dated_in_the_future(alice: Customer) -> None:
    with pytest.raises(DomainError, match="in the future"):
        builders.adjustment(alice, on=local_day(now()) + timedelta(days=1))


def test_the_same_form_sent_twice_is_done_once(alice: Customer) -> None:
    token = uuid4()
    first = builders.adjustment(alice, "50.00", token=token)
    assert builders.adjustment(alice, "50.00", token=token) == first
    with pytest.raises(DomainError, match="was sent before"):
        builders.adjustment(alice, "51.00", token=token)
    write, again = uuid4(), []
    again = [write_off(alice, "50.00", token=write) for _ in range(2)]
    assert again[0] == again[1]
    assert balance(alice) == 0


@pytest.mark.parametrize("kind", ["adjustment", "write_off"])
def test_it_is_taken_back_once_by_its_mirror(alice: Customer, kind: str) -> None:
    builders.invoice(alice)
    made = builders.adjustment(alice, "-15.00") if kind == "adjustment" else write_off(alice, "115.00")
    before = balance(alice)
    back = credit.take_back(made, made.issued_on, now(), actor=None, reason="he was found")
    assert (back.kind, back.corrects, back.total, back.reason) == (kind, made, -made.total, "he was found")
    assert postings(back) == {code: -amount for code, amount in postings(made).items()}
    assert balance(alice) == before - made.total == Decimal("115.00")
    with pytest.raises(DomainError, match="taken back already"):
        credit.take_back(made, made.issued_on, now(), actor=None, reason="again")
    with pytest.raises(DomainError, match="cannot be taken back itself"):
        credit.take_back(back, made.issued_on, now(), actor=None, reason="again")
    assert list(findings()) == []


def test_only_invoices_are_credited(alice: Customer) -> None:
    with pytest.raises(DomainError, match="not an invoice"):
        credit.credit(builders.adjustment(alice), local_day(now()), now(), actor=None, reason="x")


@pytest.mark.parametrize(
    ("kind", "amounts", "name"),
    [
        ("invoice", (-100, -15, -115), "billing_document_sign"),
        ("write_off", (100, 15, 115), "billing_document_sign"),
        ("adjustment", (100, 15, 115), "billing_document_amounts"),
        ("adjustment", (0, 0, 0), "billing_document_amounts"),
        ("credit_note", (-100, -15, -115), "billing_document_kind"),
    ],
)
def test_postgresql_knows_what_each_kind_may_say(
    alice: Customer, kind: str, amounts: tuple[int, int, int], name: str
) -> None:
    made = builders.invoice(alice)
    with pytest.raises(IntegrityError, match=name), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO billing_document (kind, year, number, reference, customer_id, payer_id, party_id,
                   issuer_id, issued_on, due_on, net, vat, total)
               SELECT %s, year, 99, 'X', customer_id, payer_id, party_id, issuer_id, issued_on, due_on, %s, %s, %s
               FROM billing_document WHERE id = %s""",
            [kind, *amounts, made.pk],
        )


def test_the_reason_is_part_of_the_digest(alice: Customer) -> None:
    made = builders.adjustment(alice)
    tamper(f"UPDATE billing_document SET reason = 'another one' WHERE id = {made.pk}")
    assert any("posting" in one for one in findings())


def test_the_paper_says_what_it_is_and_why(alice: Customer) -> None:
    Provider.objects.update(vat_number="4870001234")
    builders.invoice(alice)
    adjusted = text_of(render_pdf(builders.adjustment(alice, "-20.00", reason="goodwill")))
    for part in (
        "Adjustment",
        "ADJ-",
        "taken off the account",
        "-R 20.00",
        "Reason",
        "goodwill",
        "carries no VAT",
    ):
        assert part.lower() in adjusted.lower(), part
    assert "Payment reference" not in adjusted
    written = text_of(render_pdf(write_off(alice, "95.00", reason="insolvent")))
    for part in ("Write-off", "Irrecoverable debt", "Total written off", "-R 95.00", "-R 12.39", "insolvent"):
        assert part in written, part


def test_neither_counts_as_billed(alice: Customer, as_manager: Client) -> None:
    builders.invoice(alice, on=local_day(now()))
    builders.adjustment(alice, "1000.00")
    cache.clear()  # the dashboard keeps its figures for a while
    assert "R 115.00" in as_manager.get("/").content.decode()


def client(role: Role) -> Client:
    made = Client()
    made.force_login(builders.staff(role))
    return made


def form(client: Client, url: str) -> dict[str, Any]:
    """What the page would send as it is shown."""
    shown = client.get(url).context["form"].first
    return {name: shown[name].value() for name in shown.fields if shown[name].value() is not None}


def test_the_profile_leads_to_an_adjustment(alice: Customer) -> None:
    finance = client(Role.FINANCIAL_MANAGER)
    profile = reverse("customers:customer_detail", args=[alice.pk])
    assert "Adjust" in finance.get(profile, {"widget": "billing"}).content.decode()
    url = reverse("billing:adjustment_add", args=[alice.pk])
    assert "The balance of ALI001 is R 0.00 now" in finance.get(url).content.decode()
    sent = form(finance, url) | {"direction": "less", "amount": "20.00", "reason": "goodwill"}
    for _ in range(2):  # a double click
        done = finance.post(url, sent, follow=True).content.decode()
        assert "over -R 20.00 is issued" in done
    made = Document.objects.get()
    assert (made.total, made.reason, balance(alice)) == (Decimal("-20.00"), "goodwill", Decimal("-20.00"))
    page = finance.get(made.get_absolute_url()).content.decode()
    assert "Take Back" in page
    assert "goodwill" in page
    back = reverse("billing:document_take_back", args=[made.pk])
    finance.post(back, {"on": made.issued_on, "reason": "a mistake"})
    assert balance(alice) == 0
    assert "Take Back" not in finance.get(made.get_absolute_url()).content.decode()
    kinds = Event.objects.about(alice).values_list("kind", flat=True)
    assert list(kinds).count("adjustment.issued") == 2


@pytest.mark.parametrize(
    "amount", ["1e3", "NaN", "-5", "1,000.00", "0", "0.001", "9" * 15, "Infinity", "", "٣"]
)
def test_an_amount_that_is_not_plain_is_an_error_of_the_field(alice: Customer, amount: str) -> None:
    finance, url = client(Role.FINANCIAL_MANAGER), reverse("billing:adjustment_add", args=[alice.pk])
    sent = form(finance, url) | {"direction": "more", "amount": amount, "reason": "kept"}
    answer = finance.post(url, sent)
    assert answer.status_code == 200
    assert "amount" in answer.context["form"].first.errors
    assert 'value="kept"' in answer.content.decode()
    assert not Document.objects.exists()


def test_a_write_off_starts_with_what_is_owed(alice: Customer) -> None:
    Provider.objects.update(vat_number="4870001234")
    finance, url = client(Role.FINANCIAL_MANAGER), reverse("billing:write_off_add", args=[alice.pk])
    profile = reverse("customers:customer_detail", args=[alice.pk])
    assert "owes nothing" in finance.get(url).content.decode()
    assert "Write Off" not in finance.get(profile, {"widget": "billing"}).content.decode()
    builders.invoice(alice)
    assert "Write Off" in finance.get(profile, {"widget": "billing"}).content.decode()
    sent = form(finance, url)
    assert (sent["amount"], sent["claim_vat"]) == (Decimal("115.00"), True)
    refused = finance.post(url, sent | {"amount": "200.00", "reason": "gone"})
    assert "owes R 115.00; no more than that" in refused.content.decode()
    finance.post(url, sent | {"reason": "gone"})
    assert postings(Document.objects.get(kind="write_off"))["vat"] == Decimal("15.00")


def test_accounts_staff_neither_adjust_nor_write_off(alice: Customer) -> None:
    accounts = client(Role.ACCOUNTS)
    for name in ("adjustment_add", "write_off_add"):
        assert accounts.get(reverse(f"billing:{name}", args=[alice.pk])).status_code == 403
    profile = reverse("customers:customer_detail", args=[alice.pk])
    assert "Adjust" not in accounts.get(profile, {"widget": "billing"}).content.decode()


def test_a_credit_note_prints_why(alice: Customer) -> None:
    made = builders.invoice(alice, on=date(2026, 11, 1))
    note = credit.credit(made, date(2026, 11, 2), now(), actor=None, reason="billed twice")
    assert "billed twice" in text_of(render_pdf(note))
