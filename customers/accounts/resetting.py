"""Forgotten passwords: who is meant by an e-mail address, and the request for the mail (D-6)."""

from datetime import datetime

from django.db.models import Q

from ispbilling.core import events
from ispbilling.core.models import Role, User


def logins_of(email: str) -> list[User]:
    """Every login an e-mail address stands for: its own, or where it has none, its customer's primary
    contact's."""
    of_contact = Q(
        email="",
        portal_login__customer__contacts__primary=True,
        portal_login__customer__contacts__email__iexact=email,
    )
    found = User.objects.filter(Q(email__iexact=email) | of_contact, is_active=True)
    return list(found.distinct().order_by("username"))


def request_by_email(email: str, now: datetime) -> None:
    """Ask for one mail with a link for every login of the address; an unknown address asks for nothing.

    Whoever asked gets the same answer either way, after the same work.
    """
    users = logins_of(email)
    if not users:
        return
    owner = next((user.portal_login.customer for user in users if user.role in _PORTAL), None)
    events.record(
        "portal_login.reset_requested",
        users[0],
        about=owner,
        at=now,
        email=email,
        logins=[user.pk for user in users],
    )


_PORTAL = (Role.CUSTOMER, Role.RESELLER)
