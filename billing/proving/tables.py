"""The anchors as a table."""

from typing import Any

from ispbilling.core.tables import NUMBER, Column, DateColumn, DateTimeColumn, NumberColumn, Table


class AnchorTable(Table):
    """One row per day."""

    day = DateColumn()
    at = DateTimeColumn(verbose_name="Written")
    seq = NumberColumn(verbose_name="Seal")
    postings = NumberColumn(verbose_name="Postings")
    text = Column(
        verbose_name="Anchor", orderable=False, attrs={"td": {"class": "font-monospace small text-break"}}
    )
    totals = Column(verbose_name="Totals", orderable=False, attrs=NUMBER)

    default_columns = ("day", "seq", "postings", "text")
    wide_columns = ("at", "totals")

    class Meta(Table.Meta):
        pass

    def row_url(self, record: Any) -> str | None:
        return None

    def render_totals(self, value: list[list[str]]) -> str:
        return ", ".join(f"{code} {amount}" for code, amount in value)
