"""Noting which settings a live session has, when accounting cannot tell: after a CoA, or where a NAS does not
repeat its Class.
"""

from collections.abc import Mapping

from django.db import transaction

from radius.usage.models import Session


def give(fingerprints: Mapping[int, str]) -> None:
    """Store the fingerprint of each open session, by id."""
    if not fingerprints:
        return
    by_value: dict[str, list[int]] = {}
    for pk, fingerprint in fingerprints.items():
        by_value.setdefault(fingerprint, []).append(pk)
    with transaction.atomic():
        # Locked in the order in which accounting locks them, so that neither waits for the other in a circle.
        locked = Session.objects.open().filter(pk__in=list(fingerprints)).order_by("key", "incarnation")
        list(locked.select_for_update().values_list("pk", flat=True))
        for fingerprint, ids in by_value.items():
            Session.objects.open().filter(pk__in=ids).update(applied=fingerprint)
