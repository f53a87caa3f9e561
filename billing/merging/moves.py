"""What belongs to a customer: which rows go to the survivor of a merge, which stay and why.

Every foreign key to a customer is in one of the two tables; a test walks them, so that none is forgotten.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import QuerySet

from customers.models import Customer


@dataclass(frozen=True, slots=True)
class Move:
    """Rows that change hands: their table, the foreign key, and what people call one of them.

    Where a customer has one `primary` row, those of the loser stop being it.
    """

    label: str
    field: str
    word: str
    has_primary: bool = False

    @property
    def key(self) -> str:
        return f"{self.label}.{self.field}"

    @property
    def table(self) -> QuerySet[Any]:
        """All of its rows, whatever hides them from pages."""
        rows: QuerySet[Any] = apps.get_model(self.label)._base_manager.order_by("pk")
        return rows

    def rows(self, of: Customer) -> QuerySet[Any]:
        """The rows of a customer."""
        return self.table.filter(**{self.field: of})

    def words(self, count: int) -> str:
        return f"{count} {self.word}{'' if count == 1 else 's'}"


#: In this order: a recurring line follows the data account it is for.
MOVES = (
    Move("radius.DataAccount", "customer", "data account"),
    Move("radius.SpeedTest", "customer", "speed test"),
    Move("billing.RecurringLine", "customer", "recurring line"),
    Move("billing.InvoiceDraft", "customer", "draft invoice"),
    Move("billing.PhoneNumber", "customer", "phone number"),
    Move("customers.Contact", "customer", "contact", has_primary=True),
    Move("customers.PortalLogin", "customer", "portal login", has_primary=True),
    Move("customers.Note", "customer", "note"),
    Move("customers.Attachment", "customer", "attachment"),
    Move("customers.Rating", "customer", "rating"),
    Move("customers.CodeAlias", "customer", "former code"),
    Move("customers.Customer", "master", "sub-account"),
    Move("customers.Customer", "reseller", "reseller's customer"),
)

_PAPER = "issued paper is never edited; what is owed is transferred in the ledger"
_RUN = "what a run planned and left out is its record"
STAYS = {
    "customers.Gate.customer": "what closed its access is its own history; its lines stay closed when they move",
    "customers.Merge.survivor": "what was merged into it before stays so",
    "customers.Merge.loser": "the record of the merge itself",
    "customers.Visit.customer": "who looked at which record is never rewritten",
    "customers.SubjectExport.customer": "a file about one record; it is deleted after some days",
    "customers.Erasure.customer": "what was erased was this record",
    "customers.Verification.customer": "papers were checked against one record; the survivor has its own",
    "customers.CustomerRequest.customer": "a link that was sent asks about this record, and is answered there",
    "customers.ChangeRequest.customer": "an answer about this record: it compares with what stood here",
    "radius.CustomerDataExpiry.customer": "when its unused data expires was agreed with one of them",
    "radius.NoticeChoice.customer": "which notices it wants was said for one record",
    "billing.Party.customer": _PAPER,
    "billing.Document.customer": _PAPER,
    "billing.Document.payer": _PAPER,
    "billing.CustomerCosting.customer": "what packages cost was agreed with one of them; the survivor keeps its own",
    "billing.CustomerPhoneCosting.customer": "what calls cost was agreed with one of them; the survivor keeps its own",
    "billing.Line.customer": "the ledger is append-only; a transfer entry carries the balance over",
    "billing.Payment.payer": "what a payment was credited to is in the ledger; the balance is transferred there",
    "billing.Checkout.payer": "what was begun to be paid stays; money that comes later is the survivor's",
    "billing.Mandate.customer": "the authority to debit was signed for one account; the survivor needs its own",
    "billing.DebitRow.payer": "what was collected from whom is its record; what is under way counts for the survivor",
    "billing.DebitSkip.payer": "whom a batch left out is its record",
    "billing.Balance.customer": "kept by posting alone",
    "billing.StatementRecipient.payer": "who got which statement is its record",
    "billing.RunPlan.customer": _RUN,
    "billing.RunException.customer": _RUN,
    "notifications.Message.customer": "what was sent to whom stays as it was",
}


def belongings(customer: Customer) -> Iterator[tuple[Move, list[int]]]:
    """What a merge would move from this customer: only what there is."""
    for move in MOVES:
        if keys := list(move.rows(customer).values_list("pk", flat=True)):
            yield move, keys
