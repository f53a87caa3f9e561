"""Usage drawn: days or months as up and down bars, and pies of where it came from."""

from collections.abc import Sequence

from ispbilling.core.parts import Chart, Series
from ispbilling.core.units import GB
from radius.consumption.explaining import Slice
from radius.usage.totals import Day


def daily_chart(days: Sequence[Day], title: str, urls: Sequence[str] = ()) -> Chart:
    """Upload on download, one bar a day, in GB; each leads to its URL where there are any."""
    return _bars(days, "%d %b", title, urls)


def monthly_chart(months: Sequence[Day], title: str, urls: Sequence[str] = ()) -> Chart:
    """The same of months; each stands on its first day."""
    return _bars(months, "%b %Y", title, urls)


def pie(pieces: Sequence[Slice], title: str) -> Chart:
    """Shares of a whole, in GB."""
    return Chart(
        title=title,
        kind="doughnut",
        labels=tuple(piece.label for piece in pieces),
        series=(Series("Used", tuple(round(piece.octets / GB, 3) for piece in pieces)),),
        unit="GB",
    )


def _bars(days: Sequence[Day], form: str, title: str, urls: Sequence[str]) -> Chart:
    return Chart(
        title=title,
        kind="bar",
        labels=tuple(format(day.day, form) for day in days),
        series=(
            Series("Download", tuple(round(day.download / GB, 3) for day in days)),
            Series("Upload", tuple(round(day.upload / GB, 3) for day in days)),
        ),
        unit="GB",
        stacked=True,
        urls=tuple(urls),
    )
