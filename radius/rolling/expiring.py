"""After how long unused data of a customer expires (SET-1): the customer's own choice, and what holds for each line."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from customers.models import Customer
from groups.models import Category
from ispbilling.core import events
from ispbilling.core.clock import day_start, local_day, zone
from ispbilling.core.models import User
from radius.accounts.models import DataAccount
from radius.catalogue.models import CapKind
from radius.rolling.deciding import Choice, Said, choose, of_package
from radius.rolling.models import CustomerDataExpiry, DataSettings

FIELDS = ("monthly_months", "topup_months")


@dataclass(frozen=True, slots=True)
class Holds:
    """What holds for the unused data of a line."""

    line: DataAccount
    monthly: Choice
    topup: Choice


def store(
    customer: Customer,
    monthly_months: int | None,
    topup_months: int | None,
    now: datetime,
    *,
    actor: User | None,
) -> None:
    """Store what a customer's unused data does; both None: as everybody's. What has rolled over stays."""
    values = {"monthly_months": monthly_months, "topup_months": topup_months}
    with transaction.atomic():
        Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        before = CustomerDataExpiry.objects.filter(customer=customer).first()
        changed = events.changes({name: getattr(before, name) if before else None for name in FIELDS}, values)
        if not changed:
            return
        CustomerDataExpiry.objects.update_or_create(customer=customer, defaults=values)
        events.record("customer.data_expiry_edited", customer, actor=actor, at=now, changes=changed)


def until(ends: datetime | None) -> str:
    """`2026-12-31`, the last day, of what ends at midnight, otherwise the minute; `for ever` without an end."""
    if ends is None:
        return "for ever"
    day = local_day(ends)
    if day_start(day) == ends:
        return f"until {day - timedelta(days=1)}"
    return f"until {ends.astimezone(zone()):%Y-%m-%d %H:%M}"


def holding(lines: Iterable[DataAccount], now: datetime, *, without_own: bool = False) -> list[Holds]:
    """What holds for each of these lines, their packages and customers' groups fetched, if it ended now.

    `without_own` leaves out what the customer chose: what would hold otherwise.
    """
    rows = list(lines)
    settings = DataSettings.get()
    customers = {row.customer_id for row in rows}
    own = {} if without_own else CustomerDataExpiry.objects.in_bulk(customers)
    tags: dict[int, list[Category]] = {}
    pairs = Customer.categories.through.objects.filter(customer__in=customers).select_related("category")
    for pair in pairs:
        tags.setdefault(pair.customer_id, []).append(pair.category)
    return [
        _holds(row, settings, own.get(row.customer_id), tags.get(row.customer_id, []), now) for row in rows
    ]


def _holds(
    line: DataAccount,
    settings: DataSettings,
    own: CustomerDataExpiry | None,
    tags: list[Category],
    now: datetime,
) -> Holds:
    package, group = line.package, line.customer.group
    soft = package.cap_kind == CapKind.SOFT and not line.prepaid and not settings.rollover_soft_capped
    lawful = settings.regulation_from is not None and local_day(now) >= settings.regulation_from
    by_group = settings.group_months if group.auto_data_rollover else None
    return Holds(
        line,
        choose(
            Said(
                own.monthly_months if own else None,
                of_package(package.rollover_monthly, package.rollover_monthly_months),
                tuple(tag.rollover_months for tag in tags),
                by_group,
                settings.rollover_months,
                soft,
                lawful and line.price > 0,
            )
        ),
        choose(
            Said(
                own.topup_months if own else None,
                of_package(package.rollover_topup, package.rollover_topup_months),
                tuple(tag.rollover_topup_months for tag in tags),
                by_group,
                settings.rollover_topup_months,
                soft,
                lawful,
            )
        ),
    )
