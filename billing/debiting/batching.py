"""The acts on a batch: prepare the preview, take rows out, approve, make the file, hand it out, cancel, discard.

Two people who prepare batches wait for each other, so that the second leaves out whom the first collects from; that
a payer has one live row is kept by PostgreSQL besides. Whoever pays while a batch waits is taken out of it: what is
due is decided again when it is approved and when its file is made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from django.db import connection, transaction
from django.db.models import Sum

from billing.debiting import days, formats, planning
from billing.debiting.deciding import Collect
from billing.debiting.models import (
    LIVE,
    BatchState,
    DebitBatch,
    DebitRow,
    DebitSettings,
    DebitSkip,
    RowState,
    Service,
)
from customers.models import Customer
from groups.models import BillingGroup
from ispbilling.core import events
from ispbilling.core.clock import add_months, local_day
from ispbilling.core.copying import copy_objects
from ispbilling.core.errors import DomainError
from ispbilling.core.events import Happening
from ispbilling.core.models import User
from ispbilling.core.money import ZERO, format_money

#: How far ahead a collection is planned: what is due by then is known, and so are the holidays.
_FARTHEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which batch: without a group everybody; without a day that of the group, else the first there is."""

    billing_group: BillingGroup | None
    action_on: date | None
    service: Service


def prepare(asked: Asked, now: datetime, *, actor: User | None) -> DebitBatch:
    """Plan a batch for its preview; nothing is collected before it is approved and sent.

    Raises DomainError when the action day cannot be reached any more, or the banks are closed on it and the settings
    say not to move it.
    """
    settings = DebitSettings.get()
    today = local_day(now)
    if asked.action_on is not None and not today <= asked.action_on <= today + _FARTHEST:
        raise DomainError(f"The action day is from {today} to {today + _FARTHEST}.")
    wanted = asked.action_on or _usual_day(asked.billing_group, asked.service, now)
    action_on = _action_day(wanted, asked.service, settings.forward, now)
    with transaction.atomic():
        one_at_a_time()
        found = planning.plan(action_on, asked.billing_group, now)
        batch = DebitBatch.objects.create(
            billing_group=asked.billing_group,
            action_on=action_on,
            asked_on=min(wanted, action_on),
            service=asked.service,
            format=settings.format,
            considered=len(found),
            due=sum((one.payer.due for one in found), ZERO),
            created_at=now,
            created_by=actor,
        )
        rows, skips = [], []
        for one in found:
            payer, decision = one.payer, one.decision
            if isinstance(decision, Collect) and payer.authority is not None:
                rows.append(
                    DebitRow(
                        batch=batch, payer_id=payer.key, mandate_id=payer.authority.key, due=payer.due,
                        amount=decision.amount, note=decision.note,
                    )
                )  # fmt: skip
            elif not isinstance(decision, Collect):
                skips.append(
                    DebitSkip(batch=batch, payer_id=payer.key, due=payer.due, reason=decision.reason)
                )
        copy_objects(rows)
        copy_objects(skips)
        events.record("debit_batch.prepared", batch, actor=actor, at=now, rows=len(rows), total=total(batch))
    return batch


def take_out(row: DebitRow, reason: str, now: datetime, *, actor: User | None) -> DebitRow:
    """Do not collect one row of a batch that was not sent. Raises DomainError when it was."""
    with transaction.atomic():
        batch = _locked(row.batch, BatchState.DRAFT, BatchState.APPROVED)
        found = _row(row, batch, RowState.DRAFT)
        _cancel_rows([found], reason)
        events.record(
            "debit_row.taken_out", found, actor=actor, about=found.payer, at=now, batch=batch, reason=reason,
            amount=found.amount,
        )  # fmt: skip
    return found


def put_back(row: DebitRow, now: datetime, *, actor: User | None) -> DebitRow:
    """Collect a row after all that was taken out. Raises DomainError when less is due now, or it was sent."""
    with transaction.atomic():
        one_at_a_time()
        batch = _locked(row.batch, BatchState.DRAFT, BatchState.APPROVED)
        found = _row(row, batch, RowState.CANCELLED)
        if against := _against([found], batch, now).get(found.payer_id):
            raise DomainError(f"{found.payer.code}: {against}.")
        found.state, found.reason = RowState.DRAFT, ""
        found.save(update_fields=["state", "reason"])
        events.record(
            "debit_row.put_back",
            found,
            actor=actor,
            about=found.payer,
            at=now,
            batch=batch,
            amount=found.amount,
        )
    return found


