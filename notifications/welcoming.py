"""The welcome mail, asked for again."""

from datetime import datetime

from customers.models import PortalLogin
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User


def welcome_again(login: PortalLogin, now: datetime, *, actor: User) -> None:
    """Send the username and a fresh set-password link once more (D-4). Raises DomainError without an
    address."""
    primary = login.customer.contacts.filter(primary=True).first()
    if not login.user.email and not (primary and primary.email):
        raise DomainError("There is no e-mail address: add one to the primary contact first.")
    events.record("portal_login.welcome_requested", login, actor=actor, about=login.customer, at=now)
