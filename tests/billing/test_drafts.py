"""Invoices written by hand: drafted, edited, cloned, deleted; issued once, and then paper like any other."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from billing.closing import closing
from billing.documents.verification import findings
from billing.drafts import writing
from billing.drafts.writing import LineValues, Written
from billing.models import Balance, BillingSettings, Document, InvoiceDraft, InvoiceDraftLine
from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core import meanwhile
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, Role
from tests import builders

pytestmark = pytest.mark.django_db
MAST = LineValues("Mast, 6 m", Decimal(2), Decimal("575.00"), Decimal(10))
WORK = LineValues("Installation", Decimal("1.5"), Decimal("400.00"), vat_exempt=True)


def issue(draft: InvoiceDraft) -> Document:
    return writing.issue(draft, now(), actor=None)


def test_a_draft_charges_nothing_and_has_no_number(alice: Customer) -> None:
    made = builders.draft(alice, MAST, WORK)
    assert not Document.objects.exists()
    assert not Balance.objects.exists()
    assert writing.as_paper(made, now()).total == Decimal("1635.00")


def test_issued_it_is_an_invoice_of_its_lines(alice: Customer) -> None:
    alice.due_days = 30
    alice.save(update_fields=["due_days"])
    made = issue(builders.draft(alice, MAST, WORK))
    today = local_day(now())
    assert (made.kind, made.issued_on, made.due_on) == ("invoice", today, today + timedelta(days=30))
    lines = [(str(x), x.quantity, x.discount, x.vat_rate, x.net, x.vat) for x in made.lines.all()]
    assert lines == [
        (
            "Mast, 6 m",
            Decimal("2.00"),
            Decimal("10.00"),
            Decimal("15.00"),
            Decimal("900.00"),
            Decimal("135.00"),
        ),
        (
            "Installation",
            Decimal("1.50"),
            Decimal("0.00"),
            Decimal("0.00"),
            Decimal("600.00"),
            Decimal("0.00"),
        ),
    ]
    assert Balance.objects.get(customer=alice).amount == made.total == Decimal("1635.00")
    assert Event.objects.filter(kind="invoice.issued").count() == 1
    assert list(findings()) == []


def test_prices_without_vat_have_it_added(alice: Customer) -> None:
    BillingSettings.objects.update(prices_include_vat=False)
    made = issue(builders.draft(alice, LineValues("Work", Decimal(1), Decimal("100.00"))))
    assert (made.net, made.vat, made.total) == (Decimal("100.00"), Decimal("15.00"), Decimal("115.00"))


def test_whoever_pays_for_the_customer_is_invoiced(alice: Customer, bob: Customer) -> None:
    Customer.objects.filter(pk=alice.pk).update(is_master=True, due_days=0)
    Customer.objects.filter(pk=bob.pk).update(master=alice, bill_all_to_master=True)
    bob.refresh_from_db()
    made = issue(builders.draft(bob))
    assert (made.customer, made.payer, made.due_on) == (bob, alice, made.issued_on)


def test_a_draft_is_issued_once(alice: Customer) -> None:
    draft = builders.draft(alice)
    assert issue(draft) == issue(draft) == Document.objects.get()
    with pytest.raises(DomainError, match="issued as INV-"):
        writing.change(draft, Written(alice, None, [WORK]), now(), actor=None)
    with pytest.raises(DomainError, match="issued as INV-"):
        writing.delete(draft, now(), actor=None)


@pytest.mark.django_db(transaction=True)
def test_many_who_issue_at_once_make_one_invoice(alice: Customer) -> None:
    draft = builders.draft(alice)

    def press(_: int) -> str:
        try:
            return str(issue(draft))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(press, range(4)))) == 1
    assert Document.objects.count() == 1


def test_it_is_dated_when_it_says_unless_that_cannot_be(alice: Customer) -> None:
    day = local_day(now())
    early = builders.draft(alice, issue_on=day - timedelta(days=40))
    assert issue(early).issued_on == day - timedelta(days=40)
    with pytest.raises(DomainError, match="in the future"):
        issue(builders.draft(alice, issue_on=day + timedelta(days=1)))
    with pytest.raises(DomainError, match="more than a year ahead"):
        builders.draft(alice, issue_on=date(9999, 12, 31))
    with pytest.raises(DomainError, match="No VAT rate"):
        builders.draft(alice, issue_on=date(1980, 1, 1))
    closed = builders.draft(alice, issue_on=date(2026, 10, 31))
    closing.close(date(2026, 10, 31), now(), actor=None)
    with pytest.raises(DomainError, match="closed up to 2026-10-31"):
        issue(closed)


def test_nothing_is_issued_to_who_is_deleted_or_for_nothing(alice: Customer) -> None:
    free = builders.draft(alice, LineValues("Goodwill", Decimal(1), Decimal(0)))
    with pytest.raises(DomainError, match="total is R 0.00"):
        issue(free)
    draft = builders.draft(alice)
    gates.close(alice, GateKind.DELETED, now(), actor=None)
    with pytest.raises(DomainError, match="ALI001 Alice Liddell is deleted"):
        issue(draft)


def test_an_amount_that_cannot_be_right_is_refused(alice: Customer) -> None:
    with pytest.raises(DomainError, match="cannot be right"):
        builders.draft(alice, LineValues("Slip", Decimal(10**6), Decimal(10**6)))
    with pytest.raises(DomainError, match="at least one line"):
        writing.add(Written(alice, None, []), uuid4(), now(), actor=None)


def test_the_same_form_sent_twice_makes_one_draft(alice: Customer) -> None:
    token = uuid4()
    assert builders.draft(alice, token=token) == builders.draft(alice, token=token)
    assert InvoiceDraft.objects.count() == 1


def test_a_change_is_told_and_two_who_change_at_once_notice(alice: Customer) -> None:
    draft = builders.draft(alice, WORK)
    seen = meanwhile.latest(draft)
    writing.change(draft, Written(alice, None, [MAST]), now(), actor=None, seen=seen)
    changes = Event.objects.get(kind="draft.edited").data["changes"]
    assert changes["lines"] == [
        "1.5 x Installation at R 400.00, VAT exempt", "2 x Mast, 6 m at R 575.00 less 10 %",
    ]  # fmt: skip
    with pytest.raises(meanwhile.ChangedMeanwhile, match="changed the"):
        writing.change(draft, Written(alice, None, [WORK]), now(), actor=None, seen=seen)
    assert [str(line) for line in draft.lines.all()] == ["Mast, 6 m"]
    writing.change(draft, Written(alice, None, [MAST]), now(), actor=None)
    assert Event.objects.filter(kind="draft.edited").count() == 1


def test_a_clone_has_the_lines_of_a_draft_or_of_any_invoice(alice: Customer) -> None:
    draft = builders.draft(alice, MAST, WORK, issue_on=date(2026, 11, 1))
    again = writing.clone(draft, uuid4(), now(), actor=None)
    assert (again.issue_on, writing.lines_of(again)) == (None, writing.lines_of(draft))
    invoice = issue(draft)
    third = writing.clone(invoice, uuid4(), now(), actor=None)
    assert writing.lines_of(third) == writing.lines_of(draft)
    with pytest.raises(DomainError, match="not an invoice"):
        writing.clone(builders.adjustment(alice), uuid4(), now(), actor=None)


@pytest.mark.parametrize("values", [{"quantity": 0}, {"price": -1}, {"discount": 101}])
def test_postgresql_refuses_lines_that_make_no_sense(alice: Customer, values: dict[str, int]) -> None:
    line = {"description": "x", "quantity": 1, "price": 1, "discount": 0, "position": 9} | values
    with pytest.raises(IntegrityError, match="billing_invoicedraftline_amounts"), transaction.atomic():
        InvoiceDraftLine.objects.create(draft=builders.draft(alice), **line)


def client(role: Role = Role.ACCOUNTS) -> Client:
    made = Client()
    made.force_login(builders.staff(role))
    return made


def shown(client: Client, url: str) -> dict[str, Any]:
    """What the browser would send if the form were sent as it is shown."""
    form, sent = client.get(url).context["form"].first, {}
    for one in (form, form.rows.management_form, *form.rows.forms):
        for name in one.fields:
            value = one[name].value()
            if value is not None and value is not False and value != "":
                sent[one.add_prefix(name)] = "on" if value is True else value
    return sent


def row(number: int, **values: Any) -> dict[str, Any]:
    return {f"lines-{number}-{name}": value for name, value in values.items()}


def test_accounts_staff_write_and_issue_an_invoice(alice: Customer) -> None:
    accounts = client()
    profile = reverse("customers:customer_detail", args=[alice.pk])
    widget = accounts.get(profile, {"widget": "billing"}).content.decode()
    url = f"{reverse('billing:draft_add')}?customer=ALI001"
    assert url in widget
    sent = shown(accounts, url)
    assert sent["customer"] == "ALI001 Alice Liddell"
    sent |= {"lines-TOTAL_FORMS": 3} | row(0, description="Mast", quantity="2", price="575.00", discount="10")
    sent |= row(1, quantity="1", discount="0")  # added and left empty
    sent |= row(2, description="Work", quantity="1.5", price="400", vat_exempt="on")
    page = accounts.post(url, sent, follow=True).content.decode()
    for part in ("is saved. Nothing is charged until you issue it", "R 1,635.00", "Mast", "Alice Liddell"):
        assert part in page, part
    draft = InvoiceDraft.objects.get()
    assert accounts.post(url, sent).status_code == 302  # a double click
    assert InvoiceDraft.objects.count() == 1
    listed = accounts.get(reverse("billing:draft_list"), {"q": "mast"}).content.decode()
    assert "R 1,635.00" in listed
    issuing = reverse("billing:draft_issue", args=[draft.pk])
    assert "is invoiced R 1,635.00" in accounts.get(issuing).content.decode()
    for _ in range(2):
        assert "is issued." in accounts.post(issuing, follow=True).content.decode()
    assert Document.objects.get().total == Decimal("1635.00")
    assert "Issued as INV-" in accounts.get(draft.get_absolute_url()).content.decode()
    assert accounts.get(reverse("billing:draft_edit", args=[draft.pk])).status_code == 404
    assert "R 1,635.00" not in accounts.get(reverse("billing:draft_list")).content.decode()


def test_a_draft_is_edited_and_deleted(alice: Customer, bob: Customer) -> None:
    accounts, draft = client(), builders.draft(alice, MAST, WORK)
    url = reverse("billing:draft_edit", args=[draft.pk])
    sent = shown(accounts, url)
    sent |= {"lines-0-DELETE": "on", "lines-1-price": "500.00", "customer": "BOB001"}
    assert accounts.post(url, sent).status_code == 302
    draft.refresh_from_db()
    assert draft.customer == bob
    assert [(str(line), line.price) for line in draft.lines.all()] == [("Installation", Decimal("500.0000"))]
    clash = accounts.post(url, sent | {"lines-1-price": "600.00"})
    assert "What you typed is still here" in clash.content.decode()
    delete = reverse("billing:draft_delete", args=[draft.pk])
    assert "Nothing was charged" in accounts.get(delete).content.decode()
    assert "is deleted." in accounts.post(delete, follow=True).content.decode()
    assert not InvoiceDraft.objects.exists()
    assert accounts.get(draft.get_absolute_url()).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", "1e3"), ("price", "-5"), ("price", "1,000.00"), ("price", "NaN"), ("price", ""),
        ("quantity", "0"), ("quantity", "-1"), ("discount", "101"), ("description", ""),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_is_marked_and_nothing_is_lost(alice: Customer, field: str, value: str) -> None:
    accounts, url = client(), f"{reverse('billing:draft_add')}?customer=ALI001"
    good = {"description": "Mast", "quantity": "1", "price": "1.00", "discount": "0"}
    answer = accounts.post(url, shown(accounts, url) | row(0, **good | {field: value}))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "A line is not complete" in page
    assert answer.context["form"].first.rows.forms[0].errors.keys() == {field}
    assert "Mast" in page or field == "description"
    assert not InvoiceDraft.objects.exists()


def test_an_invoice_without_lines_or_customer_is_not_saved(alice: Customer) -> None:
    accounts, url = client(), reverse("billing:draft_add")
    page = accounts.post(url, shown(accounts, url) | {"customer": "NOBODY1"}).content.decode()
    assert "An invoice needs at least one line" in page
    assert "No customer has" in page


def test_add_line_works_without_javascript(alice: Customer) -> None:
    accounts, url = client(), f"{reverse('billing:draft_add')}?customer=ALI001"
    sent = shown(accounts, url) | row(0, description="Mast", price="1.00") | {"add_line": "1"}
    form = accounts.post(url, sent).context["form"].first
    assert len(form.rows.forms) == 2
    assert form.rows.forms[0]["description"].value() == "Mast"
    assert not form.errors
    assert not InvoiceDraft.objects.exists()


def test_an_invoice_is_cloned_from_its_page(alice: Customer) -> None:
    accounts, invoice = client(), builders.invoice(alice)
    assert "Clone" in accounts.get(invoice.get_absolute_url()).content.decode()
    url = reverse("billing:document_clone", args=[invoice.pk])
    sent = {"token": uuid4()}
    for _ in range(2):
        assert accounts.post(url, sent).status_code == 302
    assert [line.description for line in InvoiceDraft.objects.get().lines.all()] == ["Installation"]


def test_support_staff_write_no_invoices(alice: Customer) -> None:
    support, draft = client(Role.SUPPORT), builders.draft(alice)
    assert support.get(reverse("billing:draft_list")).status_code == 403
    assert support.post(reverse("billing:draft_issue", args=[draft.pk])).status_code == 403
    assert not Document.objects.exists()
