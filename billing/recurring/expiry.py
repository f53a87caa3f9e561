"""What has passed its last day: cancelled customers, ended data accounts, ended recurring lines.

Only the fact is recorded, once, for the timeline and for messages. Access ended at midnight and charges end
on the last day whether this runs or not: both are computed from the dates.
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.db.models.fields import DateField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from billing.recurring.models import RecurringLine
from customers.models import Gate, GateKind
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.models import Event
from ispbilling.core.plans import Step
from radius.models import DataAccount

_ENDED = {DataAccount: "data_account.expired", RecurringLine: "recurring_line.ended"}


def passed(now: datetime) -> list[Step]:
    """What is past its last day and not recorded yet."""
    steps = [
        Step((Gate, gate.pk), str(gate.customer), "record the cancellation", f"last day was {gate.last_day}")
        for gate in _gates(now).select_related("customer")
    ]
    for model, kind in _ENDED.items():
        steps += [
            Step((model, row.pk), str(row), f"record {kind}", f"last day was {row.ends_on}")
            for row in _ended(model, local_day(now))
        ]
    return steps


def enact(steps: Sequence[Step], now: datetime) -> int:
    """Record those that still are past their day and unrecorded after locking. Returns how many."""
    done = 0
    for gate in _gates(now).filter(pk__in=_keys(steps, Gate)).select_for_update(of=("self",)):
        gate.enacted_at = now
        gate.save(update_fields=["enacted_at"])
        events.record("customer.cancelled", gate.customer, at=now, last_day=gate.last_day, reason=gate.reason)
        done += 1
    for model, kind in _ENDED.items():
        # Locked first and asked in a second statement, which sees what a worker before us recorded.
        locked = model.objects.filter(pk__in=_keys(steps, model)).select_for_update(no_key=True)
        keys = list(locked.values_list("pk", flat=True))
        for row in _ended(model, local_day(now)).filter(pk__in=keys):
            events.record(kind, row, about=row.customer, at=now, last_day=row.ends_on)
            done += 1
    return done


def _keys(steps: Sequence[Step], model: type[Model]) -> list[int]:
    return [step.key[1] for step in steps if step.key[0] is model]


def _gates(now: datetime) -> QuerySet[Gate]:
    return Gate.objects.closing(now).filter(kind=GateKind.CANCELLED, enacted_at=None)


def _ended(model: type[Model], today: date) -> QuerySet[Model]:
    """Rows past their last day without an event that says so for that day; a moved day is recorded again."""
    said = Event.objects.filter(
        kind=_ENDED[model],
        subject_type=ContentType.objects.get_for_model(model),
        subject_id=OuterRef("pk"),
    ).annotate(day=Cast(KT("data__last_day"), DateField()))
    rows: QuerySet[Model] = model._default_manager.filter(
        ~Exists(said.filter(day=OuterRef("ends_on"))), ends_on__lt=today
    )
    return rows.select_related("customer")
