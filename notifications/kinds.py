"""The catalogue: every message the system can send, the facts it may name, and whether it goes out by
default.

The wording is in templates/mail/: `<kind>.subject.txt`, `.txt`, `.html` and `.sms.txt`; a test renders each
kind in each channel from `sample` and fails on a variable that is missing. A kind is listed when its event
exists. What is *not* here is decided, too: Suspend Now tells the customer nothing (EDT-18).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from notifications.models import Channel


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of message. `sample` names its variables with an example of each; all are ready-made text.

    `essential` ones cannot be switched off by e-mail: without them a person cannot get in.
    """

    name: str
    label: str
    told: str
    events: tuple[str, ...]
    sample: Mapping[str, str]
    email: bool = True
    sms: bool = False
    essential: bool = False

    def __str__(self) -> str:
        return self.label

    def default(self, channel: str) -> bool:
        """Whether it goes out by this channel unless a rule says otherwise."""
        return self.email if channel == Channel.EMAIL else self.sms


#: In every message.
COMMON: Mapping[str, str] = {
    "provider": "Wonder Wireless",
    "provider_phone": "010 123 4567",
    "name": "Alice Liddell",
    "portal": "https://isp.example/portal/",
}
_LOGINS = {"logins": "one or more of username and link"}
_DOCUMENT = {"reference": "INV-2026-000123", "total": "R 599.00", "issued_on": "2026-12-01"}
#: Empty while paying online is off.
_PAY = "https://isp.example/portal/pay/link/d123.Kx1/"
_PAYMENT = {
    "receipt": "REC-2026-000123",
    "amount": "R 599.00",
    "received_on": "2026-12-04",
    "code": "ALI001",
}
_DEBIT = {
    "amount": "R 599.00",
    "action_on": "2026-12-01",
    "account": "FNB •••123",
    "code": "ALI001",
    "mandate": "ALI001",
}
_LINE = {"line": "ali001@isp.example", "code": "ALI001"}

