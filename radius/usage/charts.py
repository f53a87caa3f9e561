"""Usage drawn: days as up and down bars."""

from collections.abc import Sequence

from ispbilling.core.parts import Chart, Series
from ispbilling.core.units import GB
from radius.usage.totals import Day


def daily_chart(days: Sequence[Day], title: str) -> Chart:
    """Upload on download, one bar a day, in GB."""
    return Chart(
        title=title,
        kind="bar",
        labels=tuple(f"{day.day:%d %b}" for day in days),
        series=(
            Series("Download", tuple(round(day.download / GB, 3) for day in days)),
            Series("Upload", tuple(round(day.upload / GB, 3) for day in days)),
        ),
        unit="GB",
        stacked=True,
    )
