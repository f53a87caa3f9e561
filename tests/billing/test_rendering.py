"""The paper says what the document says; its text is read back from the PDF."""

from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader

from billing.documents import credit, issuing
from billing.documents.rendering import render_pdf
from billing.models import Document
from billing.recurring.charges import due
from billing.recurring.terms import Terms
from billing.runs.drafting import draft_of
from customers.models import Customer
from ispbilling.core.clock import day_start, month_of, now
from ispbilling.core.models import Provider
from tests import builders

pytestmark = pytest.mark.django_db
NOVEMBER = month_of(date(2026, 11, 1))


def text_of(paper: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(paper)).pages).split())


@pytest.fixture(autouse=True)
def provider() -> None:
    Provider.objects.update(
        name="Karoo Connect",
        legal_name="Karoo Connect (Pty) Ltd",
        registration_number="2019/123456/07",
        vat_number="4870001234",
        address="12 Main Road\nPrince Albert\n6930",
        bank_details="First Bank\nAccount 62000000001\nBranch 250655",
        invoice_note="Thank you.",
    )


@pytest.fixture
def invoice(alice: Customer) -> Document:
    Customer.objects.filter(pk=alice.pk).update(
        physical_address="4 Church Street\nPrince Albert", vat_number="4123456789"
    )
    builders.recurring_line(customer=alice, price=Decimal("899.00"), starts_on=date(2026, 11, 16))
    builders.recurring_line(
        customer=alice, description="Static IP", price=Decimal(50), discount=Decimal(10), quantity=Decimal(2)
    )
    (bill,) = due(Terms.of(NOVEMBER, NOVEMBER.start), day_start(NOVEMBER.start))
    draft = draft_of(bill, None, "test")
    return issuing.issue([draft], NOVEMBER.start, now())[0]


def test_a_tax_invoice_has_all_that_the_law_and_the_customer_ask_for(invoice: Document) -> None:
    paper = render_pdf(invoice)
    text = text_of(paper)
    for part in (
        "Tax invoice", "INV-2026-000001", "Karoo Connect (Pty) Ltd", "4870001234", "2019/123456/07",
        "Alice Liddell", "4 Church Street", "4123456789", "2026-11-01", "2026-11-08", "ALI001",
        "15 of 30 days", "by the day", "Static IP", "10 %", "449.50", "90.00", "R 469.13", "R 70.37", "R 539.50",
        "First Bank", "62000000001", "Payment reference", "Thank you.",
    ):  # fmt: skip
        assert part in text, part
    assert b"pdfaid" in paper
    assert len(PdfReader(BytesIO(paper)).pages) == 1


def test_the_same_document_is_the_same_file(invoice: Document) -> None:
    assert render_pdf(invoice) == render_pdf(invoice)


def test_a_credit_note_names_the_invoice_and_asks_for_no_money(invoice: Document) -> None:
    note = credit.credit(invoice, date(2026, 11, 2), day_start(date(2026, 11, 2)), actor=None, reason="wrong")
    text = text_of(render_pdf(note))
    assert "Credit note CN-2026-000001" in text
    assert "Corrects INV-2026-000001" in text
    assert "-R 539.50" in text
    assert "First Bank" not in text


def test_a_provider_without_vat_writes_an_invoice(alice: Customer) -> None:
    Provider.objects.update(vat_number="")
    text = text_of(render_pdf(builders.invoice(alice, vat="0.00")))
    assert text.startswith("Karoo Connect")
    assert "Tax invoice" not in text


def test_markup_in_a_name_is_printed_and_not_obeyed(alice: Customer) -> None:
    Customer.objects.filter(pk=alice.pk).update(name='#panic("x") *bold* $a$ \\ "quoted"')
    alice.refresh_from_db()
    assert '#panic("x") *bold* $a$ \\ "quoted"' in text_of(render_pdf(builders.invoice(alice)))


def test_many_lines_go_on_over_pages(alice: Customer) -> None:
    for number in range(60):
        builders.recurring_line(customer=alice, description=f"Line {number}", price=Decimal(10))
    (bill,) = due(Terms.of(NOVEMBER, NOVEMBER.start), day_start(NOVEMBER.start))
    document = issuing.issue([draft_of(bill, None, "many")], NOVEMBER.start, now())[0]
    paper = PdfReader(BytesIO(render_pdf(document)))
    assert len(paper.pages) > 1
    assert "Description" in paper.pages[1].extract_text()
