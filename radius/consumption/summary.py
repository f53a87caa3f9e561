"""What a customer used of what it has, line by line: for mails, for the portal, for whoever needs it in few words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customers.models import Customer
from ispbilling.core.clock import Period
from ispbilling.core.units import format_octets
from radius.accounts.models import DataAccount
from radius.accounts.states import with_status
from radius.consumption import limits
from radius.consumption.limits import Limit
from radius.usage import totals


@dataclass(frozen=True, slots=True)
class LineUse:
    """A data account in a month; without a limit it is uncapped."""

    account: Any
    used: int
    limit: Limit | None

    @property
    def words(self) -> str:
        """`6.0 GB of 181.0 GB used, 175.0 GB left`, or `416.3 GB used`."""
        return in_words(self.used, self.limit)


def summary(customer: Customer, month: Period, now: datetime) -> list[LineUse]:
    """The lines of a customer that served in the month; three queries at most."""
    mine = totals.in_service(DataAccount.objects.filter(customer=customer), month)
    rows = (
        with_status(mine, now)
        .select_related("package__service", "package__service_once_capped")
        .order_by("username")
    )
    found: list[Any] = list(limits.with_limits(totals.with_usage(rows, month), month))
    had = limits.as_of(found, month, now)
    return [LineUse(account, account.used, limit) for account, limit in zip(found, had, strict=True)]


def together(lines: list[LineUse]) -> str:
    """All lines in one sentence; those without a limit have none together."""
    return in_words(sum(line.used for line in lines), limits.together([line.limit for line in lines]))


def in_words(used: int, limit: Limit | None) -> str:
    """What was used of what there was, and what is left or over."""
    if limit is None:
        return f"{format_octets(used)} used"
    said = [f"{format_octets(limit.used)} of {format_octets(limit.total)} used"]
    if limit.left or not limit.over:
        said.append(f"{format_octets(limit.left)} left")
    if limit.over:
        said.append(f"{format_octets(limit.over)} over")
    return ", ".join(said)
