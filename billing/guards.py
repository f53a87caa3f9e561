"""What money has against acts on lower rows."""

from billing.data_sales import switching
from billing.documents.models import Document, DocumentKind
from billing.ledger.models import Balance
from customers.models import Customer
from ispbilling.core.money import format_money
from radius.changes.changing import Wanted


def open_balance(customer: Customer) -> str | None:
    """A customer who owes, or is owed, is not deleted (D-14)."""
    amount = Balance.objects.filter(customer=customer).values_list("amount", flat=True).first()
    if not amount:
        return None
    return f"Its balance is {format_money(amount)}; it must be R 0.00 first."


def issued_paper(customer: Customer) -> str | None:
    """A new account code leaves issued documents and statements with the old one (1.4 step 11)."""
    count = Document.objects.filter(payer=customer).count()
    if not count:
        return None
    was = "document was" if count == 1 else "documents were"
    return f"{count} {was} issued under {customer.code}: copies already sent ask to pay with it as reference."


def open_payer_invoices(customer: Customer) -> str | None:
    """A master who still owes for its sub-accounts stays one, so that the debt is seen where it belongs."""
    amount = Balance.objects.filter(customer=customer).values_list("amount", flat=True).first()
    if not amount or amount <= 0:
        return None
    for_others = Document.objects.filter(
        payer=customer, kind=DocumentKind.INVOICE, corrections__isnull=True
    ).exclude(customer=customer)
    if not for_others.exists():
        return None
    return f"It owes {format_money(amount)}, invoices of sub-accounts among it; settle them first."


def prepaid_by_then(wanted: Wanted) -> str | None:
    """A line that is to be prepaid by a day buys its data then: another package would come to nothing."""
    return switching.to_come(wanted.account, wanted.on) or None
