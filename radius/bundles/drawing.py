"""Which octets of a line came from which bundle: earliest expiry first, of those the oldest data. Pure.

Design Overview: a day's usage is cut where something of the line began or ended within it (its marks); each piece is
drawn from the bundles that could be used then, and what none covers is over the cap. So the answer depends on stored
facts alone and not on when somebody counted: counting what was added today, or everything again, gives the same.
A bundle may cover what was used before it began (`draws_from`), but then only what no other covered.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

_NEVER = datetime.max.replace(tzinfo=UTC)
_LEAST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Holding:
    """A bundle as far as drawing is concerned. `ends_at`: its expiry, or when it was taken back before that; the order
    goes by the expiry alone. `starts_at` None: it begins with its first use and is then valid for `valid_seconds`.
    """

    pk: int
    octets: int
    starts_at: datetime | None
    draws_from: datetime | None
    expires_at: datetime | None
    ends_at: datetime | None
    origin_at: datetime
    valid_seconds: int | None = None

    def usable(self, at: datetime) -> bool:
        """Whether what is used at that instant may be drawn from it."""
        if self.draws_from is None or at < self.draws_from:
            return False
        return self.ends_at is None or at < self.ends_at

    def rank(self, at: datetime) -> tuple[bool, datetime, datetime, int]:
        """Its place among others that are usable at that instant."""
        early = self.starts_at is not None and at < self.starts_at
        return early, self.expires_at or _NEVER, self.origin_at, self.pk


@dataclass(frozen=True, slots=True)
class Counted:
    """Octets of a local day, which lasts from `start` to `end`."""

    day: date
    start: datetime
    end: datetime
    upload: int
    download: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What the line had counted on its day by the instant."""

    at: datetime
    upload: int
    download: int


@dataclass(frozen=True, slots=True)
class Metered:
    """A time in which usage is drawn from bundles at all, and whether download alone counts."""

    since: datetime
    until: datetime | None
    download_only: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """A bundle that began with its first use: when, and what the line had counted by then."""

    pk: int
    day: date
    mark: Mark


