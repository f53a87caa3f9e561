"""Forgetting a person: personal data is blanked in every app, in one transaction; the books stay.

It cannot be taken back. It is refused while service, money or the law still need the data: the account must
have ended ERASE_AFTER_YEARS ago and owe nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from billing.banking import erasing as banking
from billing.calls import erasing as calls
from billing.data_sales import erasing as data_sales
from billing.debiting import erasing as debits
from billing.documents import erasing as documents
from billing.payments import erasing as payments
from customers.accounts import deletion
from customers.merging.models import records_of
from customers.models import Customer, Erasure, Gate, GateKind, Merge
from customers.protection import erasing as people
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User
from ispbilling.protection import subject
from notifications import erasing as messages
from radius.accounts import erasing as lines
from radius.bundles import erasing as bundles
from radius.changes import erasing as changes
from radius.server import erasing as attempts
from radius.usage import erasing as usage

#: What becomes of every table that holds something of a person; a test holds it against the tables there are.
BLANKED = {
    "customers.Customer": "Name, contact name, ID number, VAT number, telephone, addresses, position",
    "customers.Contact": "Contacts, deleted",
    "customers.Note": "Notes, deleted",
    "customers.Attachment": "Attachments and their files, deleted",
    "customers.Verification": "Checks of identity, deleted",
    "customers.CustomerRequest": "Links sent, deleted",
    "customers.ChangeRequest": "Changes asked for, deleted",
    "customers.ChangedField": "Old and new values of changes asked for, deleted",
    "customers.Rating": "Ratings, deleted",
    "customers.SubjectExport": "Exports and their files, deleted",
    "customers.PortalLogin": "Portal logins: name, e-mail, password, second factor, sessions",
    "customers.Merge": "What a merge of records changed",
    "customers.Gate": "Reasons for disabling, suspending, deleting",
    "radius.DataAccount": "Usernames, passwords, addresses and devices of data accounts",
    "radius.PackageChange": "Comments on package changes",
    "radius.ReplyAttribute": "What was added to the replies for their data accounts, deleted",
    "radius.DataBundle": "Why bundles of data were taken back",
    "radius.Session": "Username, device and address of each session",
    "radius.AuthAttempt": "Log-ins that were kept, deleted",
    "radius.DecisionFacts": "What log-ins were decided from, deleted",
    "billing.Party": "Name, address and VAT number on issued documents",
    "billing.Payment": "References and notes on payments",
    "billing.BankLine": "References on lines of bank statements",
    "billing.Mandate": "Mandates of debit orders: holder, bank, account number",
    "billing.PhoneNumber": "Telephone numbers and extensions",
    "billing.Call": "Who was called, and from which number",
    "billing.ResultLine": "References on results of debit orders",
    "billing.TopupSale": "Why top-ups were undone",
    "billing.AutoTopup": "Why automatic top-ups were switched off",
    "billing.PrepaidSwitch": "Comments on switches to prepaid and back",
    "notifications.Message": "Messages: where to and what they said",
}
KEPT = {
    "customers.CodeAlias": "Former account codes: payments may still bear them, and no code is given twice",
    "customers.Visit": "Who opened the profile",
    "customers.Erasure": "That it was erased, by whom and why",
    "radius.UsageDay": "Octets per day",
    "radius.UsageMonth": "Octets per month",
    "radius.Draw": "Octets per day and bundle",
    "radius.UsageMark": "Octets at the beginning or end of a bundle",
    "radius.MeteredSpan": "When usage was drawn from bundles",
    "radius.Meter": "Octets used and left in the month",
    "radius.CustomerDataExpiry": "After how long its unused data expired",
    "radius.NoticeChoice": "Which notices of used data it wanted",
    "radius.BundleNotice": "When bundles of data reached 50, 80 and 100 %",
    "radius.DataTransfer": "Data given to other lines",
    "radius.OutOfBundleConsent": "Consents to paying for data out of bundle, and when they were withdrawn",
    "radius.SpeedTest": "How fast a line was",
    "radius.SessionMark": "What sessions had moved by the end of a day",
    "radius.CoaAttempt": "What our servers said to one another",
    "radius.CoaRequest": "Which of our staff asked a NAS something",
    "billing.Document": "Numbers, dates and amounts of invoices and credit notes",
    "billing.DocumentLine": "What was charged",
    "billing.Posting": "Entries of the ledger",
    "billing.Line": "Lines of the ledger",
    "billing.PaymentPosting": "Which entries of the ledger a payment made",
    "billing.Checkout": "Online payments that were begun",
    "billing.GatewayDelivery": "What payment gateways told of them: numbers, amounts, states",
    "billing.DebitRow": "Days, amounts and results of debit orders",
    "billing.DebitSkip": "Why batches of debit orders left them out",
    "billing.ExportedPosting": "Which entries of the ledger went to the accounting package",
    "billing.Pin": "Which payment settles which invoice",
    "billing.StatementRecipient": "Which statements were sent",
    "billing.Balance": "The balance, R 0.00",
    "billing.RecurringLine": "What was charged every month",
    "billing.InvoiceDraft": "Drafts of invoices",
    "billing.InvoiceDraftLine": "Lines of drafts of invoices",
    "billing.BilledPeriod": "Which periods were billed",
    "billing.BilledChange": "Which package change a billed period was for",
    "billing.CustomerCosting": "Which price list their packages followed",
    "billing.CustomerPhoneCosting": "Which price list their calls followed",
    "billing.CallBill": "How many calls an invoice charged, for how long and how much",
    "billing.RunPlan": "Plans of past runs",
    "billing.RunException": "Exceptions of past runs",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """What an erasure would do: (what, rows) blanked and kept, without the tables that hold nothing."""

    blanked: Sequence[tuple[str, int]]
    kept: Sequence[tuple[str, int]]


def preview(customer: Customer) -> Preview:
    """Count what would be blanked and what would stay."""
    rows = {model._meta.label: subject.rows_of(model, customer) for model in subject.tables()}

    def counted(labels: dict[str, str]) -> list[tuple[str, int]]:
        found = [(words, rows[label].count()) for label, words in labels.items() if label in rows]
        return [(words, count) for words, count in found if count]

    log = Event.objects.about(customer).count()
    return Preview([*counted(BLANKED), ("What events say of old and new values", log)], counted(KEPT))


def refusals(customer: Customer, now: datetime) -> list[str]:
    """Why the person cannot be forgotten now, as sentences."""
    if Erasure.objects.filter(customer=customer).exists():
        return ["The personal data of this customer is erased already."]
    if alias := Merge.objects.standing().filter(loser=customer).select_related("survivor").first():
        return [f"It was merged into {alias.survivor}: erase that customer, and this record goes with it."]
    ended = ended_on(customer, now)
    if ended is None:
        reasons = ["The account has not ended: cancel or delete it first."]
    elif (until := kept_until(ended)) > local_day(now):
        years = settings.ERASE_AFTER_YEARS
        reasons = [
            f"It ended on {ended}; its data is to be kept for {years} years, until {until} (ERASE_AFTER_YEARS)."
        ]
    else:
        reasons = []
    return reasons + deletion.refusals(customer, now) + deletion.owing(customer)


def ended_on(customer: Customer, now: datetime) -> date | None:
    """The local day on which the account was cancelled or deleted, if it is."""
    kinds = [GateKind.CANCELLED, GateKind.DELETED]
    gates = Gate.objects.closing(now).filter(customer=customer, kind__in=kinds)
    first = gates.order_by("since").first()
    return local_day(first.since) if first else None


def kept_until(ended: date) -> date:
    """The first day on which the data of an account that ended then may be erased."""
    year = ended.year + settings.ERASE_AFTER_YEARS
    return date(year, 3, 1) if (ended.month, ended.day) == (2, 29) else ended.replace(year=year)


def erase(customer: Customer, reason: str, now: datetime, *, actor: User) -> Erasure:
    """Forget the person, under all its records, for good. Raises DomainError with every reason against it."""
    with transaction.atomic():
        keys = records_of(customer)
        rows = {
            row.pk: row for row in Customer.objects.select_for_update().filter(pk__in=keys).order_by("pk")
        }
        if reasons := refusals(rows[customer.pk], now):
            raise DomainError(" ".join(reasons))
        # Merges that were taken back, too: they noted what would have been taken over.
        named = Merge.objects.filter(Q(survivor__in=keys) | Q(loser__in=keys))
        named.update(trace={}, former_id_number="", reason=events.ERASED)
        for pk in reversed(keys):  # the customer itself last: its erasure is the answer
            erasure = _erase(rows[pk], reason, now, actor)
    return erasure


def _erase(row: Customer, reason: str, now: datetime, actor: User) -> Erasure:
    """One record."""
    users = [login.user for login in row.portal_logins.select_related("user")]
    counts, usernames = lines.erase(row)
    counts |= bundles.erase(row) | changes.erase(row) | usage.erase(row, usernames)
    counts |= attempts.erase(row, usernames)
    counts |= (
        documents.erase(row, now)
        | banking.erase(row)
        | debits.erase(row)
        | data_sales.erase(row)
        | payments.erase(row)
        | calls.erase(row)
        | messages.erase(row)
    )
    counts |= people.erase(row, now)
    counts["events"] = events.erase([row, *users])
    events.record("customer.erased", row, actor=actor, at=now, reason=reason, counts=counts)
    return Erasure.objects.create(customer=row, at=now, actor=actor, reason=reason, counts=counts)
