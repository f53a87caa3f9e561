"""The event log as a table."""

from typing import Any

from ispbilling.core.models import Event
from ispbilling.core.tables import Column, DateTimeColumn, Table

#: More members of a list than this are only counted.
LONG = 20


def words(data: dict[str, Any]) -> str:
    """An event's data as a line of text: `name: A -> B, reason: asked for it`."""
    parts = []
    for key, value in data.items():
        if key == "changes" and isinstance(value, dict):
            parts += [f"{field.replace('_', ' ')}: {old} → {new}" for field, (old, new) in value.items()]
        else:
            parts.append(f"{key.replace('_', ' ')}: {_short(value)}")
    return ", ".join(parts)


def _short(value: Any) -> Any:
    """Long lists of keys by their number."""
    if isinstance(value, dict):
        return {key: _short(one) for key, one in value.items()}
    return f"{len(value):,} rows" if isinstance(value, list) and len(value) > LONG else value


WHOLE = {"td": {"class": "text-nowrap"}}


class EventTable(Table):
    """Who did what, newest first."""

    at = DateTimeColumn(verbose_name="When")
    kind = Column(verbose_name="What")
    label = Column(verbose_name="To")
    actor = Column(verbose_name="By", default="System", attrs=WHOLE, orderable=False)
    data = Column(verbose_name="Details", orderable=False)

    default_columns = ("at", "kind", "label", "actor", "data")

    class Meta(Table.Meta):
        model = Event
        fields = ()

    def render_kind(self, value: str) -> str:
        return value.replace(".", " ").replace("_", " ").capitalize()

    def render_data(self, value: dict[str, Any]) -> str:
        return words(value)

    def value_data(self, value: dict[str, Any]) -> str:
        return words(value)
