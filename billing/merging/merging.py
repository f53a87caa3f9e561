"""The act: everything of the loser goes to the survivor in one transaction, with a trace to take it back by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import models, transaction

from billing.calls import pricing
from billing.ledger import posting
from billing.merging.moves import MOVES
from billing.merging.preview import look, refusals, standing, stopped
from billing.models import Posting, RecurringLine
from billing.runs.models import Run, RunState
from customers.accounts import gates
from customers.merging import choosing
from customers.merging.models import Merge
from customers.models import CodeAlias, Customer, GateKind
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Role, User
from ispbilling.core.money import ZERO
from radius.models import DataAccount

_ENDING: tuple[type[models.Model], ...] = (DataAccount, RecurringLine)


@dataclass(slots=True)
class Trace:
    """What was moved and changed, as it is stored: keys and old values."""

    moved: dict[str, list[int]] = field(default_factory=dict)
    primaries: dict[str, list[int]] = field(default_factory=dict)
    columns: dict[str, list[Any]] = field(default_factory=dict)
    loser_columns: dict[str, list[Any]] = field(default_factory=dict)
    tags: dict[str, list[int]] = field(default_factory=dict)
    blocked: list[int] = field(default_factory=list)
    ended: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    billed: list[int] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def merge(
    survivor: Customer,
    loser: Customer,
    choices: Mapping[str, str],
    now: datetime,
    *,
    actor: User | None,
    reason: str = "",
    seen: str = "",
) -> Merge:
    """Merge `loser` into `survivor`; `choices` says "loser" where its value survives.

    Raises DomainError with what is against it, or when either changed since `seen` (a Preview's) was shown.
    """
    with transaction.atomic():
        survivor, loser = _locked(survivor, loser)
        if reasons := refusals(survivor, loser, now):
            raise DomainError(" ".join(reasons))
        if seen and seen != look(survivor, loser).seen:
            raise DomainError(
                f"{survivor.code} or {loser.code} was changed meanwhile. Nothing was merged; look at it again."
            )
        trace = Trace()
        record = Merge.objects.create(
            survivor=survivor,
            loser=loser,
            at=now,
            by=actor,
            reason=reason,
            former_id_number=survivor.id_number,
        )
        _take_columns(survivor, loser, choices, trace)
        _unlink(loser, trace)
        _move(survivor, loser, trace)
        pricing.passed_on(survivor)
        _keep_closed(survivor, loser, trace)
        _tags(survivor, loser, trace)
        CodeAlias.objects.create(customer=survivor, code=loser.code)
        gates.close(loser, GateKind.DELETED, now, actor=actor, reason=f"Merged into {survivor}")
        record.trace = trace.as_json()
        record.save(update_fields=["trace"])
        counts = {move.word: len(trace.moved[move.key]) for move in MOVES if move.key in trace.moved}
        told: dict[str, Any] = {
            "actor": actor,
            "at": now,
            "loser": str(loser),
            "survivor": str(survivor),
            "reason": reason,
        }
        events.record("customer.merged", survivor, **told, what=counts)
        events.record("customer.merged_away", loser, **told)
        settle(record, now)
    return record


def settle(record: Merge, now: datetime) -> bool:
    """Carry the loser's balance to the survivor, at the merge and whenever old paper moved it again."""
    number = Posting.objects.filter(source_key__startswith=f"merge:{record.pk}:").count()
    return bool(
        posting.carry(
            record.loser_id,
            record.survivor_id,
            f"merge:{record.pk}:{number}",
            local_day(now),
            f"Transfer, {record.loser.code} merged into {record.survivor.code}",
            now,
        )
    )


def settle_again(pk: int, now: datetime) -> bool:
    """`settle`, unless the merge was undone meanwhile."""
    record = Merge.objects.standing().select_for_update(of=("self",)).filter(pk=pk).first()
    return record is not None and settle(record, now)


def _locked(survivor: Customer, loser: Customer) -> tuple[Customer, Customer]:
    """Both rows as they are now. An approved run waits until we are done, and then bills them as they are then."""
    list(Run.objects.filter(state__in=[RunState.APPROVED, RunState.ISSUING]).select_for_update(no_key=True))
    keys = {survivor.pk, loser.pk}
    list(Customer.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
    rows = Customer.objects.select_related("master", "reseller", "group").in_bulk(list(keys))
    return rows[survivor.pk], rows[loser.pk]


def _take_columns(survivor: Customer, loser: Customer, choices: Mapping[str, str], trace: Trace) -> None:
    taken = choosing.values(survivor, loser, choices)
    if loser.sub_accounts.exists() and not survivor.is_master:
        taken["is_master"] = True
    if loser.resold_customers.exists() and not survivor.is_reseller:
        taken["is_reseller"] = True
        taken.pop("reseller", None)
    _write(survivor, taken, trace.columns)


def _unlink(loser: Customer, trace: Trace) -> None:
    """An alias is nobody's sub-account."""
    linked = {side: None for side in ("master", "reseller") if getattr(loser, side) is not None}
    if "master" in linked and loser.bill_all_to_master:
        _write(loser, {"bill_all_to_master": False}, trace.loser_columns)
    _write(loser, linked, trace.loser_columns)


def _write(customer: Customer, values: Mapping[str, Any], changes: dict[str, list[Any]]) -> None:
    """Store columns and note [old, new] of each; the ID number's values stand where they are encrypted."""
    for name, value in values.items():
        old = getattr(customer, name)
        setattr(customer, name, value)
        changes[name] = ["", ""] if name == "id_number" else [plain(old), plain(value)]
    if values:
        customer.save(update_fields=list(values))


def plain(value: Any) -> Any:
    """A column's value as JSON keeps it: rows by key, numbers as text."""
    if isinstance(value, models.Model):
        return value.pk
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _move(survivor: Customer, loser: Customer, trace: Trace) -> None:
    for move in MOVES:
        rows = move.rows(loser)
        keys = list(rows.values_list("pk", flat=True))
        if not keys:
            continue
        changes: dict[str, Any] = {move.field: survivor}
        if move.has_primary and move.rows(survivor).filter(primary=True).exists():
            trace.primaries[move.key] = list(rows.filter(primary=True).values_list("pk", flat=True))
            changes["primary"] = False
        if move.key == "customers.Customer.master":
            _keep_payer(rows, survivor, loser, trace)
        move.table.filter(pk__in=keys).update(**changes)
        trace.moved[move.key] = keys
    give_role(survivor)


def _keep_payer(rows: models.QuerySet[Any], survivor: Customer, loser: Customer, trace: Trace) -> None:
    """Sub-accounts the loser paid for as a whole are marked one by one, so that a master goes on paying."""
    if loser.bill_all_to_master and not survivor.bill_all_to_master:
        trace.billed = list(rows.filter(bill_all_to_master=False).values_list("pk", flat=True))
        Customer.objects.filter(pk__in=trace.billed).update(bill_all_to_master=True)


def give_role(customer: Customer) -> None:
    """Its portal logins have the role that goes with it."""
    role = Role.RESELLER if customer.is_reseller else Role.CUSTOMER
    User.objects.filter(portal_login__customer=customer).exclude(role=role).update(role=role)


def _keep_closed(survivor: Customer, loser: Customer, trace: Trace) -> None:
    """Moving opens nothing: lines of a stopped customer arrive blocked, those of a cancelled one end with it."""
    closed = standing(loser)
    why = stopped(survivor, loser)
    accounts = trace.moved.get("radius.DataAccount.customer", [])
    if why is not None:
        open_ = DataAccount.objects.filter(pk__in=accounts, blocked=False)
        trace.blocked = list(open_.values_list("pk", flat=True))
        DataAccount.objects.filter(pk__in=trace.blocked).update(
            blocked=True, blocked_reason=block_reason(loser, *why)
        )
    if GateKind.CANCELLED in closed:
        last_day = closed[GateKind.CANCELLED].last_day
        for model in _ENDING:
            _end(model, trace, last_day)


def block_reason(loser: Customer, word: str, reason: str) -> str:
    return f"{word} as {loser.code} before the merge{f': {reason}' if reason else ''}"[:200]


def _end(model: type[Any], trace: Trace, last_day: date) -> None:
    label = model._meta.label
    for row in model.objects.filter(pk__in=trace.moved.get(f"{label}.customer", [])):
        if row.ends_on is None or row.ends_on > last_day:
            ends_on = max(last_day, row.starts_on)
            trace.ended.setdefault(label, {})[str(row.pk)] = [plain(row.ends_on), plain(ends_on)]
            model.objects.filter(pk=row.pk).update(ends_on=ends_on)


def _tags(survivor: Customer, loser: Customer, trace: Trace) -> None:
    """Categories and labels of both."""
    for name in ("categories", "labels"):
        theirs, here = (set(getattr(c, name).values_list("pk", flat=True)) for c in (loser, survivor))
        if new := sorted(theirs - here):
            getattr(survivor, name).add(*new)
            trace.tags[name] = new


def left_behind() -> models.QuerySet[Merge]:
    """Merges whose loser has a balance again: old paper was credited, or paid."""
    return Merge.objects.standing().exclude(loser__balance_row__amount=ZERO).exclude(loser__balance_row=None)
