"""The acts on a NAS. The RADIUS service sees the changed row; no restart is needed."""

from datetime import datetime
from typing import Any

from django.db import transaction

from ispbilling.core import events
from ispbilling.core.models import User
from radius.nas.models import Nas

HIDDEN = "(hidden)"


def add(nas: Nas, now: datetime, *, actor: User | None) -> Nas:
    """Store a new NAS: from now on its packets are answered."""
    with transaction.atomic():
        nas.save(force_insert=True)
        events.record("nas.added", nas, actor=actor, at=now, address=nas.address)
    return nas


def edit(nas: Nas, fields: dict[str, Any], now: datetime, *, actor: User | None) -> Nas:
    """Change the named fields; an empty secret keeps the present one, and the event never shows either."""
    with transaction.atomic():
        stored = Nas.objects.select_for_update().get(pk=nas.pk)
        wanted = {name: value for name, value in fields.items() if name != "secret" or value}
        different = {name: value for name, value in wanted.items() if getattr(stored, name) != value}
        if different:
            changed = events.changes({name: getattr(stored, name) for name in different}, different)
            if "secret" in changed:
                changed["secret"] = [HIDDEN, HIDDEN]
            for name, value in different.items():
                setattr(stored, name, value)
            stored.save(update_fields=list(different))
            events.record("nas.edited", stored, actor=actor, at=now, changes=changed)
    return stored
