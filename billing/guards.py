"""What money has against acts on lower rows."""

from billing.ledger.models import Balance
from customers.models import Customer
from ispbilling.core.money import format_money


def open_balance(customer: Customer) -> str | None:
    """A customer who owes, or is owed, is not deleted (D-14)."""
    amount = Balance.objects.filter(customer=customer).values_list("amount", flat=True).first()
    if not amount:
        return None
    return f"Its balance is {format_money(amount)}; it must be R 0.00 first."
