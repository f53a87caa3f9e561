"""Bank statements become payments: previewed, each line once, and taken back as a whole."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from billing import sweeps
from billing.banking import importing
from billing.banking.models import BankImport, BankImportState, BankLine, BankLineState
from billing.documents import verification as documents
from billing.ledger.posting import GATEWAY_CLEARING
from billing.models import Balance, Line, Payment
from billing.payments import returning, verification
from billing.payments.returning import Why
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Role
from tests import builders

pytestmark = pytest.mark.django_db
HEAD = "Date,Amount,Description\n"
FILE = HEAD + "2026-11-04,115.00,ALI001 thanks\n2026-11-04,50.00,cash\n2026-11-05,-9.00,charges\n"


def uploaded(text: str = FILE, name: str = "nov.csv") -> BankImport:
    return importing.receive(text.encode(), name, now(), actor=None)


def posted(one: BankImport) -> BankImport:
    importing.post(one, now(), actor=None)
    sweeps.bank_imports(now()).apply(now())
    one.refresh_from_db()
    return one


def ledger(*accounts: str) -> list[Decimal]:
    return [
        sum(Line.objects.filter(account__code=code).values_list("amount", flat=True), Decimal(0))
        for code in accounts
    ]


def states(one: BankImport) -> list[str]:
    return list(one.lines.values_list("state", flat=True))


@pytest.fixture(autouse=True)
def the_books_hold_afterwards(db: Any) -> Any:
    yield
    assert [*documents.findings(), *verification.findings()] == []


def test_nothing_is_posted_by_looking(alice: Customer) -> None:
    one = uploaded()
    assert (states(one), one.outgoing) == (["new", "new"], 1)
    sweeps.bank_imports(now()).apply(now())
    assert not Payment.objects.exists()
    importing.discard(one, now(), actor=None)
    assert not BankLine.objects.exists()


def test_lines_that_name_a_customer_are_credited_and_the_rest_waits(alice: Customer) -> None:
    one = posted(uploaded())
    assert (one.state, one.table) == (BankImportState.POSTED, "")
    credited, waiting = Payment.objects.order_by("pk")
    assert (credited.payer, credited.reference, credited.note) == (alice, "ALI001 thanks", "nov.csv, row 2")
    assert waiting.payer is None
    assert Balance.objects.get(customer=alice).amount == -115


def test_a_line_is_posted_once_whichever_files_it_stands_in(alice: Customer) -> None:
    posted(uploaded())
    longer = uploaded(FILE + "2026-11-06,7.00,ALI001\n", "later.csv")
    assert states(longer) == ["known", "known", "new"]
    posted(longer)
    assert Payment.objects.count() == 3


def test_two_previews_of_one_file_post_it_once(alice: Customer) -> None:
    one, other = uploaded(), uploaded()
    posted(one)
    assert states(posted(other)) == ["known", "known"]
    assert Payment.objects.count() == 2


def test_the_database_refuses_a_second_posting_of_a_line(alice: Customer) -> None:
    posted(uploaded())
    other = uploaded(HEAD + "2026-11-06,7.00,x\n")
    line = BankLine.objects.filter(state="posted").first()
    with pytest.raises(IntegrityError), transaction.atomic():
        other.lines.update(digest=line.digest, state="posted", payment=builders.payment(None))


def test_undoing_takes_everything_back_and_the_file_may_come_again(alice: Customer) -> None:
    one = posted(uploaded())
    importing.undo(one, now(), actor=None)
    sweeps.bank_imports(now()).apply(now())
    one.refresh_from_db()
    assert (one.state, states(one)) == (BankImportState.UNDONE, ["undone", "undone"])
    assert Balance.objects.get(customer=alice).amount == 0
    assert Payment.objects.filter(taken_back_on=None).count() == 0
    assert states(posted(uploaded())) == ["posted", "posted"]
    assert Balance.objects.get(customer=alice).amount == -115


def test_what_the_bank_returned_does_not_come_back_with_the_file(alice: Customer) -> None:
    one = posted(uploaded())
    bounced = Payment.objects.get(payer=alice)
    returning.take_back(bounced, Why.RETURNED, local_day(now()), now(), actor=None, reason="no funds")
    importing.undo(one, now(), actor=None)
    sweeps.bank_imports(now()).apply(now())
    assert states(uploaded()) == ["known", "new"]


def test_a_pay_out_of_a_provider_is_booked_against_its_clearing_account_and_undone(alice: Customer) -> None:
    builders.payment(alice, "120.00", into=GATEWAY_CLEARING)
    one = uploaded(HEAD + "2026-11-12,112.50,PAYFAST PAYOUT 77\n2026-11-12,50.00,ALI001\n")
    line = one.lines.get(number=2)
    importing.book_as(line, GATEWAY_CLEARING, Decimal("7.50"))
    posted(one)
    line.refresh_from_db()
    assert (line.state, line.payment) == ("posted", None)
    assert ledger("bank", "bank_charges", GATEWAY_CLEARING) == [Decimal("162.50"), Decimal("7.50"), 0]
    assert Balance.objects.get(customer=alice).amount == -170  # the pay-out credited nobody
    assert states(uploaded(HEAD + "2026-11-12,112.50,PAYFAST PAYOUT 77\n")) == ["known"]
    importing.undo(one, now(), actor=None)
    sweeps.bank_imports(now()).apply(now())
    assert states(one) == ["undone", "undone"]
    assert ledger("bank", "bank_charges", GATEWAY_CLEARING) == [0, 0, 120]


def test_a_line_is_told_to_look_like_a_pay_out_and_becomes_one_on_the_page(
    alice: Customer, as_manager: Client
) -> None:
    one = uploaded(HEAD + "2026-11-12,112.50,PayFast (Pty) Ltd 77\n")
    assert "It looks like a pay-out" in as_manager.get(one.get_absolute_url()).content.decode()
    url, line = reverse("billing:bank_import_pay_out"), one.lines.get()
    bad = {"pk": line.pk, "payout_of": "", "fee": "7.50"}
    assert "Only a pay-out has a fee." in as_manager.post(url, bad).content.decode()
    as_manager.post(url, bad | {"payout_of": GATEWAY_CLEARING})
    page = as_manager.get(one.get_absolute_url()).content.decode()
    assert "Pay-out of Payment gateway clearing, fee R 7.50" in page
    asked = as_manager.get(reverse("billing:bank_import_post", args=[one.pk])).content.decode()
    assert "1 pay-outs of R 112.50 are booked." in asked


def test_a_line_that_is_refused_does_not_stop_the_others(alice: Customer) -> None:
    one = posted(uploaded(HEAD + "1999-11-04,5.00,ALI001\n2026-11-04,115.00,ALI001\n"))
    assert (one.state, states(one)) == (BankImportState.POSTED, ["refused", "posted"])
    assert "before 2000-01-01" in one.lines.first().refusal


def test_lines_are_left_out_of_a_preview_only(alice: Customer) -> None:
    one = uploaded()
    line = one.lines.first()
    importing.leave_out(line, out=True)
    assert states(posted(one)) == ["left_out", "posted"]
    with pytest.raises(DomainError, match="changed meanwhile"):
        importing.leave_out(line, out=False)


def page(client: Client, name: str, *args: object, **query: object) -> str:
    response = client.get(reverse(f"billing:{name}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def send(client: Client, name: str, *args: object, **data: object) -> str:
    return client.post(reverse(f"billing:{name}", args=args), data, follow=True).content.decode()


def test_from_file_to_payments_and_back_on_the_pages(as_manager: Client, alice: Customer) -> None:
    builders.payment(alice, "50.00", on=date(2026, 11, 4))
    shown = send(as_manager, "bank_import_add", file=SimpleUploadedFile("nov.csv", FILE.encode()))
    one = BankImport.objects.get()
    for part in ("ALI001 Alice Liddell, by account code ALI001", "Unallocated", "REC-2026-000001"):
        assert part in shown, part
    asked = page(as_manager, "bank_import_post", one.pk)
    for part in ("2 payments of R 165.00", "1 name their customer", "1 wait under Unallocated"):
        assert part in asked, part
    cash = one.lines.get(reference="cash")
    assert "Left out" in send(as_manager, "bank_import_leave_out", pk=cash.pk)
    assert "Being posted" in send(as_manager, "bank_import_post", one.pk)
    sweeps.bank_imports(now()).apply(now())
    done = page(as_manager, "bank_import_detail", one.pk)
    assert "REC-2026-000002: ALI001 Alice Liddell" in done
    assert "R 115.00" in page(as_manager, "bank_import_list")
    assert "1 payments of R 115.00 are taken back" in page(as_manager, "bank_import_undo", one.pk)
    send(as_manager, "bank_import_undo", one.pk)
    sweeps.bank_imports(now()).apply(now())
    one.refresh_from_db()
    assert one.state == BankImportState.UNDONE


def test_columns_that_are_not_clear_are_chosen(as_manager: Client, alice: Customer) -> None:
    odd = "when,what,how much,left\n04.11.2026,ALI001,115,1115\n05.11.2026,cash,50,1165\n"
    send(as_manager, "bank_import_add", file=SimpleUploadedFile("odd.csv", odd.encode()))
    one = BankImport.objects.get()
    assert "Amount, in and out" in page(as_manager, "bank_import_columns", one.pk)
    wrong = send(as_manager, "bank_import_columns", one.pk, first=2, column_0="date", column_1="date")
    assert "one column only" in wrong
    send(
        as_manager, "bank_import_columns", one.pk, first=2, column_0="date", column_1="reference",
        column_2="amount", column_3="",
    )  # fmt: skip
    assert [(line.reference, line.amount) for line in one.lines.all()] == [("ALI001", 115), ("cash", 50)]


def test_a_file_that_is_no_statement_is_refused_with_nothing_kept(as_manager: Client) -> None:
    picture = SimpleUploadedFile("nov.csv", b"\x89PNG\r\n")
    assert "a picture" in send(as_manager, "bank_import_add", file=picture)
    assert not BankImport.objects.exists()


def test_undoing_is_for_the_financial_manager(alice: Customer) -> None:
    one = posted(uploaded())
    accounts = Client()
    accounts.force_login(builders.staff(Role.ACCOUNTS))
    assert "Undo" not in page(accounts, "bank_import_detail", one.pk)
    assert accounts.post(reverse("billing:bank_import_undo", args=[one.pk])).status_code == 403
    assert BankLineState.UNDONE not in states(one)
