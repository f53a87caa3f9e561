"""Quarantined packets as a table."""

import json
from datetime import datetime
from typing import Any

from django.utils.text import capfirst

from ispbilling.core.clock import zone
from ispbilling.core.tables import Column, DateTimeColumn, Table
from radius.nas.tables import NasColumn
from radius.quarantine.models import QuarantinedPacket
from radius.wire.requests import Status

# Four octets of seconds, as Event-Timestamp has them.
_FAR = 1 << 32
_KINDS = {status.value: status.name.capitalize() for status in Status}


class QuarantineTable(Table):
    """When, whose, why, and all the packet said."""

    at = DateTimeColumn(verbose_name="Time")
    nas = NasColumn()
    username = Column()
    reason = Column()
    report = Column(
        verbose_name="Packet", orderable=False, attrs={"td": {"class": "font-monospace text-break"}}
    )

    class Meta(Table.Meta):
        model = QuarantinedPacket
        fields = ()

    def render_reason(self, value: str) -> str:
        return capfirst(value)

    def render_report(self, value: dict[str, Any]) -> str:
        return ", ".join(
            f"{name.replace('_', ' ')} {_text(name, said)}"
            for name, said in value.items()
            if said not in (None, "")
        )

    def value_report(self, value: dict[str, Any]) -> str:
        return json.dumps(value, ensure_ascii=False)


def _text(name: str, value: Any) -> str:
    """A value of the packet for people: the kind of report by its name, its time in the provider's zone."""
    if name == "status" and isinstance(value, int):
        return _KINDS.get(value, str(value))
    if name == "event_time" and isinstance(value, int) and 0 <= value < _FAR:
        return f"{datetime.fromtimestamp(value, zone()):%Y-%m-%d %H:%M:%S}"
    return value if isinstance(value, str) else json.dumps(value)
