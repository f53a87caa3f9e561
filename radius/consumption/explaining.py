"""What a line's octets of some days are made of: the bundles each day was drawn from, and the sessions it came from.

Both add up to what was counted, day by day and together; what no bundle gave (an uncapped line, or a direction the
cap does not count) and what no kept session explains stand beside them, so that every sum closes to the octet.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from ispbilling.core.clock import Period
from radius.accounts.models import DataAccount
from radius.bundles.models import BundleKind, DataBundle, Draw
from radius.usage import shares, totals
from radius.usage.shares import Share

#: In the place of a bundle: beyond all there was.
OVER = None


@dataclass(frozen=True, slots=True)
class Parts:
    """A day taken apart, or a month on its first day. `drawn` has octets by bundle id (OVER: over the cap);
    `sessions` what they explain."""

    day: date
    upload: int
    download: int
    drawn: dict[int | None, int]
    sessions: int

    @property
    def total(self) -> int:
        return self.upload + self.download

    @property
    def over(self) -> int:
        return self.drawn.get(OVER, 0)

    @property
    def not_drawn(self) -> int:
        """What counts against nothing."""
        return self.total - sum(self.drawn.values())

    @property
    def not_kept(self) -> int:
        """What came from sessions that are not kept any more."""
        return self.total - self.sessions


@dataclass(frozen=True, slots=True)
class Explanation:
    """The days on which something was used, the bundles they were drawn from, and the sessions, latest first."""

    account: DataAccount
    period: Period
    days: list[Parts]
    bundles: list[DataBundle]
    sessions: list[Share]

    @property
    def upload(self) -> int:
        return sum(day.upload for day in self.days)

    @property
    def download(self) -> int:
        return sum(day.download for day in self.days)

    @property
    def total(self) -> int:
        return self.upload + self.download

    @property
    def over(self) -> int:
        return sum(day.over for day in self.days)

    @property
    def not_drawn(self) -> int:
        return sum(day.not_drawn for day in self.days)

    @property
    def not_kept(self) -> int:
        return sum(day.not_kept for day in self.days)

    @property
    def in_sessions(self) -> int:
        return sum(day.sessions for day in self.days)

    def drawn_from(self, bundle: DataBundle) -> int:
        return sum(day.drawn.get(bundle.pk, 0) for day in self.days)


def explain(account: DataAccount, period: Period) -> Explanation:
    """Take the line's days apart; five queries, whatever their number."""
    draws: dict[date, dict[int | None, int]] = {}
    mine = Draw.objects.filter(data_account=account, day__gte=period.start, day__lt=period.end).order_by()
    for day, bundle, octets in mine.values_list("day", "bundle_id", "octets"):
        draws.setdefault(day, {})[bundle] = octets
    of_sessions = shares.by_day(account.pk, period)
    days = [
        Parts(one.day, one.upload, one.download, draws.get(one.day, {}), of_sessions.get(one.day, 0))
        for one in totals.daily(period, data_account=account)
        if one.total or one.day in draws
    ]
    used = {bundle for drawn in draws.values() for bundle in drawn if bundle is not OVER}
    bundles = list(DataBundle.objects.filter(pk__in=used).order_by("expires_at", "origin_at", "pk"))
    return Explanation(account, period, days, bundles, shares.of_period(account.pk, period))


def by_month(days: Iterable[Parts]) -> list[Parts]:
    """Days in their order put together to months."""
    months: dict[date, list[Parts]] = {}
    for one in days:
        months.setdefault(one.day.replace(day=1), []).append(one)
    return [_together(first, parts) for first, parts in months.items()]


def _together(first: date, parts: Sequence[Parts]) -> Parts:
    drawn: Counter[int | None] = Counter()
    for part in parts:
        drawn.update(part.drawn)
    return Parts(
        first,
        sum(part.upload for part in parts),
        sum(part.download for part in parts),
        dict(drawn),
        sum(part.sessions for part in parts),
    )


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of the pie: what was drawn from one kind of bundle, or from none."""

    label: str
    octets: int


def by_kind(accounts: list[int], period: Period, used: int) -> list[Slice]:
    """What `used` octets of these lines were drawn from, largest first; what counts against nothing is a piece, too
    (D-19)."""
    rows = Draw.objects.filter(
        data_account__in=accounts, day__gte=period.start, day__lt=period.end
    ).order_by()
    found: dict[str | None, int] = {}
    for kind, octets in rows.values_list("bundle__kind").annotate(n=Sum("octets")):
        found[kind] = octets
    pieces = [
        Slice("Over the Cap" if kind is None else BundleKind(kind).label, octets)
        for kind, octets in found.items()
    ]
    if rest := used - sum(found.values()):
        pieces.append(Slice("Uncapped" if not found else "Outside bundles", rest))
    return sorted(pieces, key=lambda piece: -piece.octets)
