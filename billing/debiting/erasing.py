"""Blanks what mandates and results say of a person, and forgets the files they stood in; days and amounts stay."""

from billing.debiting.models import BatchState, DebitBatch, Mandate, ResultLine
from customers.models import Customer
from ispbilling.core.events import ERASED


def erase(customer: Customer) -> dict[str, int]:
    """Blank a customer's mandates; rows per kind.

    A file is forgotten whole: it is years old by then, and what it asked was answered long ago.
    """
    mandates = Mandate.objects.filter(customer=customer).exclude(holder=ERASED)
    told = ResultLine.objects.filter(row__payer=customer).exclude(reference__in=("", ERASED))
    over = [BatchState.DONE, BatchState.CANCELLED]
    batches = DebitBatch.objects.filter(rows__payer=customer, state__in=over).values("pk")
    return {
        "mandates of debit orders": mandates.update(
            holder=ERASED, bank="", account_number="", ending="", reason=ERASED
        ),
        "references on results of debit orders": told.update(reference=ERASED),
        "files of debit orders": DebitBatch.objects.filter(pk__in=batches).update(file=b""),
    }
