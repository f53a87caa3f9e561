"""How a customer may pay for a top-up, and what it says of it."""

from datetime import datetime

from billing.data_sales import quoting
from billing.data_sales.models import DataSalesSettings
from customers.relations.paying import payer
from ispbilling.core.money import format_money
from portal import paying
from radius.models import DataAccount

ACCOUNT, ONLINE = "account", "online"


def ways(account: DataAccount, now: datetime) -> list[tuple[str, str]]:
    """The ways to pay for a top-up of this line, the likeliest first."""
    found, credit = list[tuple[str, str]](), quoting.credit(account.customer)
    if payer(account.customer) == account.customer:
        if credit > 0:
            found.append((ACCOUNT, f"From my credit of {format_money(credit)}"))
        elif (
            not account.prepaid
            and DataSalesSettings.get().portal_on_account
            and not quoting.overdue(account.customer, now)
        ):
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
    return "Pay in advance as shown here; as soon as it is in your credit you can buy a top-up with it."