@dataclass(frozen=True, slots=True)
class Drawn:
    """Octets by day and bundle (None: over the cap), and the bundles that began."""

    octets: Mapping[tuple[date, int | None], int]
    begun: Sequence[Begun] = ()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a day within which nothing began or ended."""

    since: datetime
    until: datetime
    upload: int
    download: int
    before: Mark


def draw(
    days: Iterable[Counted],
    bundles: Iterable[Holding],
    marks: Iterable[Mark],
    spans: Sequence[Metered],
    before: Mapping[int, int],
    now: datetime,
) -> Drawn:
    """Distribute the usage of these days, in their order. `before`: octets of bundles drawn on earlier days.

    What has not begun begins when nothing else covers what was used, at the latest at `now`.
    """
    held = {one.pk: one for one in bundles}
    left = {pk: one.octets - before.get(pk, 0) for pk, one in held.items()}
    cuts = sorted(marks, key=lambda mark: mark.at)
    drawn: dict[tuple[date, int | None], int] = {}
    begun: list[Begun] = []

    def take(day: date, pk: int | None, octets: int) -> None:
        drawn[day, pk] = drawn.get((day, pk), 0) + octets

    for day in sorted(days, key=lambda one: one.day):
        for piece in _pieces(day, cuts):
            span = next((one for one in spans if _holds(one, piece.since)), None)
            if span is None:
                continue
            wanted = piece.download if span.download_only else piece.upload + piece.download
            usable = [one for one in held.values() if left[one.pk] > 0 and one.usable(piece.since)]
            for one in sorted(usable, key=lambda one: one.rank(piece.since)):
                part = min(wanted, left[one.pk])
                if part > 0:
                    take(day.day, one.pk, part)
                    left[one.pk] -= part
                    wanted -= part
            at, waiting = piece.since, _waiting(held.values(), piece.since)
            # What began with an earlier piece is valid from now on, when all of this one was used.
            latest = now - len(waiting) * _LEAST if begun else now
            for others, fresh in zip(reversed(range(len(waiting))), waiting, strict=True):
                if wanted == 0:
                    break
                at = _first_use(at, piece.until, latest, others)
                begun.append(Begun(fresh.pk, day.day, _reached(piece, wanted, span, at)))
                held[fresh.pk] = begin(fresh, at, now)
                part = min(wanted, left[fresh.pk])
                take(day.day, fresh.pk, part)
                left[fresh.pk] -= part
                wanted -= part
            if wanted > 0:
                take(day.day, None, wanted)
    return Drawn(drawn, begun)


def begin(bundle: Holding, at: datetime, now: datetime) -> Holding:
    """The bundle with its first use at that instant, which is told of at `now`: valid from then on."""
    starts = max(at, now)
    expires = starts + timedelta(seconds=bundle.valid_seconds or 0)
    return replace(bundle, starts_at=starts, draws_from=at, expires_at=expires, ends_at=expires)


def _pieces(day: Counted, marks: Sequence[Mark]) -> Iterator[_Piece]:
    """The day cut at its marks. Marks never say more than the day, nor less than one before."""
    since, upload, download = day.start, 0, 0
    cuts = [mark for mark in marks if day.start < mark.at < day.end]
    for cut in [*cuts, Mark(day.end, day.upload, day.download)]:
        up, down = (
            min(max(cut.upload, upload), day.upload),
            min(max(cut.download, download), day.download),
        )
        yield _Piece(since, cut.at, up - upload, down - download, Mark(since, upload, download))
        since, upload, download = cut.at, up, down


def _holds(span: Metered, at: datetime) -> bool:
    return span.since <= at and (span.until is None or at < span.until)


def _waiting(bundles: Iterable[Holding], at: datetime) -> list[Holding]:
    """The bundles that begin with their first use and are there at that instant, the oldest first."""
    some = (one for one in bundles if one.starts_at is None and one.ends_at is None and one.origin_at <= at)
    return sorted(some, key=lambda one: (one.origin_at, one.pk))


def _first_use(since: datetime, until: datetime, latest: datetime, others: int) -> datetime:
    """When a bundle begins that is first used within a piece of a day: as late as is known, after its start, and so
    that `others` still can begin after it in the same piece.
    """
    return max(since + _LEAST, min(latest, until - (1 + others) * _LEAST))


def _reached(piece: _Piece, wanted: int, span: Metered, at: datetime) -> Mark:
    """What the day had counted when `wanted` octets of the piece were still to come."""
    if span.download_only:
        return Mark(at, piece.before.upload + piece.upload, piece.before.download + piece.download - wanted)
    # Which direction came first nobody knows; together they are what was counted.
    down = max(piece.download - wanted, 0)
    up = piece.upload - (wanted - (piece.download - down))
    return Mark(at, piece.before.upload + up, piece.before.download + down)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a line stands by its bundles alone: see `Meter`, whose columns have these names."""

    remaining: int
    exhausted: bool
    covered_until: datetime | None
    exhausted_until: datetime | None


def standing(bundles: Iterable[tuple[Holding, int]], now: datetime, renews_at: datetime | None) -> Standing:
    """How it stands with these bundles and the octets left of each, at `now`; `renews_at` is when the next monthly
    bundle comes by itself, None for a prepaid line.
    """
    some = [(one, left) for one, left in bundles if left > 0 and (one.ends_at is None or now < one.ends_at)]
    waiting = [left for one, left in some if one.starts_at is None]
    active = [(one, left) for one, left in some if one.starts_at is not None and one.starts_at <= now]
    remaining = sum(waiting) + sum(left for _one, left in active)
    if waiting:
        return Standing(remaining, False, None, None)
    later = [
        (one.starts_at, one.ends_at or _NEVER) for one, _left in some if one.starts_at and one.starts_at > now
    ]
    if renews_at is not None:
        later.append((renews_at, _NEVER))
    covered = max((one.ends_at or _NEVER for one, _left in active), default=now)
    next_start: datetime | None = None
    for starts, ends in sorted(later):
        if active and starts <= covered:
            covered = max(covered, ends)
        else:
            next_start = starts
            break
    if not active:
        return Standing(0, True, None, next_start)
    return Standing(remaining, False, None if covered == _NEVER else covered, next_start)