def approve(batch: DebitBatch, now: datetime, *, actor: User | None) -> DebitBatch:
    """Lock a preview, and tell everybody in it what will be collected.

    Rows whose payers owe less by now are left out with that reason. Raises DomainError when it is no preview, its
    day can no longer be reached, or nothing is left to collect.
    """
    with transaction.atomic():
        row = _locked(batch, BatchState.DRAFT)
        _in_time(row, now)
        rows = list(row.rows.filter(state=RowState.DRAFT).select_related("payer", "mandate").order_by("pk"))
        against = _against(rows, row, now)
        kept = [one for one in rows if one.payer_id not in against]
        if not kept:
            raise DomainError("Nothing is left to collect: discard it.")
        gone = [one for one in rows if one.payer_id in against]
        DebitSkip.objects.bulk_create(
            [
                DebitSkip(batch=row, payer_id=one.payer_id, due=one.due, reason=against[one.payer_id])
                for one in gone
            ],
            batch_size=1000,
        )
        DebitRow.objects.filter(pk__in=[one.pk for one in gone]).delete()
        row.state, row.approved_at, row.approved_by = BatchState.APPROVED, now, actor
        row.save(update_fields=["state", "approved_at", "approved_by"])
        events.record(
            "debit_batch.approved", row, actor=actor, at=now, rows=len(kept), total=total(row),
            left_out=len(gone) or None,
        )  # fmt: skip
        _announce(row, kept, now, actor)
    return row


def send(batch: DebitBatch, now: datetime, *, actor: User | None) -> DebitBatch:
    """Make the file of an approved batch; from now on its money is under way.

    Rows whose payers owe less by now are taken out first. Raises DomainError when it is not approved, its day can
    no longer be reached, the settings lack something, or nothing is left.
    """
    with transaction.atomic():
        row = _locked(batch, BatchState.APPROVED)
        _in_time(row, now)
        settings, form = DebitSettings.get(), formats.FORMATS[row.format]
        if missing := form.obstacles(settings):
            raise DomainError(" ".join(missing))
        rows = list(row.rows.filter(state=RowState.DRAFT).select_related("payer", "mandate").order_by("pk"))
        against = _against(rows, row, now)
        for one in rows:
            if one.payer_id in against:
                _cancel_rows([one], against[one.payer_id])
        rows = [one for one in rows if one.payer_id not in against]
        if not rows:
            raise DomainError("Nothing is left to collect: cancel it.")
        row.file = form.file(row, rows, settings)
        row.digest = sha256(row.file).hexdigest()
        row.state, row.sent_at, row.sent_by = BatchState.SENT, now, actor
        row.save(update_fields=["state", "sent_at", "sent_by", "file", "digest"])
        row.rows.filter(state=RowState.DRAFT).update(state=RowState.SENT)
        events.record(
            "debit_batch.sent", row, actor=actor, at=now, rows=len(rows), total=total(row),
            taken_out=len(against) or None,
        )  # fmt: skip
    return row


def hand_out(batch: DebitBatch, now: datetime, *, actor: User) -> tuple[str, bytes]:
    """Name and bytes of the file, recorded. Raises DomainError before it is made and after it was forgotten."""
    if not batch.file or sha256(batch.file).hexdigest() != batch.digest:
        raise DomainError(f"{batch} has no file.")
    form = formats.FORMATS[batch.format]
    events.record("debit_batch.downloaded", batch, actor=actor, at=now)
    return form.file_name(batch), bytes(batch.file)


def cancel(batch: DebitBatch, reason: str, now: datetime, *, actor: User | None) -> DebitBatch:
    """Nothing of it is collected: it was approved by mistake, or its file was never authorised at the provider.

    What it asked may be asked by another batch at once. Raises DomainError when results are in already.
    """
    with transaction.atomic():
        row = _locked(batch, BatchState.APPROVED, BatchState.SENT)
        if row.rows.exclude(state__in=[*LIVE, RowState.CANCELLED]).exists():
            raise DomainError("Results of it are in; it cannot be cancelled as a whole any more.")
        rows = list(row.rows.live())
        row.state, row.cancelled_at, row.cancelled_by, row.reason = BatchState.CANCELLED, now, actor, reason
        row.save(update_fields=["state", "cancelled_at", "cancelled_by", "reason"])
        _cancel_rows(rows, reason)
        events.record("debit_batch.cancelled", row, actor=actor, at=now, reason=reason, rows=len(rows))
    return row