CATALOGUE = [
    Kind(
        "welcome",
        "Welcome",
        "when a portal login is made: the username and a one-time link to choose a password",
        ("customer.added", "portal_login.added", "portal_login.welcome_requested"),
        {**_LOGINS, "code": "ALI001", "days": "3"},
        essential=True,
    ),
    Kind(
        "password_reset",
        "Password reset",
        "when a reset is asked for, by the person or by staff: a one-time link to choose a new password",
        ("portal_login.reset_requested",),
        {**_LOGINS, "days": "3"},
        essential=True,
    ),
    Kind(
        "invoice_issued",
        "Invoice",
        "when an invoice is issued: amount and due date, with the PDF",
        ("invoice.issued",),
        {**_DOCUMENT, "due_on": "2026-12-07", "code": "ALI001", "pay": _PAY},
    ),
    Kind(
        "credit_note_issued",
        "Credit note",
        "when a credit note is issued, with the PDF",
        ("credit_note.issued",),
        {**_DOCUMENT, "corrects": "INV-2026-000101", "code": "ALI001"},
    ),
    Kind(
        "payment_received",
        "Receipt",
        "when a payment is recorded or credited, unless its form says not to: amount and balance, with the receipt",
        ("payment.received", "payment.assigned"),
        {**_PAYMENT, "owing": "R 0.00", "credit": "R 50.00"},
    ),
    Kind(
        "payment_returned",
        "Returned payment",
        "when the bank returned a payment: what is owed again",
        ("payment.returned",),
        {**_PAYMENT, "owing": "R 599.00", "fee": "INV-2026-000124"},
    ),
    Kind(
        "debit_order_notice",
        "Debit order",
        "when a batch of debit orders is approved: what will be collected, when and from which account",
        ("debit_row.announced",),
        _DEBIT,
    ),
    Kind(
        "debit_order_unpaid",
        "Unpaid debit order",
        "when the bank does not pay a debit order: why, and what is owed",
        ("debit_row.rejected",),
        {**_DEBIT, "reason": "Not provided for", "owing": "R 599.00", "fee": "INV-2026-000124"},
    ),
    Kind(
        "statement",
        "Statement",
        "when staff send a statement, to one or to many: what is owed, with the statement as a PDF",
        ("statement.sent",),
        {
            "code": "ALI001",
            "since": "2026-10-01",
            "until": "2026-12-04",
            "owing": "R 599.00",
            "credit": "",
            "pay": _PAY,
        },
    ),
    Kind(
        "data_used",
        "Used data",
        "when a bundle of data is used to 50, 80 or 100 %, unless the customer does not want that",
        ("data_bundle.used",),
        {
            "level": "80",
            "line": "alice@wonderland.com",
            "title": "Monthly data December 2026",
            "size": "100.0 GB",
            "left": "20.0 GB",
            "until": "2026-12-31",
            "code": "ALI001",
            "choices": "https://isp.example/portal/data/",
            "rest": "55.0 GB",
            "then": "",
        },
    ),
    Kind(
        "data_received",
        "Data received",
        "when somebody transfers data to a line of the customer, or that is taken back",
        ("data_bundle.transferred_here", "data_bundle.transfer_undone_here"),
        {
            "size": "5.0 GB",
            "line": "alice@wonderland.com",
            "giver": "bob@wonderland.com",
            "until": "2026-12-31",
            "undone": "",
            "note": "Happy birthday",
            "code": "ALI001",
        },
    ),
    Kind(
        "topup_added",
        "Top-up",
        "when data is bought automatically, or without an invoice that tells of it: how much, for how much, until when",
        ("topup.sold",),
        {
            **_LINE,
            "data": "10.0 GB",
            "amount": "R 99.00",
            "until": "2026-12-31 10:00",
            "bought": "R 99.00",
            "limit": "R 500.00",
        },
    ),
    Kind(
        "auto_topup_stopped",
        "Automatic top-up stopped",
        "when the limit of the month is reached, it costs more than was agreed to, or a prepaid line cannot pay",
        ("auto_topup.stopped", "auto_topup.limit_reached"),
        {**_LINE, "limit": "R 500.00", "pauses": "", "reason": "Its account has nothing in credit."},
    ),
    Kind(
        "data_expiring",
        "Data expires",
        "a day before what a prepaid line bought expires with something left of it",
        ("bundle.expiring",),
        {**_LINE, "title": "Top-up 10 GB", "left": "4.2 GB", "until": "2026-12-31 10:00"},
        sms=True,
    ),
    Kind(
        "prepaid_switched",
        "Switch to prepaid and back",
        "when a line becomes prepaid, or monthly again",
        ("prepaid_switch.applied",),
        {**_LINE, "becomes": "prepaid", "prepaid": "yes", "credited": "R 360.00", "kept": "70.0 GB"},
    ),
    Kind(
        "package_changed",
        "Package change",
        "when a line gets another package, or its former one back: speed and data",
        ("package_change.applied", "package_change.undone"),
        {
            **_LINE,
            "package": "20 Mb/s 200 GB",
            "before": "10 Mb/s 100 GB",
            "on": "2026-12-11",
            "speed": "20 Mb/s down, 10 Mb/s up",
            "data": "200.0 GB a month",
        },
    ),
    Kind(
        "cancellation_set",
        "Cancellation",
        "when a last day of service is set or moved",
        ("customer.cancellation_set",),
        {"last_day": "2026-12-31", "code": "ALI001"},
    ),
    Kind(
        "cancellation_cleared",
        "Cancellation withdrawn",
        "when the last day of service is taken back",
        ("customer.cancellation_cleared",),
        {"code": "ALI001"},
    ),
    Kind(
        "update_request",
        "Update request",
        "when staff ask a customer to check the details we have: a one-time link",
        ("update_request.sent",),
        {"link": "https://isp.example/portal/update/123.Kx1", "days": "14", "code": "ALI001"},
    ),
    Kind(
        "rating_request",
        "Rating request",
        "when staff ask a customer for a rating: a one-time link",
        ("rating_request.sent",),
        {"link": "https://isp.example/portal/rate/123.Kx1", "days": "14", "code": "ALI001"},
    ),
    Kind(
        "usage_report",
        "Usage",
        "when staff send a customer its usage: what was used of what in a month, by data account",
        ("usage.sent",),
        {
            "code": "ALI001",
            "month": "December 2026",
            "summary": "6.0 GB of 181.0 GB used, 175.0 GB left",
            "lines": "alice@isp.test: 6.0 GB of 181.0 GB used, 175.0 GB left",
        },
        sms=True,
    ),
    Kind(
        "ledger_anchor",
        "Ledger anchor",
        "once a day to the addresses in the billing settings: the end of the ledger's chain, to be kept",
        ("ledger.anchored",),
        {"day": "2026-12-04", "anchor": "12:9f86d081", "postings": "1234", "totals": "bank 598.00"},
    ),
]
KINDS = {kind.name: kind for kind in CATALOGUE}
BY_EVENT = {event: kind for kind in CATALOGUE for event in kind.events}
