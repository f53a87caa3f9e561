"""What was sent to a NAS to end or change a session, as a table."""

from typing import Any

from ispbilling.core.tables import Column, DateTimeColumn, Table, badge
from radius.coa.models import CoaAttempt
from radius.policy.codes import sentence

_MEANINGS = {"ack": "working", "nak": "attention", "timeout": "stopped"}


class CoaTable(Table):
    """One line per request and its answer."""

    at = DateTimeColumn(verbose_name="Time")
    because = Column()
    outcome = Column()
    detail = Column()

    class Meta(Table.Meta):
        model = CoaAttempt
        fields = ()
        orderable = False

    def render_because(self, value: str) -> str:
        return sentence(value)

    def render_outcome(self, value: str) -> Any:
        return badge(value, _MEANINGS.get(value, "off"))
