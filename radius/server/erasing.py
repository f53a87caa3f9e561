"""Deletes answered log-ins of a person, and what they were decided from. Called by `ispbilling.protection.erasing`
alone.
"""

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Upper

from customers.models import Customer
from radius.history import erasing as history
from radius.server.models import AuthAttempt, DecisionFacts


def erase(customer: Customer, usernames: list[str]) -> dict[str, int]:
    """Delete the attempts of its data accounts and of the usernames they had; rows per kind."""
    theirs = Q(data_account__customer=customer) | Q(upper__in=[name.upper() for name in usernames])
    rows = AuthAttempt.objects.annotate(upper=Upper("username")).filter(theirs)
    keys = list(rows.values_list("facts", flat=True).distinct())
    deleted = AuthAttempt.objects.filter(pk__in=rows.values("pk")).delete()[0]
    # What says of an unknown username where it was tried from; others may have been refused alike.
    others = Exists(AuthAttempt.objects.filter(facts=OuterRef("pk")))
    facts = DecisionFacts.objects.filter(data_account__customer=customer).delete()[0]
    facts += DecisionFacts.objects.filter(pk__in=keys).exclude(others).delete()[0]
    return {
        "answered log-ins": deleted,
        "facts they were decided from": facts,
        "former settings": history.erase(customer),
    }
