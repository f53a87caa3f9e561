"""Blanks why bundles were taken back; what was held and used stays. Called by `ispbilling.protection.erasing` alone."""

from customers.models import Customer
from ispbilling.core.events import ERASED
from radius.bundles.models import DataBundle


def erase(customer: Customer) -> dict[str, int]:
    """Blank the reasons; how many."""
    rows = DataBundle.objects.filter(data_account__customer=customer, voided_at__isnull=False)
    return {"bundles taken back": rows.update(voided_reason=ERASED)}
