"""The event log: the only writer of `Event`. One table feeds the timeline, the audit trail and the messages.

`record` fires the project's single Django signal, the wake-up, after COMMIT: `radius` and `notifications` use
it to run their sweep now instead of at its next tick. If a wake-up is lost, nothing else is.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.dispatch import Signal

from ispbilling.core import clock, copying
from ispbilling.core.models import Event, User

woken = Signal()


def record(
    kind: str,
    subject: models.Model,
    *,
    actor: User | None = None,
    about: models.Model | None = None,
    at: datetime | None = None,
    **data: Any,
) -> Event:
    """Write what happened. `kind` is `noun.verb` in the past tense (`customer.suspended`).

    `about` is the party on whose timeline it belongs (a customer), when that is not the subject itself.
    `data` holds plain values that explain the event; never a secret.
    """

    def kind_of(obj: models.Model) -> ContentType:
        return ContentType.objects.get_for_model(obj, for_concrete_model=True)

    event = Event(
        at=at or clock.now(),
        kind=kind,
        subject_type=kind_of(subject),
        subject_id=subject.pk,
        about_type=kind_of(about or subject),
        about_id=(about or subject).pk,
        actor=actor if actor is not None and actor.pk else None,
        label=str(subject)[:200],
        data={key: _plain(value) for key, value in data.items() if value is not None},
    )
    event.save(force_insert=True)
    transaction.on_commit(lambda: woken.send(sender=Event, kind=kind), robust=True)
    return event


class Happening(NamedTuple):
    """One of many events of the same kind, for `record_many`; ids instead of rows."""

    subject_id: int
    about_id: int
    label: str
    data: dict[str, Any]


def record_many(
    kind: str,
    subject: type[models.Model],
    about: type[models.Model],
    happenings: Sequence[Happening],
    *,
    at: datetime,
    actor: User | None = None,
) -> None:
    """As `record`, for a whole chunk of a run with one COPY and one wake-up."""
    if not happenings:
        return
    subject_type, about_type = (
        ContentType.objects.get_for_model(model, for_concrete_model=True).pk for model in (subject, about)
    )
    copying.copy(
        Event,
        (
            "at", "kind", "subject_type_id", "subject_id", "about_type_id", "about_id", "actor_id", "label", "data",
        ),
        (
            (
                at, kind, subject_type, one.subject_id, about_type, one.about_id,
                actor.pk if actor is not None else None, one.label[:200],
                {key: _plain(value) for key, value in one.data.items() if value is not None},
            )
            for one in happenings
        ),
    )  # fmt: skip
    transaction.on_commit(lambda: woken.send(sender=Event, kind=kind), robust=True)


def _plain(value: Any) -> Any:
    """A JSON value that reads the same in a page: amounts, dates and times as text."""
    if isinstance(value, Decimal | date | time):
        return str(value)
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return value


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """The fields that differ as `{field: [old, new]}`; what an edit records."""
    return {
        key: [_plain(before.get(key)), _plain(after[key])] for key in after if before.get(key) != after[key]
    }


#: What stands in the place of an erased label; the database admits no other change.
ERASED = "(erased)"


def erase(subjects: Sequence[models.Model]) -> int:
    """Blank what the events of these rows, and of parties among them, say; when, what and by whom stays.

    For the erasure of a person's data alone, which records itself. The number of events.
    """
    said = models.Q()
    for row in subjects:
        kind = ContentType.objects.get_for_model(row, for_concrete_model=True)
        said |= models.Q(subject_type=kind, subject_id=row.pk) | models.Q(about_type=kind, about_id=row.pk)
    if not subjects:
        return 0
    return Event.objects.filter(said).update(label=ERASED, data={})


def erase_about(party: type[models.Model], ids: Collection[int]) -> int:
    """As `erase`, for parties that are being removed altogether: nobody could ask for it afterwards."""
    kind = ContentType.objects.get_for_model(party, for_concrete_model=True)
    return Event.objects.filter(about_type=kind, about_id__in=ids).update(label=ERASED, data={})
