"""What happens to the customers of a group when it is deleted, restored, enabled or disabled (D-1, D-2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from customers.accounts import gates
from customers.accounts.models import Customer, Gate, GateKind
from groups.models import CustomerGroup
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User

CHUNK = 2000
#: What a member inherits from its group, as the confirm page names it.
INHERITED = ("vip", "auto_data_rollover", "suspensions_disabled", "sync_to_accounting", "due_days", "enabled")


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that is another one in the target group."""

    setting: str
    here: str
    there: str


def targets(group: CustomerGroup) -> QuerySet[CustomerGroup]:
    """The groups its members could move to; the first is the one proposed (sort order, title, id)."""
    return CustomerGroup.objects.live().exclude(pk=group.pk)


def differences(group: CustomerGroup, target: CustomerGroup) -> list[Difference]:
    """The settings that change for a member that moves from one group to the other."""

    def shown(of: CustomerGroup, name: str) -> str:
        value = getattr(of, name)
        return {True: "Yes", False: "No", None: "system setting"}.get(value, str(value))

    return [
        Difference(
            str(CustomerGroup._meta.get_field(name).verbose_name), shown(group, name), shown(target, name)
        )
        for name in INHERITED
        if getattr(group, name) != getattr(target, name)
    ]


def delete_group(
    group: CustomerGroup, target: CustomerGroup | None, now: datetime, *, actor: User | None
) -> int:
    """Hide the group and move every member, deleted ones too, to `target`; returns how many moved.

    Raises DomainError for the last group and when either group was deleted meanwhile.
    """
    with transaction.atomic():
        live = {row.pk: row for row in CustomerGroup.objects.live().select_for_update().order_by("pk")}
        if group.pk not in live:
            raise DomainError(f"{group} is deleted already.")
        if len(live) == 1:
            raise DomainError("This is the last group; every customer needs one. Add another group first.")
        if target is None or target.pk not in live or target.pk == group.pk:
            raise DomainError("Pick another group for the members; that one is not there any more.")
        moved = list(Customer.objects.filter(group=group).order_by("pk").only("code", "name"))
        _move(moved, group, target, now, actor, f"group {group.title} deleted")
        CustomerGroup.objects.filter(pk=group.pk).update(deleted_at=now)
        events.record(
            "group.deleted",
            group,
            actor=actor,
            at=now,
            target=target.title,
            target_id=target.pk,
            moved=[customer.pk for customer in moved],
        )
    return len(moved)


def restore_group(group: CustomerGroup, now: datetime, *, actor: User | None) -> int:
    """Bring the group back, with those members that have not been moved elsewhere since; returns how many.

    Raises DomainError when it is not deleted, or when a new group has its title.
    """
    with transaction.atomic():
        row = CustomerGroup.objects.select_for_update().get(pk=group.pk)
        if row.deleted_at is None:
            raise DomainError(f"{row} is not deleted.")
        if CustomerGroup.objects.live().filter(title__iexact=row.title).exists():
            raise DomainError(f"There is a new group called {row}; rename that one first.")
        CustomerGroup.objects.filter(pk=row.pk).update(deleted_at=None)
        event = Event.objects.of(row).filter(kind="group.deleted").first()
        members = []
        if event is not None:
            members = list(
                Customer.objects.select_for_update(no_key=True)
                .filter(pk__in=event.data["moved"], group_id=event.data["target_id"])
                .order_by("pk")
                .only("code", "name")
            )
            _move(members, event.data["target"], row, now, actor, f"group {row.title} restored")
        events.record("group.restored", row, actor=actor, at=now, members=len(members))
    return len(members)


def _move(
    members: list[Customer],
    old: CustomerGroup | str,
    new: CustomerGroup,
    now: datetime,
    actor: User | None,
    because: str,
) -> None:
    """Put the members into the other group, and that on the timeline of each."""
    data = {"changes": {"group": [str(old), new.title]}, "because": because}
    for start in range(0, len(members), CHUNK):
        part = members[start : start + CHUNK]
        Customer.objects.filter(pk__in=[one.pk for one in part]).update(group=new)
        told = [events.Happening(one.pk, one.pk, str(one), data) for one in part]
        events.record_many("customer.edited", Customer, Customer, told, at=now, actor=actor)


def disable_group(group: CustomerGroup, now: datetime, *, actor: User | None, reason: str = "") -> None:
    """Close the group's own gate: no member's data accounts can authenticate. Members stay as they are."""
    _switch(group, False, now, actor, reason=reason)


def enable_group(group: CustomerGroup, now: datetime, *, actor: User | None, members_too: bool = True) -> int:
    """Open the group's gate and, if asked, that of individually disabled members; returns how many of them.

    Suspensions, cancellations and blocked packages stay (D-2).
    """
    with transaction.atomic():
        _switch(group, True, now, actor, members_too=members_too)
        if not members_too:
            return 0
        members = list(disabled_members(group, now))
        for customer in members:
            gates.open_(customer, GateKind.DISABLED, now, actor=actor, reason=f"group {group.title} enabled")
    return len(members)


def disabled_members(group: CustomerGroup, now: datetime) -> QuerySet[Customer]:
    """Members that somebody disabled one by one; deleted ones stay as they are."""
    closed = Gate.objects.closing(now).filter(kind=GateKind.DISABLED)
    return Customer.objects.not_deleted(now).filter(group=group, pk__in=closed.values("customer"))


def _switch(group: CustomerGroup, on: bool, now: datetime, actor: User | None, **data: Any) -> None:
    with transaction.atomic():
        row = CustomerGroup.objects.select_for_update().get(pk=group.pk)
        if row.deleted_at is not None:
            raise DomainError(f"{row} is deleted; restore it first.")
        CustomerGroup.objects.filter(pk=row.pk).update(enabled=on)
        if row.enabled != on:
            events.record("group.enabled" if on else "group.disabled", row, actor=actor, at=now, **data)
