"""The second factor that owners and financial managers must have after a grace of seven days.

`User.mfa_required_from` is when the grace of this person ends; it is set when somebody gets such a role.
"""

from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator

from ispbilling.core.models import Role, User

DEMANDED = frozenset({Role.OWNER, Role.FINANCIAL_MANAGER})
GRACE = timedelta(days=7)


def deadline(role: str, now: datetime) -> datetime | None:
    """What `mfa_required_from` becomes for somebody who gets this role now."""
    return now + GRACE if role in DEMANDED else None


def due(user: User) -> datetime | None:
    """When this person must have a second factor, None when they have one or need none. One query."""
    if (
        user.role not in DEMANDED
        or Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()
    ):
        return None
    return user.mfa_required_from or user.date_joined + GRACE
