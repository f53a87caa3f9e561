"""What data protection has against acts on a customer."""

from customers.accounts.models import Customer
from customers.protection.models import Erasure


def was_erased(customer: Customer) -> str | None:
    """Nobody is left to bring back once the person is forgotten."""
    if not Erasure.objects.filter(customer=customer).exists():
        return None
    return "Its personal data is erased for good; add the person as a new customer."
