"""Events as sentences people read: what happened, to what, by whom, and the old and new values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ispbilling.core.models import Event

#: Data that is said elsewhere in the entry or says nothing to people.
_SILENT = frozenset({"changes", "moved", "target_id", "welcome"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline."""

    at: datetime
    what: str
    subject: str
    who: str
    details: list[str]


def entries(events: Iterable[Event]) -> list[Entry]:
    return [
        Entry(event.at, what(event), subject(event), str(event.actor or "System"), details(event))
        for event in events
    ]


def what(event: Event) -> str:
    """`customer.cancellation_set` as "Customer cancellation set"."""
    return event.kind.replace(".", " ").replace("_", " ").capitalize()


def subject(event: Event) -> str:
    """What it happened to, unless that is the party whose timeline this is."""
    own = (event.subject_type_id, event.subject_id) == (event.about_type_id, event.about_id)
    return "" if own else event.label


def details(event: Event) -> list[str]:
    """`Phone: 021 555 0000 (was empty)` for each change, then the rest of the data."""
    found = []
    for name, (old, new) in event.data.get("changes", {}).items():
        hidden = new == "(hidden)"
        found.append(
            f"{_words(name)} changed" if hidden else f"{_words(name)}: {_shown(new)} (was {_shown(old)})"
        )
    found += [
        f"{_words(name)}: {_shown(value)}"
        for name, value in event.data.items()
        if name not in _SILENT and value != subject(event)
    ]
    return found


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _shown(value: object) -> str:
    if value is True or value is False:
        return "yes" if value else "no"
    return "empty" if value in (None, "", []) else str(value)
