"""The act of choosing what a closed gate means. The RADIUS service sees the change, and live sessions follow."""

from datetime import datetime
from typing import Any

from django.db import transaction

from ispbilling.core import events
from ispbilling.core.meanwhile import refuse_if_changed
from ispbilling.core.models import User
from radius.degrading.models import AccessAction, AccessKind
from radius.policy.degrading import DEGRADABLE

FIELDS = ("kind", "address_list", "pool", "redirect_url", "down_kbps", "up_kbps")


def rows() -> list[AccessAction]:
    """One for each reason, in the order of the gates; those that nobody changed reject."""
    stored = AccessAction.objects.in_bulk(field_name="code")
    return [stored.get(code) or AccessAction(code=code) for code in DEGRADABLE]


def choose(
    action: AccessAction, now: datetime, *, actor: User | None, seen: int | None = None
) -> AccessAction:
    """Store what is done about a reason; what a reject has no use for is forgotten.

    Raises ChangedMeanwhile when it was changed after `seen` (`core.meanwhile`).
    """
    with transaction.atomic():
        before = AccessAction.objects.select_for_update().filter(code=action.code).first()
        if before is not None:
            refuse_if_changed(before, seen, "access_action.edited")
        if action.kind == AccessKind.REJECT:
            action = AccessAction(code=action.code)
        action.pk = before.pk if before is not None else None
        action._state.adding = before is None
        changed = events.changes(_values(before or AccessAction(code=action.code)), _values(action))
        if changed:
            action.save()
            events.record(
                "access_action.edited", action, actor=actor, at=now, code=action.code, changes=changed
            )
    return action


def _values(action: AccessAction) -> dict[str, Any]:
    return {name: getattr(action, name) for name in FIELDS}
