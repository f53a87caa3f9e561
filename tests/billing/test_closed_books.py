"""Closed books take nothing more: acts refuse in words, PostgreSQL refuses whatever program writes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Event as Signal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from billing.closing import closing
from billing.documents import credit
from billing.ledger import books, posting
from billing.models import BillingSettings, Document, Posting, Run
from billing.runs import monthly
from billing.runs.planning import Asked, plan
from customers.models import Customer
from ispbilling.core.clock import local_day, month_of, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, Role, User
from tests import builders
from tests.billing.test_posting import sale

pytestmark = pytest.mark.django_db
END = date(2026, 10, 31)
NEXT = date(2026, 11, 1)
CLOSED = "closed up to 2026-10-31"


@pytest.fixture
def closed(db: None) -> None:
    closing.close(END, now(), actor=None)


def test_no_paper_is_dated_in_a_closed_period(alice: Customer, closed: None) -> None:
    with pytest.raises(DomainError, match=CLOSED):
        builders.invoice(alice, on=END)
    made = builders.invoice(alice, on=NEXT)
    assert Document.objects.get() == made
    assert Posting.objects.count() == 1


def test_an_old_invoice_is_credited_in_an_open_period(alice: Customer) -> None:
    made = builders.invoice(alice, on=date(2026, 10, 1))
    closing.close(END, now(), actor=None)
    with pytest.raises(DomainError, match=CLOSED):
        credit.credit(made, END, now(), actor=None, reason="late")
    assert credit.credit(made, NEXT, now(), actor=None, reason="late").issued_on == NEXT


def test_no_run_is_dated_in_a_closed_period(alice: Customer, closed: None) -> None:
    builders.recurring_line(customer=alice)
    with pytest.raises(DomainError, match=CLOSED):
        plan(Asked(month_of(END), END), now(), actor=None)
    assert not Run.objects.exists()


def test_a_preview_from_before_the_closing_is_not_approved(alice: Customer) -> None:
    builders.recurring_line(customer=alice)
    run = plan(Asked(month_of(END), END), now(), actor=None)
    closing.close(END, now(), actor=None)
    with pytest.raises(DomainError, match=CLOSED):
        monthly.approve(run, now(), actor=None)


def test_books_are_not_closed_under_a_run_that_is_being_issued(alice: Customer) -> None:
    builders.recurring_line(customer=alice)
    monthly.approve(plan(Asked(month_of(END), END), now(), actor=None), now(), actor=None)
    with pytest.raises(DomainError, match="is being issued with the date 2026-10-31"):
        closing.close(END, now(), actor=None)
    assert books.closed_until() is None


def test_nothing_else_is_posted_or_reversed_in_a_closed_period(alice: Customer) -> None:
    with transaction.atomic():
        posted = posting.post(sale(alice), now())
    closing.close(local_day(now()) - timedelta(days=1), now(), actor=None)
    with pytest.raises(DomainError, match="The books are closed"), transaction.atomic():
        posting.reverse(posted, date(2026, 1, 31), now())


def test_postgresql_refuses_lines_of_a_closed_day(closed: None) -> None:
    with pytest.raises(IntegrityError, match=CLOSED), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO billing_line (posting_id, account_id, posted_on, amount)
               SELECT -1, id, '2026-10-31', 5 FROM billing_account WHERE code = 'bank'"""
        )


def test_postgresql_refuses_a_posting_of_a_closed_day(closed: None) -> None:
    with pytest.raises(IntegrityError, match=CLOSED), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO billing_seal (seq, postings, prev, hash, at) SELECT 1, 1, '', '', now();
               INSERT INTO billing_posting (id, source_key, posted_on, memo, digest, seal_id)
               VALUES (-1, 'x', '2026-10-31', 'x', '', 1)"""
        )


def test_only_days_that_are_over_are_closed_and_only_forward(closed: None) -> None:
    for day in (local_day(now()), local_day(now()) + timedelta(days=1)):
        with pytest.raises(DomainError, match="is not over"):
            closing.close(day, now(), actor=None)
    for day in (END, END - timedelta(days=1)):
        with pytest.raises(DomainError, match="already"):
            closing.close(day, now(), actor=None)
    assert books.closed_until() == END


def test_reopening_opens_later_days_or_all(alice: Customer, closed: None, manager: User) -> None:
    with pytest.raises(DomainError, match="choose an earlier day"):
        closing.reopen(END, now(), actor=manager, reason="x")
    closing.reopen(date(2026, 9, 30), now(), actor=manager, reason="the accountant asks")
    builders.invoice(alice, on=END)
    with pytest.raises(DomainError, match="closed up to 2026-09-30"):
        builders.invoice(alice, on=date(2026, 9, 30))
    closing.reopen(None, now(), actor=manager, reason="all of it")
    builders.invoice(alice, on=date(2026, 9, 30))
    with pytest.raises(DomainError, match="The books are open"):
        closing.reopen(None, now(), actor=manager, reason="again")
    told = [
        (e.kind, e.data["changes"]["closed_until"]) for e in Event.objects.filter(kind__startswith="books.")
    ]
    assert sorted(told) == [
        ("books.closed", ["", "2026-10-31"]),
        ("books.reopened", ["2026-09-30", ""]),
        ("books.reopened", ["2026-10-31", "2026-09-30"]),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_posting_that_is_under_way_is_waited_for(alice: Customer) -> None:
    posted, go_on = Signal(), Signal()

    def slowly() -> None:
        try:
            with transaction.atomic():
                builders.invoice(alice, on=END)
                posted.set()
                go_on.wait(10)
        finally:
            connection.close()

    def shut() -> None:
        try:
            closing.close(END, now(), actor=None)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        invoice = pool.submit(slowly)
        posted.wait(10)
        done = pool.submit(shut)
        assert not done.done()
        go_on.set()
        invoice.result()
        done.result()
    assert Document.objects.get().issued_on == END
    assert books.closed_until() == END


def client(role: Role) -> Client:
    made = Client()
    made.force_login(builders.staff(role))
    return made


def test_the_pages_close_and_reopen_and_say_so(db: None) -> None:
    finance, manager = client(Role.FINANCIAL_MANAGER), client(Role.MANAGER)
    close, reopen = reverse("billing:books_close"), reverse("billing:books_reopen")
    assert "All days are open now" in manager.get(close).content.decode()
    assert "The books are open." in finance.get(reopen).content.decode()
    done = manager.post(close, {"until": END, "reason": "VAT return"}, follow=True).content.decode()
    assert f"The books are {CLOSED}." in done
    assert "Reopen Books" not in done
    assert (
        "Reopen Books (closed up to 2026-10-31)"
        in finance.get(reverse("billing:settings_edit")).content.decode()
    )
    assert manager.post(reopen, {"until": "", "reason": "x"}).status_code == 403
    assert "required" in finance.post(reopen, {"until": "", "reason": ""}).content.decode()
    finance.post(reopen, {"until": "", "reason": "the accountant asks"})
    assert BillingSettings.get().closed_until is None


def test_a_credit_note_in_closed_books_is_an_error_of_the_form(as_manager: Client, alice: Customer) -> None:
    made = builders.invoice(alice, on=date(2026, 10, 1))
    closing.close(END, now(), actor=None)
    url = reverse("billing:document_credit", args=[made.pk])
    answer = as_manager.post(url, {"on": END, "reason": "late"})
    assert answer.status_code == 200
    assert CLOSED in answer.content.decode()
