"""Taking a merge back: what was moved and was not changed since goes back, and nothing else."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction

from billing.calls import pricing
from billing.ledger import posting
from billing.ledger.models import Posting
from billing.merging.merging import give_role, plain
from billing.merging.moves import MOVES, Move
from billing.models import RecurringLine
from billing.runs.models import Run, RunState
from customers.accounts import gates
from customers.merging.models import Merge
from customers.models import CodeAlias, Contact, Customer, Erasure, GateKind
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from radius.models import DataAccount


def days() -> int:
    """The window of this installation."""
    return int(settings.MERGE_UNDO_DAYS)


def until(merge: Merge) -> datetime:
    """When the window closes: MERGE_UNDO_DAYS after the merge."""
    return merge.at + timedelta(days=days())


def refusals(merge: Merge, now: datetime) -> list[str]:
    """Why it cannot be taken back now."""
    if merge.undone_at is not None:
        return ["It was undone already."]
    if Erasure.objects.filter(customer=merge.survivor).exists():
        return [
            f"The personal data of {merge.survivor.code} is erased for good, and what the merge changed with it."
        ]
    found = []
    if now > until(merge):
        found.append(f"The {days()} days in which a merge can be undone are over.")
    later = Merge.objects.standing().filter(loser=merge.survivor).select_related("survivor").first()
    if later is not None:
        found.append(f"{merge.survivor.code} itself was merged into {later.survivor}; undo that first.")
    elif merge.survivor.gates.standing().filter(kind=GateKind.DELETED).exists():
        found.append(f"{merge.survivor.code} is deleted; undelete it first.")
    if Run.objects.filter(state__in=[RunState.ISSUING, RunState.UNDOING]).exists():
        found.append("A billing run is being issued or taken back; try again when it has finished.")
    return found


def goes_back(merge: Merge) -> list[tuple[Move, list[int], int]]:
    """(move, keys that go back, how many stay because they were changed since)."""
    found = []
    for move in MOVES:
        if keys := merge.trace["moved"].get(move.key):
            back = list(_still(move, merge, keys).values_list("pk", flat=True))
            found.append((move, back, len(keys) - len(back)))
    return found


def undo(merge: Merge, now: datetime, *, actor: User | None) -> Merge:
    """Take it back. Raises DomainError when it is too late, or something newer stands in the way."""
    with transaction.atomic():
        list(
            Run.objects.filter(state__in=[RunState.APPROVED, RunState.ISSUING]).select_for_update(no_key=True)
        )
        keys = [merge.survivor_id, merge.loser_id]
        list(Customer.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
        record = (
            Merge.objects.select_for_update(of=("self",)).select_related("survivor", "loser").get(pk=merge.pk)
        )
        if reasons := refusals(record, now):
            raise DomainError(" ".join(reasons))
        survivor, loser, trace = record.survivor, record.loser, record.trace
        CodeAlias.objects.filter(customer=survivor, code=loser.code).delete()
        _reopen(loser, now, actor)
        _give_back(record)
        pricing.passed_on(survivor, loser)
        _restore(survivor, trace["columns"], record.former_id_number, loser.id_number)
        _restore(loser, trace["loser_columns"], "", "")
        for name, added in trace["tags"].items():
            getattr(survivor, name).remove(*added)
        for customer in (survivor, loser):
            give_role(customer)
        record.undone_at, record.undone_by = now, actor
        record.save(update_fields=["undone_at", "undone_by"])
        told: dict[str, Any] = {"actor": actor, "at": now, "loser": str(loser), "survivor": str(survivor)}
        events.record("customer.merge_undone", survivor, **told)
        events.record("customer.merge_undone", loser, **told)
        _money_back(record, now)
    return record


def _still(move: Move, merge: Merge, keys: list[int]) -> models.QuerySet[Any]:
    """The moved rows that are where the merge put them; a contact or login made primary there stays there."""
    rows = move.rows(merge.survivor).filter(pk__in=keys)
    if move.has_primary and move.key in merge.trace["primaries"]:
        rows = rows.filter(primary=False)
    return rows


def _reopen(loser: Customer, now: datetime, actor: User | None) -> None:
    if loser.gates.standing().filter(kind=GateKind.DELETED).exists():
        gates.open_(loser, GateKind.DELETED, now, actor=actor, reason="merge undone")


def _give_back(record: Merge) -> None:
    survivor, loser, trace = record.survivor, record.loser, record.trace
    Customer.objects.filter(pk__in=trace["billed"], master=survivor).update(bill_all_to_master=False)
    for move, back, _ in goes_back(record):
        move.table.filter(pk__in=back).update(**{move.field: loser})
        primary = [key for key in trace["primaries"].get(move.key, []) if key in back]
        if primary:
            move.table.filter(pk__in=primary).update(primary=True)
    _one_primary(survivor, loser)
    accounts = trace["moved"].get("radius.DataAccount.customer", [])
    # A line that was added since for a data account goes where the account goes.
    theirs = DataAccount.objects.filter(pk__in=accounts, customer=loser)
    RecurringLine.objects.filter(customer=survivor, data_account__in=theirs).update(customer=loser)
    blocked = theirs.filter(
        pk__in=trace["blocked"], blocked_reason__contains=f"as {loser.code} before the merge"
    )
    blocked.update(blocked=False, blocked_reason="")
    for label, rows in trace["ended"].items():
        model = DataAccount if label == DataAccount._meta.label else RecurringLine
        for key, (old, new) in rows.items():
            model.objects.filter(pk=int(key), customer=loser, ends_on=new).update(ends_on=old)


def _one_primary(survivor: Customer, loser: Customer) -> None:
    """Whoever has contacts has a primary one."""
    for customer in (survivor, loser):
        contacts = Contact.objects.filter(customer=customer)
        first = contacts.first()
        if first is not None and not contacts.filter(primary=True).exists():
            Contact.objects.filter(pk=first.pk).update(primary=True)


def _restore(customer: Customer, columns: dict[str, list[Any]], id_number: Any, taken_id_number: Any) -> None:
    """Old values, where the column still has what the merge gave it."""
    written = []
    for name, (old, new) in columns.items():
        if name == "id_number":
            if customer.id_number == taken_id_number:
                customer.id_number = id_number
                written.append(name)
            continue
        field: Any = Customer._meta.get_field(name)
        if plain(getattr(customer, name)) != new or _in_use(customer, name) or _is_gone(name, old):
            continue
        setattr(customer, field.attname, old if field.is_relation else field.to_python(old))
        written.append(name)
    if written:
        customer.save(update_fields=written)


_MARKS = {"is_master": "sub_accounts", "is_reseller": "resold_customers"}


def _in_use(customer: Customer, column: str) -> bool:
    """A master or reseller who has got others since stays one."""
    return column in _MARKS and bool(getattr(customer, _MARKS[column]).exists())


def _is_gone(column: str, key: Any) -> bool:
    """What the old value pointed to is not there any more, or is no master or reseller any more."""
    related: Any = Customer._meta.get_field(column).related_model
    if related is None or key is None:
        return False
    mark = {"master": {"is_master": True}, "reseller": {"is_reseller": True}}.get(column, {})
    return not related.objects.filter(pk=key, **mark).exists()


def _money_back(record: Merge, now: datetime) -> None:
    """Answer every transfer of the merge that was not answered yet, as the last thing before COMMIT."""
    transfers = Posting.objects.filter(source_key__startswith=f"merge:{record.pk}:").order_by("pk")
    for transfer in transfers:
        posting.reverse(transfer, local_day(now), now, f"Undo: {transfer.memo}")
