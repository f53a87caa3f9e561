"""How a customer may pay for a top-up, and what it says of it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from billing.data_sales import quoting
from billing.data_sales.models import DataSalesSettings
from customers.relations.paying import payer
from ispbilling.core.money import format_money
from portal import paying
from radius.models import DataAccount

ACCOUNT, ONLINE = "account", "online"


def ways(account: DataAccount, prices: Sequence[Decimal], now: datetime) -> list[tuple[str, str]]:
    """The ways to pay for a top-up of this line at one of these prices, the likeliest first."""
    found, credit = list[tuple[str, str]](), quoting.credit(account.customer)
    if payer(account.customer) == account.customer:
        may_owe = (
            not account.prepaid
            and DataSalesSettings.get().portal_on_account
            and not quoting.overdue(account.customer, now)
        )
        if credit > 0 and (may_owe or credit >= min(prices, default=credit)):
            rest = ", the rest on my account" if may_owe and credit < max(prices, default=credit) else ""
            found.append((ACCOUNT, f"From my credit of {format_money(credit)}{rest}"))
        elif may_owe:
            found.append((ACCOUNT, "On my account, with an invoice"))
    if paying.online():
        found.append((ONLINE, "Now, by card or instant EFT"))
    return found


def no_way(account: DataAccount, now: datetime) -> str:
    """Why there may be no way to pay, and what helps, where `ways` is empty."""
    who = payer(account.customer)
    if who != account.customer:
        return f"What this account uses is charged to {who.name}: ask them, or us, for a top-up."
    if not account.prepaid and DataSalesSettings.get().portal_on_account and quoting.overdue(who, now):
        return "Something is overdue on your account. Pay that first, then you can buy a top-up."
    return "Pay in advance as shown here; as soon as enough is in your credit you can buy a top-up with it."


def obstacle(account: DataAccount, now: datetime) -> str:
    """Why nothing can be bought for a line now, in words for its owner; empty when it can."""
    if why := quoting.out_of_service(account, now):
        return why
    if not quoting.offered(account, portal=True).exists():
        return "There is nothing to buy for this line at the moment."
    return quoting.stands_still(account, now)
