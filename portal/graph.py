"""The daily bars as numbers for an inline SVG: no script, nothing to load, sharp on every screen. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ispbilling.core.units import format_octets
from radius.usage.totals import Day

#: The drawing's own units; the page stretches it to its width.
HEIGHT = 100.0
STEP = 10.0
GAP = 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: the download from the ground up, the upload on top of it."""

    day: date
    words: str
    x: str
    download_y: str
    download_height: str
    upload_y: str
    upload_height: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Bars with the words of the axis, top to bottom."""

    bars: tuple[Bar, ...]
    width: str
    axis: tuple[str, str, str]

    @classmethod
    def of(cls, days: Sequence[Day]) -> "Graph":
        top = round_up(max((day.total for day in days), default=0))
        bars = tuple(_bar(n, day, top) for n, day in enumerate(days))
        axis = (format_octets(top), format_octets(top // 2), "0")
        return cls(bars, f"{len(days) * STEP:g}", axis)


def round_up(octets: int) -> int:
    """The next even multiple of a power of ten that holds the amount, so that half of it is round, too."""
    power = 10 ** (len(str(max(octets, 1))) - 1)
    return next(factor * power for factor in (1, 2, 4, 6, 8, 10) if octets <= factor * power)


def _bar(n: int, day: Day, top: int) -> Bar:
    download, upload = (HEIGHT * octets / top for octets in (day.download, day.upload))
    return Bar(
        day=day.day,
        words=f"{day.day}: {format_octets(day.download)} down, {format_octets(day.upload)} up",
        x=f"{n * STEP + GAP / 2:g}",
        download_y=f"{HEIGHT - download:.2f}",
        download_height=f"{download:.2f}",
        upload_y=f"{HEIGHT - download - upload:.2f}",
        upload_height=f"{upload:.2f}",
    )