def discard(batch: DebitBatch, now: datetime, *, actor: User | None) -> None:
    """Throw a preview away; nobody was told of it."""
    with transaction.atomic():
        row = _locked(batch, BatchState.DRAFT)
        events.record("debit_batch.discarded", row, actor=actor, at=now)
        row.delete()


def total(batch: DebitBatch) -> Decimal:
    """What the batch asks, without what was taken out of it."""
    rows = batch.rows.exclude(state=RowState.CANCELLED)
    found: Decimal = rows.aggregate(total=Sum("amount"))["total"] or ZERO
    return found


def one_at_a_time() -> None:
    """Whoever adds live rows waits here for others who do, and then sees what they added."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('debit rows', 0))")


def _usual_day(group: BillingGroup | None, service: Service, now: datetime) -> date:
    """The next debit day of the group that can be reached, else the first day there is."""
    first = days.first_day(now, service)
    if group is None or group.debit_day is None:
        return first
    found = days.of_month(group.debit_day, local_day(now))
    while now > days.authorise_by(days.next_day(found, lambda day: days.collects(day, service)), service):
        found = add_months(found, 1)
    return found


def _action_day(wanted: date, service: Service, forward: bool, now: datetime) -> date:
    found = days.next_day(wanted, lambda day: days.collects(day, service)) if forward else wanted
    if not days.collects(found, service):
        raise DomainError(
            f"Banks do not collect on {found:%A} {found}; the next day on which they do is"
            f" {days.next_day(found, lambda day: days.collects(day, service))}."
        )
    if now > days.authorise_by(found, service):
        raise DomainError(_too_late(found, service, now))
    return found


def _too_late(day: date, service: Service, now: datetime) -> str:
    return (
        f"{day} cannot be reached any more: it had to be authorised by"
        f" {days.authorise_by(day, service):%Y-%m-%d %H:%M}. The first action day now is"
        f" {days.first_day(now, service)}."
    )


def _in_time(batch: DebitBatch, now: datetime) -> None:
    if now > days.authorise_by(batch.action_on, Service(batch.service)):
        raise DomainError(_too_late(batch.action_on, Service(batch.service), now))


def _locked(batch: DebitBatch, *states: BatchState) -> DebitBatch:
    row = DebitBatch.objects.select_for_update(no_key=True).filter(pk=batch.pk).first()
    if row is None or row.state not in states:
        raise DomainError("It was changed meanwhile; reload the page.")
    return row


def _row(row: DebitRow, batch: DebitBatch, state: RowState) -> DebitRow:
    rows = DebitRow.objects.select_for_update(no_key=True, of=("self",)).select_related("payer", "mandate")
    found = rows.filter(pk=row.pk, batch=batch, state=state).first()
    if found is None:
        raise DomainError("It was changed meanwhile; reload the page.")
    return found


def _against(rows: Sequence[DebitRow], batch: DebitBatch, now: datetime) -> dict[int, str]:
    """By payer, why a row is not collected as it was planned: paid meanwhile, paused, another mandate."""
    found = planning.again(batch, [row.payer_id for row in rows], now)
    reasons = {}
    for row in rows:
        decision = found.get(row.payer_id)
        if decision is None:
            reasons[row.payer_id] = "Nothing is due any more"
        elif not isinstance(decision, Collect):
            reasons[row.payer_id] = decision.reason
        elif decision.amount < row.amount:
            reasons[row.payer_id] = f"Only {format_money(decision.amount)} is to be collected by now"
        elif row.mandate.state == "cancelled":
            reasons[row.payer_id] = f"Its mandate {row.mandate} is cancelled; there is another"
    return reasons


def _cancel_rows(rows: Sequence[DebitRow], reason: str) -> None:
    DebitRow.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=RowState.CANCELLED, reason=reason[:200]
    )


def _announce(batch: DebitBatch, rows: Sequence[DebitRow], now: datetime, actor: User | None) -> None:
    """The advance notice of each collection; `notifications` makes the messages."""
    events.record_many(
        "debit_row.announced",
        DebitRow,
        Customer,
        [
            Happening(
                row.pk,
                row.payer_id,
                str(row),
                {"amount": row.amount, "action_on": batch.action_on, "account": row.mandate.account},
            )
            for row in rows
        ],
        at=now,
        actor=actor,
    )
