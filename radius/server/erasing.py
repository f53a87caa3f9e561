"""Deletes refused log-ins of a person. Called by `ispbilling.protection.erasing` alone."""

from django.db.models import Q
from django.db.models.functions import Upper

from customers.models import Customer
from radius.server.models import AuthAttempt


def erase(customer: Customer, usernames: list[str]) -> dict[str, int]:
    """Delete the attempts of its data accounts and of the usernames they had; rows per kind."""
    theirs = Q(data_account__customer=customer) | Q(upper__in=[name.upper() for name in usernames])
    rows = AuthAttempt.objects.annotate(upper=Upper("username")).filter(theirs)
    return {"refused log-ins": AuthAttempt.objects.filter(pk__in=rows.values("pk")).delete()[0]}
