"""Acts on staff logins. An installation always keeps one active owner; nobody shuts himself out."""

from typing import Any

from django.db import transaction

from ispbilling.core import events
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.meanwhile import refuse_if_changed
from ispbilling.core.models import Role, User
from ispbilling.core.second_factor import deadline


@transaction.atomic
def add(user: User, *, actor: User) -> User:
    """Store a new staff login without a password; the person sets one by link (`core:staff_link`)."""
    user.set_unusable_password()
    user.mfa_required_from = deadline(user.role, now())
    user.save(force_insert=True)
    events.record("staff.added", user, actor=actor, role=user.role, username=user.username)
    return user


@transaction.atomic
def change(user: User, fields: dict[str, Any], *, actor: User, seen: int | None = None) -> User:
    """Change names, e-mail or role. Raises DomainError when it would leave no owner, ChangedMeanwhile when somebody
    changed the login after `seen` (core.meanwhile)."""
    stored = User.objects.select_for_update().get(pk=user.pk)
    refuse_if_changed(stored, seen, "staff.changed")
    if fields.get("role", stored.role) != Role.OWNER:
        _keep_an_owner(stored, "change this role")
    before = {name: getattr(stored, name) for name in fields}
    for name, value in fields.items():
        setattr(stored, name, value)
    columns = list(fields)
    if "role" in fields and stored.role != before["role"]:
        stored.mfa_required_from = deadline(stored.role, now())
        columns.append("mfa_required_from")
    stored.save(update_fields=columns)
    if changed := events.changes(before, fields):
        events.record("staff.changed", stored, actor=actor, changes=changed)
    return stored


@transaction.atomic
def disable(user: User, *, actor: User) -> None:
    """Close the login from the next page on. Raises DomainError for oneself and for the last owner."""
    if user.pk == actor.pk:
        raise DomainError("You cannot disable your own login. Ask another owner.")
    stored = User.objects.select_for_update().get(pk=user.pk)
    _keep_an_owner(stored, "disable this login")
    if not stored.is_active:
        raise DomainError(f"{stored} is disabled already.")
    User.objects.filter(pk=stored.pk).update(is_active=False)
    events.record("staff.disabled", stored, actor=actor)


@transaction.atomic
def enable(user: User, *, actor: User) -> None:
    """Open the login again with the password and role it had. Raises DomainError when it is open."""
    if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        raise DomainError(f"{user} is not disabled.")
    events.record("staff.enabled", user, actor=actor)


def _keep_an_owner(user: User, what: str) -> None:
    """Refuse to take away the last owner. Locks the owners: two people cannot remove each other."""
    if user.role != Role.OWNER or not user.is_active:
        return
    owners = list(
        User.objects.select_for_update().filter(role=Role.OWNER, is_active=True).values_list("pk", flat=True)
    )
    if owners == [user.pk]:
        raise DomainError(f"{user} is the only owner. Make somebody else an owner first, then {what}.")
