"""Rows of a file as calls, by columns that somebody chose; and the guess which columns these are. Pure.

A call is known by caller, called, start and seconds: its digest is the same in every file that has it.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing.calls.numbers import normal
from ispbilling.core.money import per_unit

ISO = "iso"
#: In this order: where the times of a file fit several, the first is taken (South Africa writes the day first).
TIME_FORMATS = (
    ISO, "%Y/%m/%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%d-%m-%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d %b %Y %H:%M:%S",
    "%Y%m%d%H%M%S", "%Y%m%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d/%m/%Y %H:%M", "%d-%m-%Y %H:%M", "%d %b %Y %H:%M",
    "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M",
)  # fmt: skip
#: Words of headings in small letters; earlier ones win.
_HEADINGS = {
    "caller": (
        "caller", "caller id", "callerid", "calling number", "src", "source", "from", "a number", "anumber",
        "a party", "cli", "ani", "extension", "originating number", "caller number",
    ),
    "called": (
        "called", "called number", "dst", "destination number", "dialled number", "dialed number", "dialled", "to",
        "b number", "bnumber", "b party", "number dialled", "destination",
    ),
    "started": (
        "started", "started at", "start", "calldate", "call date", "start time", "call start", "date time",
        "datetime", "timestamp", "date",
    ),
    "time": ("time", "call time", "time of day"),
    "seconds": (
        "seconds", "billsec", "billable seconds", "duration", "call duration", "duration seconds", "duration s",
        "length", "talk time",
    ),
    "cost": ("cost", "carrier cost", "call cost", "charge", "amount", "price"),
}  # fmt: skip
_NEEDED = ("caller", "called", "started", "seconds")
_COST = re.compile(r"R?\s*([0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3})+)(?:([.,])([0-9]{1,10}))?", re.ASCII)
_CLOCK = re.compile(r"(?:([0-9]{1,3}):)?([0-9]{1,3}):([0-9]{2})", re.ASCII)
_SECONDS = re.compile(r"([0-9]{1,7})(?:\.[0-9]+)?", re.ASCII)
_FIRST = date(2000, 1, 1)
_LONGEST = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a file is what, by position; `first` is the row where the calls begin.

    `time` is the time of day where it stands apart from the date; times without a zone are UTC or local ones.
    """

    first: int
    caller: int
    called: int
    started: int
    seconds: int
    time_format: str
    cost: int | None = None
    time: int | None = None
    utc: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One call of a file."""

    row: int
    caller: str
    called: str
    started_at: datetime
    day: date
    seconds: int
    cost: Decimal | None
    digest: bytes


def guess(table: Sequence[Sequence[str]]) -> Columns | None:
    """The columns of a table by its headings, or None when they do not tell."""
    for number, row in enumerate(table[:10]):
        heads = [" ".join(re.sub(r"[^a-z0-9]+", " ", cell.lower()).split()) for cell in row]
        found: dict[str, int] = {}
        for part, words in _HEADINGS.items():
            free = [word for word in words if word in heads and heads.index(word) not in found.values()]
            if free:
                found[part] = heads.index(free[0])
        if found.keys() >= set(_NEEDED):
            form = time_format(times(table[number + 1 :], found["started"], found.get("time")))
            if form is None and "time" in found:
                del found["time"]
                form = time_format(times(table[number + 1 :], found["started"], None))
            if form is not None:
                caller, called, started, length = (found[part] for part in _NEEDED)
                return Columns(
                    number + 1, caller, called, started, length, form, found.get("cost"), found.get("time")
                )
    return None


def times(rows: Iterable[Sequence[str]], started: int, time: int | None) -> list[str]:
    """What stands in the columns of the start."""
    return [_started(row, started, time) for row in rows]


def time_format(texts: Sequence[str]) -> str | None:
    """The format that most of the texts have, None when none has any."""
    counts = {form: sum(instant(text, form, UTC) is not None for text in texts) for form in TIME_FORMATS}
    best = max(TIME_FORMATS, key=lambda form: counts[form])
    return best if counts[best] else None


def call_of(
    number: int, row: Sequence[str], columns: Columns, country_code: str, zone: ZoneInfo, now: datetime
) -> Found | str:
    """The call in a row, or what is wrong with it."""
    said = {name: _cell(row, getattr(columns, name)) for name in ("caller", "called", "seconds", "cost")}
    caller, called = (normal(said[name], country_code) for name in ("caller", "called"))
    text = _started(row, columns.started, columns.time)
    started_at = instant(text, columns.time_format, UTC if columns.utc else zone)
    length, cost = seconds(said["seconds"]), amount(said["cost"]) if said["cost"] else None
    if not caller or not called:
        return "it does not say who called." if not caller else "it does not say who was called."
    if started_at is None:
        return f"“{text[:40]}” is no time like the others."
    day = started_at.astimezone(zone).date()
    if day < _FIRST or started_at > now + timedelta(days=1):
        return f"{day} cannot be when it began."
    if length is None:
        return f"“{said['seconds'][:40]}” is no number of seconds."
    if cost is None and said["cost"]:
        return f"“{said['cost'][:40]}” is no cost."
    told = f"{caller}|{called}|{started_at.isoformat()}|{length}"
    digest = hashlib.sha256(told.encode()).digest()
    return Found(number, caller, called, started_at, day, length, cost, digest)


def instant(text: str, form: str, zone: tzinfo) -> datetime | None:
    """The time in a format of TIME_FORMATS as an instant; without a zone of its own it is one of `zone`."""
    try:
        read = datetime.fromisoformat(text) if form == ISO else datetime.strptime(text, form)  # noqa: DTZ007
        if form == ISO and not re.search(r"[0-9][T ][0-9]", text):
            return None  # a day without a time
        if read.tzinfo is None:
            read = read.replace(tzinfo=zone)
        return read.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def seconds(text: str) -> int | None:
    """`134`, `2:14` and `0:02:14` as seconds, at most a week; None when it is none of these."""
    if match := _SECONDS.fullmatch(text):
        found = int(match[1])
    elif match := _CLOCK.fullmatch(text):
        found = int(match[1] or 0) * 3600 + int(match[2]) * 60 + int(match[3])
    else:
        return None
    return found if found <= _LONGEST else None


def amount(text: str) -> Decimal | None:
    """`0.3542`, `R 1,234.50` and `0,35` as a cost, rounded to the four decimals of prices; None when it is none."""
    match = _COST.fullmatch(text.strip())
    if match is None or (match[2] == "," and "," in match[1]):
        return None
    return per_unit(Decimal(f"{match[1].replace(',', '')}.{match[3] or 0}"))


def _started(row: Sequence[str], started: int, time: int | None) -> str:
    return " ".join(filter(None, (_cell(row, started), _cell(row, time))))


def _cell(row: Sequence[str], position: int | None) -> str:
    return row[position] if position is not None and position < len(row) else ""
