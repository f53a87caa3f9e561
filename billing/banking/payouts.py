"""Lines of a bank statement that are no customer's money: a provider pays out what it took for us, less its fee."""

from collections.abc import Mapping
from datetime import datetime

from billing.banking.models import BankLine
from billing.ledger import posting
from billing.ledger.models import Posting
from billing.ledger.posting import BANK, BANK_CHARGES, DEBIT_CLEARING, GATEWAY_CLEARING, Amount, Entry
from billing.payments import receiving
from ispbilling.core.clock import local_day

#: The accounts that are paid out, as the ledger calls them.
CLEARINGS: Mapping[str, str] = {
    GATEWAY_CLEARING: "Payment gateway clearing",
    DEBIT_CLEARING: "Debit order clearing",
}
#: How providers sign their pay-outs, in lower case.
_SIGNED = {"payfast": GATEWAY_CLEARING, "netcash": DEBIT_CLEARING, "sagepay": DEBIT_CLEARING}


def guess(reference: str) -> str:
    """The account whose pay-out a line looks like, "" for none. Pure."""
    text = "".join(reference.lower().split())
    return next((account for word, account in _SIGNED.items() if word in text), "")


def post(line: BankLine, now: datetime) -> Posting:
    """Book a pay-out: the bank has the line's amount, the clearing account has paid that and the fee.

    Raises DomainError for a day that is to come or closed.
    """
    receiving.check_day(line.booked_on, since=receiving.first_open_day(), now=now)
    parts = (
        Amount(BANK, line.amount),
        Amount(BANK_CHARGES, line.payout_fee),
        Amount(line.payout_of, -line.amount - line.payout_fee),
    )
    memo = f"Pay-out of {CLEARINGS[line.payout_of]}"
    return posting.post(Entry(f"bank:{line.pk}:pay-out", line.booked_on, memo, parts), now)


def take_back(booked: Posting, now: datetime) -> None:
    """Answer a pay-out with its mirror."""
    on = max(local_day(now), booked.posted_on, receiving.first_open_day())
    posting.reverse(booked, on, now)
