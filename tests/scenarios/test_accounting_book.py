"""What a bookkeeper would check by hand: stories of money, told as the account of the customer and the trial balance.

Prices include VAT: R 575.00 are R 500.00 and R 75.00 of VAT at 15 %. The columns of an account are the day, what it
was, what it added or took, and what was owed after it.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from billing import sweeps
from billing.closing import closing
from billing.documents import credit
from billing.documents.verification import findings
from billing.models import Document, Line, Payment, RecurringLine, Run, VatRate
from billing.payments import receiving, returning
from billing.payments.models import Method
from billing.payments.receiving import Money
from billing.payments.returning import Why
from billing.recurring import lines
from billing.runs import monthly
from billing.runs.planning import Asked, plan
from billing.statements.figures import statement
from customers.models import Customer
from ispbilling.core.clock import day_start, month_of
from ispbilling.core.errors import DomainError
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-5", "W-6")]
FIRST, LAST = date(2025, 1, 1), date(2026, 12, 31)


def noon(day: date) -> datetime:
    return day_start(day) + timedelta(hours=12)


def month_end(month: date) -> Run:
    """The month billed in advance, on its first day."""
    run = plan(Asked(month_of(month), month), noon(month), actor=None)
    monthly.approve(run, noon(month), actor=None)
    assert sweeps.issue_runs(noon(month)).apply(noon(month)).failed == []
    return run


def paid(of: Customer, amount: str, on: date, method: Method = Method.EFT) -> Payment:
    key = f"book:{of.pk}:{on}:{amount}"
    return receiving.receive(Money(Decimal(amount), on, key, of, method), noon(on), actor=None)


def fibre(of: Customer, price: str = "575.00", **also: object) -> RecurringLine:
    return builders.recurring_line(customer=of, price=Decimal(price), description="Fibre", **also)


def account(of: Customer, until: date = LAST) -> list[str]:
    """The account of a payer as its statement shows it."""
    entries = statement(of, FIRST, until).entries
    return [f"{one.on:%d %b}  {one.what}  {one.amount}  {one.balance}" for one in entries]


def still_open(of: Customer, on: date) -> list[tuple[str, Decimal]]:
    return [(str(row), row.open) for row in statement(of, FIRST, on).open_items]


def trial_balance() -> dict[str, Decimal]:
    """What every account that moved holds; debits above zero. The books verify, too."""
    sums: dict[str, Decimal] = {}
    for code, amount in Line.objects.values_list("account__code", "amount"):
        sums[code] = sums.get(code, Decimal(0)) + amount
    assert sum(sums.values()) == 0
    assert list(findings()) == []
    return {code: amount for code, amount in sorted(sums.items()) if amount}


def money(**amounts: str) -> dict[str, Decimal]:
    return {code: Decimal(amount) for code, amount in sorted(amounts.items())}


def test_a_customer_pays_ahead(alice: Customer) -> None:
    fibre(alice, starts_on=date(2026, 4, 1))
    paid(alice, "1000.00", date(2026, 3, 28))
    month_end(date(2026, 4, 1))
    month_end(date(2026, 5, 1))
    assert account(alice) == [
        "28 Mar  Payment REC-2026-000001  -1000.00  -1000.00",
        "01 Apr  Invoice INV-2026-000001  575.00  -425.00",
        "01 May  Invoice INV-2026-000002  575.00  150.00",
    ]
    assert still_open(alice, date(2026, 5, 2)) == [("INV-2026-000002", Decimal("150.00"))]
    assert trial_balance() == money(bank="1000.00", receivable="150.00", revenue="-1000.00", vat="-150.00")


def test_an_upgrade_in_the_middle_of_a_month(alice: Customer) -> None:
    old = fibre(alice, "300.00", starts_on=date(2026, 4, 1))
    month_end(date(2026, 4, 1))
    lines.replace(old, date(2026, 4, 16), {"price": Decimal("600.00")}, date(2026, 4, 16), actor=None)
    run = month_end(date(2026, 5, 1))
    assert [(row.description, row.total) for row in Document.objects.get(run=run).lines.all()] == [
        ("Fibre, April 2026, 2026-04-16 to 2026-04-30: 15 of 30 days", Decimal("300.00")),
        ("Fibre, May 2026", Decimal("600.00")),
        ("Fibre, April 2026, 2026-04-16 to 2026-04-30 not used: 15 of 30 days back", Decimal("-150.00")),
    ]
    assert account(alice) == [
        "01 Apr  Invoice INV-2026-000001  300.00  300.00",
        "01 May  Invoice INV-2026-000002  750.00  1050.00",
    ]


def test_a_late_payer(alice: Customer) -> None:
    fibre(alice, starts_on=date(2026, 4, 1))
    for month in (4, 5, 6):
        month_end(date(2026, month, 1))
    late = statement(alice, FIRST, date(2026, 6, 20))
    assert [(age, amount) for age, amount in late.ages.words() if amount] == [
        ("Current", Decimal("575.00")),
        ("30 Days", Decimal("575.00")),
        ("60 Days", Decimal("575.00")),
    ]
    paid(alice, "700.00", date(2026, 6, 21))
    assert still_open(alice, date(2026, 6, 21)) == [
        ("INV-2026-000002", Decimal("450.00")),
        ("INV-2026-000003", Decimal("575.00")),
    ]


def test_a_debit_order_that_the_bank_returns(alice: Customer) -> None:
    fibre(alice, starts_on=date(2026, 4, 1))
    month_end(date(2026, 4, 1))
    taken = paid(alice, "575.00", date(2026, 4, 3), Method.DEBIT_ORDER)
    assert still_open(alice, date(2026, 4, 4)) == []
    returning.take_back(
        taken, Why.RETURNED, date(2026, 4, 7), noon(date(2026, 4, 7)), actor=None, reason="Not provided for",
        fee=Decimal("115.00"),
    )  # fmt: skip
    assert account(alice) == [
        "01 Apr  Invoice INV-2026-000001  575.00  575.00",
        "03 Apr  Payment REC-2026-000001  -575.00  0.00",
        "07 Apr  Invoice INV-2026-000002  115.00  115.00",
        "07 Apr  Reversal of Payment REC-2026-000001  575.00  690.00",
    ]
    assert still_open(alice, date(2026, 4, 8)) == [
        ("INV-2026-000001", Decimal("575.00")),
        ("INV-2026-000002", Decimal("115.00")),
    ]
    assert trial_balance() == money(receivable="690.00", revenue="-600.00", vat="-90.00")


def test_a_credit_note(alice: Customer) -> None:
    fibre(alice, starts_on=date(2026, 4, 1))
    month_end(date(2026, 4, 1))
    paid(alice, "575.00", date(2026, 4, 5))
    invoice = Document.objects.get(kind="invoice")
    credit.credit(invoice, date(2026, 4, 20), noon(date(2026, 4, 20)), actor=None, reason="No service")
    month_end(date(2026, 5, 1))
    assert account(alice) == [
        "01 Apr  Invoice INV-2026-000001  575.00  575.00",
        "05 Apr  Payment REC-2026-000001  -575.00  0.00",
        "20 Apr  Credit note CN-2026-000001  -575.00  -575.00",
        "01 May  Invoice INV-2026-000002  575.00  0.00",
    ]
    assert trial_balance() == money(bank="575.00", revenue="-500.00", vat="-75.00")


def test_a_master_pays_for_its_subs(alice: Customer, bob: Customer) -> None:
    alice.is_master = alice.bill_all_to_master = True
    alice.save()
    bob.master = alice
    bob.save()
    fibre(alice, starts_on=date(2026, 4, 1))
    fibre(bob, "230.00", starts_on=date(2026, 4, 1))
    month_end(date(2026, 4, 1))
    paid(alice, "805.00", date(2026, 4, 6))
    assert account(alice) == [
        "01 Apr  Invoice INV-2026-000001  575.00  575.00",
        "01 Apr  Invoice INV-2026-000002  230.00  805.00",
        "06 Apr  Payment REC-2026-000001  -805.00  0.00",
    ]
    assert account(bob) == []
    assert statement(alice, FIRST, LAST).by_account == [
        ("ALI001 Alice Liddell", Decimal("575.00")),
        ("BOB001 Bob Plumbing", Decimal("230.00")),
    ]
    assert trial_balance() == money(bank="805.00", revenue="-700.00", vat="-105.00")


def test_the_vat_rate_changes(alice: Customer) -> None:
    VatRate.objects.create(percent=Decimal("15.5"), valid_from=date(2026, 5, 1))
    fibre(alice, starts_on=date(2026, 4, 1))
    month_end(date(2026, 4, 1))
    april = Document.objects.get()
    month_end(date(2026, 5, 1))
    credit.credit(april, date(2026, 5, 2), noon(date(2026, 5, 2)), actor=None, reason="No service")
    assert [(one.reference, one.net, one.vat) for one in Document.objects.order_by("pk")] == [
        ("INV-2026-000001", Decimal("500.00"), Decimal("75.00")),
        ("INV-2026-000002", Decimal("497.84"), Decimal("77.16")),
        ("CN-2026-000001", Decimal("-500.00"), Decimal("-75.00")),  # at the rate of what it answers
    ]
    assert trial_balance() == money(receivable="575.00", revenue="-497.84", vat="-77.16")


def test_a_financial_year_ends(alice: Customer) -> None:
    fibre(alice, starts_on=date(2026, 1, 1))
    for month in (1, 2, 3):
        month_end(date(2026, month, 1))
    paid(alice, "575.00", date(2026, 2, 27))
    closing.close(date(2026, 2, 28), noon(date(2026, 3, 10)), actor=None)
    with pytest.raises(DomainError, match="cannot be before 2026-03-01"):
        paid(alice, "575.00", date(2026, 2, 28))
    paid(alice, "1150.00", date(2026, 3, 12))
    assert account(alice) == [
        "01 Jan  Invoice INV-2025-000001  575.00  575.00",
        "01 Feb  Invoice INV-2025-000002  575.00  1150.00",
        "27 Feb  Payment REC-2025-000001  -575.00  575.00",
        "01 Mar  Invoice INV-2026-000001  575.00  1150.00",
        "12 Mar  Payment REC-2026-000001  -1150.00  0.00",
    ]
    assert still_open(alice, LAST) == []
    assert trial_balance() == money(bank="1725.00", revenue="-1500.00", vat="-225.00")
