"""The trial balance as at any day and over any days, down to the lines, and whether it ties to what is owed."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing.documents import credit
from billing.models import Account, Line
from billing.trial import figures
from customers.models import Customer
from ispbilling.core.clock import now
from ispbilling.core.models import Role
from ispbilling.core.money import ZERO
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def books(alice: Customer, bob: Customer) -> None:
    """Three months of a small provider."""
    first = builders.invoice(alice, on=date(2026, 9, 1))
    builders.invoice(bob, "200.00", "30.00", on=date(2026, 10, 1))
    builders.payment(alice, "100.00", on=date(2026, 10, 5))
    credit.credit(first, date(2026, 11, 2), now(), actor=None, reason="wrong")
    builders.payment(None, "70.00", on=date(2026, 11, 3))


def client(role: Role) -> Client:
    made = Client()
    made.force_login(builders.staff(role))
    return made


def test_it_is_what_the_lines_add_up_to_over_any_days() -> None:
    lines = list(Line.objects.values_list("account_id", "posted_on", "amount"))
    start = date(2026, 8, 31)
    for since in (start + timedelta(days=n) for n in (0, 1, 31, 35, 64)):
        for until in (since + timedelta(days=n) for n in (0, 1, 30, 40)):
            expected: dict[int, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
            for account, on, amount in lines:
                if on < since:
                    expected[account][0] += amount
                elif on <= until:
                    expected[account][1 if amount > 0 else 2] += abs(amount)
            rows = figures.trial_balance(since, until)
            assert {
                r.pk: [r.opening, r.debit, r.credit] for r in rows if r.opening or r.debit or r.credit
            } == {pk: value for pk, value in expected.items() if any(value)}
            assert figures.totals(rows).balanced


def test_the_page_leads_to_the_lines_and_to_their_paper(alice: Customer) -> None:
    accounts = client(Role.READ_ONLY)
    page = accounts.get(reverse("billing:trial_balance"), {"since": "2026-10-01", "until": "2026-10-31"})
    body = page.content.decode()
    assert "Balanced" in body
    receivable = Account.objects.get(code="receivable")
    lines = reverse("billing:trial_account", args=[receivable.pk]) + "?since=2026-10-01&until=2026-10-31"
    assert lines.replace("&", "&amp;") in body
    assert [str(row.closing) for row in page.context["table"].data.data if row.pk == receivable.pk] == [
        "245.00"
    ]
    body = accounts.get(lines).content.decode()
    assert "R 115.00" in body  # opening
    assert "/billing/documents/" in body
    assert "/billing/payments/" in body
    assert "R 245.00" in body  # closing
    assert body.count("row-link") == 2
    # A day that is none, or years away, is this year up to today.
    assert (
        accounts.get(reverse("billing:trial_balance"), {"since": "x", "until": "9999-12-31"}).status_code
        == 200
    )


def test_the_receivables_tie_to_the_payers_and_to_the_age_analysis() -> None:
    part = client(Role.ACCOUNTS).get(
        reverse("billing:trial_balance"),
        {"until": "2026-10-31"},
        headers={"HX-Request": "true", "HX-Target": "control"},
    )
    assert {amount for _, amount in part.context["control"]} == {Decimal("245.00")}
    assert "The same amount" in part.content.decode()


def test_it_leaves_as_csv() -> None:
    answer = client(Role.ACCOUNTS).get(
        reverse("billing:trial_balance"), {"until": "2026-11-30", "since": "2026-09-01", "export": "csv"}
    )
    text = b"".join(answer.streaming_content).decode()
    assert "receivable,Trade receivables,0.00,345.00,215.00,130.00,0.00" in text
