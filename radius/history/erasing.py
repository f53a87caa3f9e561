"""Forgets what the rows of a person were. Called by `radius.server.erasing` alone."""

from django.db.models import Q

from customers.models import Customer
from radius.accounts.models import DataAccount
from radius.history.models import FactHistory


def erase(customer: Customer) -> int:
    """Delete the history of the customer and its data accounts; how many rows. Its past is then not known."""
    lines = list(DataAccount.objects.filter(customer=customer).values_list("pk", flat=True))
    theirs = Q(origin="customers_customer", row_id=customer.pk)
    theirs |= Q(origin__in=["radius_dataaccount", "radius_meter"], row_id__in=lines)
    theirs |= Q(origin="radius_replyattribute", row__data_account_id__in=lines)
    theirs |= Q(origin="radius_packagechange", row__data_account_id__in=lines)
    return FactHistory.objects.filter(theirs).delete()[0]
