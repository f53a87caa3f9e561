"""The first page: what do I owe, how much is left, what is wrong."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from customers.accounts import gates
from customers.accounts.models import GateKind
from customers.models import Customer
from ispbilling.core.clock import now
from ispbilling.core.models import User
from portal.owing import earliest_due
from radius.models import DataAccount
from tests import builders
from tests.builders import invoice
from tests.portal.conftest import text


def test_it_says_in_the_first_line_what_is_owed_and_when(
    as_alice: Client, alice: Customer, today: date
) -> None:
    invoice(alice, "520.87", "78.13", on=today)
    page = as_alice.get("/portal/")
    assert f"R 599.00</span>, due {today + timedelta(days=7)}" in text(page)
    assert "How to pay" in text(page)


def test_it_says_since_when_it_is_overdue(as_alice: Client, alice: Customer, today: date) -> None:
    invoice(alice, on=today - timedelta(days=30))
    assert f"overdue since {today - timedelta(days=23)}" in text(as_alice.get("/portal/"))


def test_it_says_when_there_is_nothing_to_pay(as_alice: Client) -> None:
    page = text(as_alice.get("/portal/"))
    assert "Nothing to pay" in page
    assert "How to pay" not in page


@pytest.mark.parametrize(
    ("owed", "due"),
    [("50", "2026-11-08"), ("115", "2026-11-08"), ("116", "2026-10-08"), ("900", "2026-09-08")],
)
def test_money_pays_the_oldest_invoice_first(owed: str, due: str) -> None:
    hundred = Decimal(115)
    invoices = [(hundred, date(2026, month, 8)) for month in (11, 10, 9)]
    assert earliest_due(Decimal(owed), invoices) == date.fromisoformat(due)


def test_it_shows_what_each_line_used_of_its_cap(as_alice: Client, line: DataAccount) -> None:
    page = text(as_alice.get("/portal/"))
    assert 'value="30" max="100"' in page
    assert "30&nbsp;%" in page
    assert "70.0 GB" in page
    assert ">Working<" in page


@pytest.mark.feature("POR-3")
def test_it_works_while_suspended_and_says_how_to_get_back(
    as_alice: Client, alice: Customer, manager: User, line: DataAccount, today: date
) -> None:
    invoice(alice, on=today)
    gates.close(alice, GateKind.SUSPENDED, now(), actor=manager, reason="does not answer the phone")
    page = text(as_alice.get("/portal/"))
    assert f"suspended since {today}. Pay R 115.00 with reference ALI001" in page
    assert "does not answer" not in page
    assert ">Suspended<" in page
    for path in ("usage/", "invoices/", "account/"):
        assert as_alice.get(f"/portal/{path}").status_code == 200


@pytest.mark.feature("LIF-8")
def test_it_tells_the_last_day_of_a_cancelled_service(
    as_alice: Client, alice: Customer, manager: User, today: date
) -> None:
    last = today + timedelta(days=10)
    gates.cancel(alice, last, now(), actor=manager, reason="moves away")
    assert f"ends on {last}" in text(as_alice.get("/portal/"))


def test_it_does_not_show_another_customers_lines(as_alice: Client, bob: Customer) -> None:
    builders.data_account(customer=bob, username="bob@isp.test")
    assert "bob@isp.test" not in text(as_alice.get("/portal/"))


@pytest.mark.feature("EDT-19")
def test_a_sub_account_reads_who_is_invoiced_for_it(as_alice: Client, alice: Customer) -> None:
    assert "is invoiced to" not in text(as_alice.get("/portal/"))
    master = builders.customer(code="WON001", name="Wonderland (Pty) Ltd", is_master=True)
    Customer.objects.filter(pk=alice.pk).update(master=master, bill_all_to_master=True)
    assert "is invoiced to Wonderland (Pty) Ltd (WON001)." in text(as_alice.get("/portal/"))
