"""What lines may use in a month and what of it they used, as expressions of lists and as values of pages (USE-8).

A limit is what the bundles of a line give for the month: of one that began earlier, what was left of it when the
month began. The month that runs is read from its `Meter`. A capped line from before there were bundles has its
package's cap. An uncapped line has no limit, and only `used`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from ispbilling.core.clock import Period, day_start, local_day
from radius.accounts.models import DataAccount
from radius.bundles.models import BundleKind, DataBundle, Draw
from radius.bundles.remaining import remaining
from radius.catalogue.models import CapKind, Counts
from radius.usage.models import Session, UsageDay

#: What a limit is made of; every other kind is data that was bought, given or transferred.
SPLIT = (BundleKind.MONTHLY, BundleKind.ROLLOVER)


@dataclass(frozen=True, slots=True)
class Limit:
    """Octets a line had for a month, by where they came from, and how many were used of them; `used` has those over
    the limit, too.

    Whoever was over the cap before a top-up that does not cover it is over and has something left; so have several
    lines together. `beyond` and `unused` are these two where they are known (`as_of`).
    """

    monthly: int
    topup: int
    rollover: int
    used: int
    beyond: int | None = None
    unused: int | None = None

    @property
    def total(self) -> int:
        return self.monthly + self.topup + self.rollover

    @property
    def left(self) -> int:
        return self.total - self.used + self.over if self.unused is None else self.unused

    @property
    def over(self) -> int:
        return max(self.used - self.total, 0) if self.beyond is None else self.beyond

    @property
    def percent(self) -> int | None:
        """Whole percent that is used, rounded down so that 100 means reached; None where there was nothing."""
        return self.used * 100 // self.total if self.total else None

    @property
    def parts(self) -> list[tuple[str, int]]:
        """The limit as it is made up, without what is not in it."""
        named = (("monthly", self.monthly), ("top-up", self.topup), ("rollover", self.rollover))
        return [(word, octets) for word, octets in named if octets]

    def __add__(self, other: "Limit") -> "Limit":
        return Limit(
            self.monthly + other.monthly,
            self.topup + other.topup,
            self.rollover + other.rollover,
            self.used + other.used,
            self.over + other.over,
            self.left + other.left,
        )


def of(account: Any) -> Limit | None:
    """The limit of a row of `with_limits`; None when it is uncapped."""
    if account.limit_monthly is None:
        return None
    return Limit(account.limit_monthly, account.limit_topup, account.limit_rollover, account.counted)


def as_of(accounts: Sequence[Any], month: Period, now: datetime) -> list[Limit | None]:
    """The limits of rows of `with_limits`, with what is left and over: of the month that runs as it stands now, of
    another as it was drawn; two queries."""
    ids = [account.pk for account in accounts]
    known: dict[int, dict[str, int]] = {}
    if month.start <= local_day(now) < month.end:
        known = {pk: {"beyond": one.over, "unused": one.left} for pk, one in remaining(ids, now).items()}
    else:
        draws = Draw.objects.filter(data_account__in=ids, day__gte=month.start, day__lt=month.end).order_by()
        over = Coalesce(Sum("octets", filter=Q(bundle=None)), Value(0), output_field=BigIntegerField())
        known = {pk: {"beyond": n} for pk, n in draws.values_list("data_account").annotate(n=over)}
    found = [of(account) for account in accounts]
    return [
        limit and replace(limit, **known.get(account.pk, {}))
        for account, limit in zip(accounts, found, strict=True)
    ]


def with_limits(accounts: QuerySet[DataAccount], month: Period) -> QuerySet[DataAccount]:
    """The accounts with `limit_monthly` (null: uncapped), `limit_topup`, `limit_rollover`, and `counted`: the octets
    of the month that count against the limit."""
    this = Q(meter__month=month.start)

    def metered(name: str) -> Case:
        return Case(When(this, then=F(f"meter__{name}")), output_field=BigIntegerField())

    return accounts.annotate(
        limit_monthly=Coalesce(
            metered("limit_monthly_octets"),
            _given(month, Q(kind=BundleKind.MONTHLY)),
            Case(
                When(prepaid=True, then=Value(0)),
                When(~Q(package__cap_kind=CapKind.UNCAPPED), then=F("package__cap_octets")),
                output_field=BigIntegerField(),
            ),
        ),
        limit_topup=Coalesce(
            metered("limit_topup_octets"),
            _given(month, ~Q(kind__in=SPLIT)),
            Value(0),
            output_field=BigIntegerField(),
        ),
        limit_rollover=Coalesce(
            metered("limit_rollover_octets"),
            _given(month, Q(kind=BundleKind.ROLLOVER)),
            Value(0),
            output_field=BigIntegerField(),
        ),
        counted=Coalesce(metered("used_octets"), _drawn(month), _counted(month), Value(0)),
    )


def over(accounts: Any, percent: int) -> Any:
    """Those that used at least so many percent of what they had: rows of `with_limits`, or with `kept`, their
    `UsageMonth`."""
    if "counted" not in accounts.query.annotations:
        return accounts.filter(kept__percent__gte=percent)
    limit = ExpressionWrapper(
        F("limit_monthly") + F("limit_topup") + F("limit_rollover"), output_field=BigIntegerField()
    )
    # First who can have a limit at all, which costs nothing to know.
    capped = Q(prepaid=True) | Q(meter__isnull=False) | ~Q(package__cap_kind=CapKind.UNCAPPED)
    rows = accounts.filter(capped).alias(limit=limit)
    return rows.filter(limit__gt=0, counted__gte=F("limit") * Value(percent) / Value(100.0))


def together(parts: Sequence[Limit | None]) -> Limit | None:
    """One limit for all of them; None where there is none, or one of them has none."""
    found = Limit(0, 0, 0, 0)
    for part in parts:
        if part is None:
            return None
        found += part
    return found if parts else None


def with_last_access(accounts: QuerySet[DataAccount]) -> QuerySet[DataAccount]:
    """The accounts with `last_access`: when the last session of each was last heard of."""
    latest = Session.objects.filter(data_account=OuterRef("pk")).order_by("-started_at")
    return accounts.annotate(last_access=Subquery(latest.values("updated_at")[:1]))


def held_in(month: Period) -> Q:
    """Bundles from which something may have been drawn in the month."""
    start, end = day_start(month.start), day_start(month.end)
    open_then = Q(expires_at__isnull=True) | Q(expires_at__gt=start)
    return Q(draws_from__lt=end) & open_then & (Q(voided_at__isnull=True) | Q(voided_at__gt=start))


def _given(month: Period, kinds: Q) -> Subquery:
    """What bundles of these kinds gave for the month: all of those that began in it, what was left of others."""
    before = (
        Draw.objects.filter(bundle=OuterRef("pk"), day__lt=month.start)
        .order_by()
        .values("bundle")
        .annotate(n=Sum("octets"))
        .values("n")
    )
    # What was taken back gave what was drawn of it by then.
    gave = Case(When(voided_at__isnull=False, then=F("drawn_octets")), default=F("octets"))
    left = gave - Coalesce(Subquery(before, output_field=BigIntegerField()), Value(0))
    rows = (
        DataBundle.objects.filter(held_in(month), kinds, data_account=OuterRef("pk"))
        .order_by()
        .values("data_account")
        .annotate(n=Sum(left, output_field=BigIntegerField()))
    )
    return Subquery(rows.values("n"), output_field=BigIntegerField())


def _drawn(month: Period) -> Subquery:
    rows = Draw.objects.filter(
        data_account=OuterRef("pk"), day__gte=month.start, day__lt=month.end
    ).order_by()
    return Subquery(
        rows.values("data_account").annotate(n=Sum("octets")).values("n"), output_field=BigIntegerField()
    )


def _counted(month: Period) -> Case:
    """Of a line without bundles: what its package counts."""
    rows = UsageDay.objects.filter(
        data_account=OuterRef("pk"), day__gte=month.start, day__lt=month.end
    ).order_by()
    days = rows.values("data_account")

    def total(expression: Any) -> Subquery:
        return Subquery(days.annotate(n=Sum(expression)).values("n"), output_field=BigIntegerField())

    both = total(F("upload_octets") + F("download_octets"))
    return Case(When(package__counts=Counts.DOWNLOAD, then=total(F("download_octets"))), default=both)
