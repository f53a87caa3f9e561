"""Speed tests as a table."""

from typing import Any

from ispbilling.core.tables import (
    CLIP,
    NUMBER,
    BlankFalseColumn,
    Column,
    DateTimeColumn,
    LinkColumn,
    Table,
    badge,
    url_or_none,
)
from radius.catalogue.tables import SpeedColumn
from radius.speed.models import SpeedTest

#: Percent of what was sold below which a download is worth a look.
SLOW = 70


class ShareColumn(Column):
    """The download in percent of what was sold, marked when it is far below."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(
            **{
                "accessor": "percent",
                "orderable": False,
                "verbose_name": "% of Sold",
                "attrs": NUMBER,
                **extra,
            }
        )

    def render(self, value: int) -> Any:
        return badge(f"{value} %", "attention") if value < SLOW else f"{value} %"

    def value(self, value: int) -> int:
        return value


class SpeedTestTable(Table):
    """What browsers measured, beside what was sold (PRO-9)."""

    at = DateTimeColumn(verbose_name="Measured")
    code = LinkColumn(accessor="customer__code", verbose_name="Accounting Code")
    customer = Column(accessor="customer__name", verbose_name="Customer", attrs=CLIP)
    data_account = Column(linkify=True, verbose_name="Data Account", default="not chosen")
    down_kbps = SpeedColumn(verbose_name="Download")
    sold_down_kbps = SpeedColumn(verbose_name="Sold Down")
    percent = ShareColumn()
    up_kbps = SpeedColumn(verbose_name="Upload")
    sold_up_kbps = SpeedColumn(verbose_name="Sold Up")
    latency_ms = Column(verbose_name="Latency (ms)", attrs=NUMBER)
    over_line = BlankFalseColumn(verbose_name="Over the Line")

    wide_columns = ("sold_down_kbps", "sold_up_kbps", "code")

    class Meta(Table.Meta):
        model = SpeedTest
        fields = ()

    def row_url(self, record: SpeedTest) -> str | None:
        return url_or_none("customers:customer_detail", record.customer_id)
