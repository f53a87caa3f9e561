"""What lines have left, as pages and rules read it: from the meter where that still holds, else from the bundles.

Octets throughout. Nobody waits for the drawer: past the instant until which a meter holds, its figures are read from
what is stored about bundles and draws, by the same pure functions that write it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection
from django.db.models import Q

from ispbilling.core.clock import Period, day_end, day_start, local_day, month_of
from radius.accounts.models import DataAccount
from radius.bundles import metering, stock
from radius.bundles.drawing import Holding
from radius.bundles.models import DataBundle, Draw, Meter


@dataclass(frozen=True, slots=True)
class Remaining:
    """How a capped or prepaid line stands in a month.

    `limit` is split as pages show it: 150 GB monthly + 31 GB top-ups. `used` has what is over the cap in it.
    `topup_left` is what of `left` is top-ups. Data is there again, or gone, by the clock alone: see `Meter`.
    """

    account_id: int
    month: date
    prepaid: bool
    limit_monthly: int
    limit_topup: int
    limit_rollover: int
    used: int
    over: int
    left: int
    topup_left: int
    exhausted_since: datetime | None
    exhausted_until: datetime | None
    covered_until: datetime | None

    @property
    def limit(self) -> int:
        return self.limit_monthly + self.limit_topup + self.limit_rollover

    @property
    def parts(self) -> list[tuple[str, int]]:
        """The limit as it is made up; nothing where it is of one kind."""
        named = (
            ("monthly", self.limit_monthly),
            ("top-ups", self.limit_topup),
            ("rolled over", self.limit_rollover),
        )
        found = [(word, octets) for word, octets in named if octets]
        return found if len(found) > 1 else []

    @property
    def percent(self) -> int:
        """Whole percent of the limit that is used, rounded down; 100 where there is no limit to use."""
        return self.used * 100 // self.limit if self.limit else 100

    @property
    def exhausted(self) -> bool:
        return self.exhausted_since is not None

    @property
    def on_topup(self) -> bool:
        """Whether the month's own data is used up and a top-up is used (D-21)."""
        return not self.prepaid and 0 < self.left == self.topup_left


def remaining(account_ids: Iterable[int], now: datetime) -> dict[int, Remaining]:
    """How these lines stand, by id; uncapped lines, which have no limit, are left out. Two queries, and three more if
    a meter among them no longer holds.
    """
    ids = list(account_ids)
    capped = Q(data_account__prepaid=True) | Q(data_account__package__cap_octets__isnull=False)
    meters = {
        one.pk: one
        for one in Meter.objects.filter(capped, pk__in=ids).select_related("data_account__package")
    }
    stale = [pk for pk, one in meters.items() if one.holds_until is None or one.holds_until <= now]
    found = {pk: _of(one) for pk, one in meters.items()}
    return found | (_read(stale, meters, now) if stale else {})


def left(account: DataAccount, now: datetime) -> int | None:
    """Octets that the line can still use; None: uncapped."""
    found = remaining([account.pk], now).get(account.pk)
    return None if found is None else found.left


def _of(meter: Meter) -> Remaining:
    return Remaining(
        meter.pk,
        meter.month,
        meter.data_account.prepaid,
        meter.limit_monthly_octets,
        meter.limit_topup_octets,
        meter.limit_rollover_octets,
        meter.used_octets,
        meter.over_octets,
        meter.remaining_octets,
        meter.remaining_topup_octets,
        meter.exhausted_since,
        meter.exhausted_until,
        meter.covered_until,
    )


def _read(ids: Collection[int], meters: dict[int, Meter], now: datetime) -> dict[int, Remaining]:
    month = month_of(local_day(now))
    starts, ends = day_start(month.start), day_end(month.last)
    held: dict[int, list[metering.Stocked]] = defaultdict(list)
    with connection.cursor() as cursor:
        for pk, one in stock.bundles(cursor, ids, starts):
            held[pk].append((one.kind, one.holding, one.drawn))
        drawn = stock.drawn_in(cursor, ids, month.start, month.end)
    found = {}
    for pk in ids:
        meter = meters[pk]
        account = meter.data_account
        cap = None if account.prepaid else account.package.cap_octets
        bundles = held[pk]
        if cap is not None and not any(
            kind == metering.MONTHLY and _of_now(one, now) for kind, one, _ in bundles
        ):
            bundles.append((metering.MONTHLY, stock.coming(cap, starts, ends), 0))
        reading = metering.read(bundles, drawn.get(pk, {}), month.start, starts, ends, now, cap is not None)
        stands = reading.standing
        found[pk] = Remaining(
            pk,
            month.start,
            account.prepaid,
            reading.limits.monthly,
            reading.limits.topup,
            reading.limits.rollover,
            reading.used,
            reading.over,
            stands.remaining,
            reading.topup_left,
            (meter.exhausted_since or now) if stands.exhausted else None,
            stands.exhausted_until,
            stands.covered_until,
        )
    return found


def _of_now(bundle: Holding, now: datetime) -> bool:
    return (
        bundle.starts_at is not None
        and bundle.starts_at <= now
        and (bundle.ends_at is None or now < bundle.ends_at)
    )


@dataclass(frozen=True, slots=True)
class Share:
    """What a bundle gave a line in a month, by day; without a bundle: what was used over the cap."""

    bundle: DataBundle | None
    octets: int
    days: dict[date, int] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`monthly`, `topup`, ... or `over`."""
        return "over" if self.bundle is None else self.bundle.kind

    @property
    def title(self) -> str:
        return "Over the cap" if self.bundle is None else self.bundle.title


def breakdown(account: DataAccount, month: Period) -> list[Share]:
    """Where the usage of the month was drawn from: every bundle that could be used in it, also those that gave
    nothing, in the order in which data is drawn, and what is over the cap. Their sum is the line's usage of the month
    for as long as it was metered.
    """
    days: dict[int | None, dict[date, int]] = defaultdict(dict)
    rows = Draw.objects.filter(data_account=account, day__gte=month.start, day__lt=month.end)
    for bundle_id, day, octets in rows.order_by("day").values_list("bundle_id", "day", "octets"):
        days[bundle_id][day] = octets
    starts, ends = day_start(month.start), day_end(month.last)
    held = DataBundle.objects.filter(data_account=account).in_month(starts, ends) | DataBundle.objects.filter(
        data_account=account, pk__in=[pk for pk in days if pk is not None]
    )
    shares = [
        Share(one, sum(days[one.pk].values()), dict(days[one.pk]))
        for one in held.in_order()
        if one.voided_at is None or one.pk in days
    ]
    if over := days.get(None):
        shares.append(Share(None, sum(over.values()), dict(over)))
    return shares
