"""Sessions as tables."""

from datetime import datetime
from typing import Any

from django_tables2 import A

from ispbilling.core import clock
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    CLIP,
    NUMBER,
    Column,
    DateTimeColumn,
    LinkColumn,
    OctetsColumn,
    Table,
)
from ispbilling.core.units import format_seconds
from radius.accounts.tables import CustomerColumn
from radius.nas.tables import NasColumn
from radius.usage.models import Session


class DurationColumn(Column):
    """`2d 03:04:05`: until the stop, or until now while the session is open; exported as seconds."""

    def __init__(self, **extra: Any) -> None:
        defaults = {
            "accessor": A("started_at"),
            "verbose_name": "Duration",
            "attrs": NUMBER,
            "orderable": False,
        }
        super().__init__(**{**defaults, **extra})

    def render(self, record: Session) -> str:
        return format_seconds(self.value(record))

    def value(self, record: Session) -> int:
        end: datetime = record.stopped_at or clock.now()
        return max(0, int((end - record.started_at).total_seconds()))


def session_actions(session: Session) -> list[Button]:
    return [Button("Session", session.get_absolute_url(), "eye")]


class SessionTable(Table):
    """Sessions that are open now."""

    username = LinkColumn()
    code = CustomerColumn(accessor="data_account__customer__code", verbose_name="Accounting Code")
    customer = Column(accessor="data_account__customer__name", verbose_name="Customer", attrs=CLIP)
    nas = NasColumn()
    framed_ip = LinkColumn(verbose_name="IP Address")
    calling_station_id = Column(verbose_name="Device (MAC)")
    started_at = DateTimeColumn(verbose_name="Started")
    updated_at = DateTimeColumn(verbose_name="Last Update")
    duration = DurationColumn()
    download_octets = OctetsColumn(verbose_name="Download")
    upload_octets = OctetsColumn(verbose_name="Upload")
    nas_port = Column(verbose_name="Port")
    acct_session_id = Column(verbose_name="Session ID")

    default_columns = (
        "username", "code", "customer", "nas", "framed_ip", "calling_station_id", "started_at", "duration",
        "download_octets", "upload_octets",
    )  # fmt: skip

    class Meta(Table.Meta):
        model = Session
        fields = ()


class PreviousSessionTable(SessionTable):
    """Sessions that have ended, and why."""

    stopped_at = DateTimeColumn(verbose_name="Ended")
    terminate_cause = Column(verbose_name="Cause")

    default_columns = (
        "username", "code", "nas", "framed_ip", "started_at", "stopped_at", "duration", "download_octets",
        "upload_octets", "terminate_cause",
    )  # fmt: skip

    class Meta(SessionTable.Meta):
        sequence = (
            "username",
            "code",
            "customer",
            "nas",
            "framed_ip",
            "calling_station_id",
            "started_at",
            "stopped_at",
            "...",
        )
