"""What each account held before a period, what moved within it, and what it held after; from the lines alone.

One aggregate over `billing_line`: the index `billing_line_account_day` carries the amount, so that the table itself
is not read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection

from billing.ledger.models import Account
from billing.ledger.posting import RECEIVABLE
from billing.recurring.models import BillingSettings
from ispbilling.core.clock import add_months
from ispbilling.core.money import ZERO


@dataclass(frozen=True, slots=True)
class Standing:
    """One account over a period: above zero is debit. `debit` and `credit` are what moved, both positive."""

    account: Account
    opening: Decimal
    debit: Decimal
    credit: Decimal

    @property
    def pk(self) -> int:
        return self.account.pk

    @property
    def closing(self) -> Decimal:
        return self.opening + self.debit - self.credit

    @property
    def closing_debit(self) -> Decimal:
        return max(self.closing, ZERO)

    @property
    def closing_credit(self) -> Decimal:
        return max(-self.closing, ZERO)


@dataclass(frozen=True, slots=True)
class Totals:
    """The foot of the trial balance; `balanced` is what double entry promises."""

    opening: Decimal = ZERO
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    closing_debit: Decimal = ZERO
    closing_credit: Decimal = ZERO

    @property
    def balanced(self) -> bool:
        return self.opening == 0 and self.debit == self.credit and self.closing_debit == self.closing_credit


def trial_balance(since: date, until: date) -> list[Standing]:
    """Every account over the days from `since` to `until`, both included, by code."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIAL_BALANCE, {"since": since, "until": until})
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    nothing = (ZERO, ZERO, ZERO)
    return [
        Standing(account, *found.get(account.pk, nothing)) for account in Account.objects.order_by("code")
    ]


def standing(account: Account, since: date, until: date) -> Standing:
    """One account over the days."""
    with connection.cursor() as cursor:
        text = _TRIAL_BALANCE.replace("WHERE", "WHERE account_id = %(account)s AND")
        cursor.execute(text, {"since": since, "until": until, "account": account.pk})
        row = cursor.fetchone()
    return Standing(account, *(row[1:] if row else (ZERO, ZERO, ZERO)))


def totals(rows: Iterable[Standing]) -> Totals:
    """The sums of all accounts."""
    found = list(rows)

    def added(name: str) -> Decimal:
        return sum((getattr(row, name) for row in found), ZERO)

    return Totals(*(added(name) for name in Totals.__slots__))


def owed_by_payers(until: date) -> Decimal:
    """What the payers owe together after a day: the receivable lines that name somebody."""
    with connection.cursor() as cursor:
        cursor.execute(_OWED, {"until": until, "receivable": RECEIVABLE})
        found: Decimal = cursor.fetchone()[0]
    return found


def year_start(today: date) -> date:
    """The first day of the financial year in which a day lies."""
    end_month = BillingSettings.get().financial_year_end_month
    first = date(today.year, end_month, 1)
    return add_months(first, 1 if today.month > end_month else -11)


_TRIAL_BALANCE = """
SELECT account_id,
    coalesce(sum(amount) FILTER (WHERE posted_on < %(since)s), 0.00),
    coalesce(sum(amount) FILTER (WHERE posted_on >= %(since)s AND amount > 0), 0.00),
    coalesce(-sum(amount) FILTER (WHERE posted_on >= %(since)s AND amount < 0), 0.00)
FROM billing_line WHERE posted_on <= %(until)s
GROUP BY account_id
"""
_OWED = """
SELECT coalesce(sum(owed), 0.00) FROM (
    SELECT sum(l.amount) AS owed FROM billing_line l JOIN billing_account a ON a.id = l.account_id
    WHERE a.code = %(receivable)s AND l.posted_on <= %(until)s GROUP BY l.customer_id
) payers
"""
