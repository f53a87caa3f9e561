"""Quarantined packets as a table."""

import json
from typing import Any

from ispbilling.core.tables import Column, DateTimeColumn, Table
from radius.quarantine.models import QuarantinedPacket


class QuarantineTable(Table):
    """When, whose, why, and all the packet said."""

    at = DateTimeColumn(verbose_name="Time")
    nas = Column(
        linkify=lambda record: record.nas.get_absolute_url() if record.nas else None, verbose_name="NAS"
    )
    username = Column()
    reason = Column()
    report = Column(
        verbose_name="Packet", orderable=False, attrs={"td": {"class": "font-monospace text-break"}}
    )

    class Meta(Table.Meta):
        model = QuarantinedPacket
        fields = ()

    def render_report(self, value: dict[str, Any]) -> str:
        return ", ".join(f"{name} {_text(said)}" for name, said in value.items() if said not in (None, ""))

    def value_report(self, value: dict[str, Any]) -> str:
        return json.dumps(value, ensure_ascii=False)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
