"""Usage as pages read it: sums over `UsageDay`, made by the database and only for the rows that are shown.

Octets throughout; a month is the provider's calendar month (`core.clock.month_of`). Nothing here looks at raw
sessions (their counters are the NAS's own and span midnights).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncMonth

from ispbilling.core.clock import Period, add_months, month_of
from radius.accounts.models import DataAccount, DataAccountQuerySet
from radius.usage.models import UsageDay

BOTH = F("upload_octets") + F("download_octets")


@dataclass(frozen=True, slots=True)
class Day:
    """Octets of one local day."""

    day: date
    upload: int
    download: int

    @property
    def total(self) -> int:
        return self.upload + self.download


@dataclass(frozen=True, slots=True)
class Total:
    """What a set of data accounts used in a month, and what they cost a month."""

    accounts: int
    octets: int
    cost: Decimal


def in_service(accounts: DataAccountQuerySet, month: Period) -> DataAccountQuerySet:
    """The accounts whose days of service touch the month."""
    open_or_later = Q(ends_on__isnull=True) | Q(ends_on__gte=month.start)
    return accounts.filter(open_or_later, starts_on__lt=month.end)


def with_usage(accounts: QuerySet[DataAccount], month: Period) -> QuerySet[DataAccount]:
    """The accounts with `used`, the octets of the month in both directions.

    A correlated sum over the unique index (data account, day): PostgreSQL computes it for the rows of the
    page alone, unless the page is sorted by it.
    """
    return accounts.annotate(used=_sum_of(month, data_account=OuterRef("pk")))


def with_customer_usage(customers: QuerySet[Any], month: Period) -> QuerySet[Any]:
    """The customers with `used`: the octets of all their data accounts together (DAT-4, USE-3)."""
    return customers.annotate(used=_sum_of(month, data_account__customer=OuterRef("pk")))


def _sum_of(month: Period, **link: Any) -> Coalesce:
    days = UsageDay.objects.filter(day__gte=month.start, day__lt=month.end, **link).order_by()
    (key,) = link
    one_sum = days.values(key).annotate(octets=Sum(BOTH)).values("octets")
    return Coalesce(Subquery(one_sum, output_field=BigIntegerField()), 0)


def of_month(accounts: QuerySet[DataAccount], month: Period) -> Total:
    """The total row of a list: accounts, octets and monthly cost of every row, shown or not (USE-3)."""
    rows = accounts.order_by().values("pk")
    plain = DataAccount.objects.filter(pk__in=rows)
    money = plain.aggregate(
        accounts=Count("pk"), cost=Sum(Coalesce("custom_price", "package__price"), default=Decimal("0.00"))
    )
    used = UsageDay.objects.filter(day__gte=month.start, day__lt=month.end, data_account__in=rows).aggregate(
        octets=Sum(BOTH, default=0)
    )
    return Total(money["accounts"], used["octets"], money["cost"])


def daily(period: Period, **where: Any) -> list[Day]:
    """Every day of the period, quiet days as zero: `daily(month, data_account=a)`,
    `daily(month, data_account__customer=c)`, or all lines without a condition.
    """
    rows = (
        UsageDay.objects.filter(day__gte=period.start, day__lt=period.end, **where)
        .order_by()
        .values_list("day")
        .annotate(upload=Sum("upload_octets"), download=Sum("download_octets"))
    )
    found = {day: Day(day, upload, download) for day, upload, download in rows}
    days = [period.start + timedelta(days=n) for n in range(period.days)]
    return [found.get(day) or Day(day, 0, 0) for day in days]


def monthly(period: Period, **where: Any) -> list[Day]:
    """Every month of the period as `daily`, each on its first day."""
    rows = (
        UsageDay.objects.filter(day__gte=period.start, day__lt=period.end, **where)
        .order_by()
        .annotate(first=TruncMonth("day"))
        .values_list("first")
        .annotate(upload=Sum("upload_octets"), download=Sum("download_octets"))
    )
    found = {first: Day(first, upload, download) for first, upload, download in rows}
    months, first = [], month_of(period.start).start
    while first < period.end:
        months.append(found.get(first) or Day(first, 0, 0))
        first = add_months(first, 1)
    return months


@dataclass(frozen=True, slots=True)
class Part:
    """What one data account moved in a period."""

    account_id: int
    username: str
    upload: int
    download: int

    @property
    def total(self) -> int:
        return self.upload + self.download


def by_account(period: Period, **where: Any) -> list[Part]:
    """What each data account moved that moved anything, by username; one query."""
    rows = (
        UsageDay.objects.filter(day__gte=period.start, day__lt=period.end, **where)
        .order_by("data_account__username")
        .values_list("data_account_id", "data_account__username")
        .annotate(upload=Sum("upload_octets"), download=Sum("download_octets"))
    )
    return [part for row in rows if (part := Part(*row)).total]
