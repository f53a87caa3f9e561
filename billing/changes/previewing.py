"""What a package change would do, before it is made: speed, cap and money. The very code that applies and bills, run in
a transaction that is rolled back."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from billing.costing.models import CostingPrice
from billing.recurring.charges import Bill, foreseen
from billing.recurring.charging import Charge
from billing.recurring.models import BillingSettings, ChangesBilled, RecurringLine
from billing.recurring.terms import Terms
from billing.simulating.simulator import rolled_back
from ispbilling.core.clock import Period, local_day, month_of
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.units import counted, format_octets
from radius.changes import changing, planning
from radius.changes.changing import Wanted
from radius.consumption import limits
from radius.models import CapKind, ChangeState, DataAccount, Package, PackageChange, Session


@dataclass(frozen=True, slots=True)
class Money:
    """Lines of invoices that a change brings, and what they come to. `corrects`: some of the days were billed."""

    lines: tuple[Charge, ...]
    difference: Decimal
    corrects: bool

    @property
    def credited(self) -> Decimal:
        """What is less, above zero."""
        return -self.difference


@dataclass(frozen=True, slots=True)
class Preview:
    """A change as it would be; `wanted` has its day. Prices are a month's, caps those of `month`."""

    wanted: Wanted
    before: Package
    price_before: Decimal
    price_after: Decimal
    month: Period
    cap_before: int | None
    cap_after: int | None
    used: int | None
    money: Money
    billed: str
    notes: tuple[str, ...]

    @property
    def after(self) -> Package:
        return self.wanted.package

    @property
    def digest(self) -> str:
        """Of everything it says: what was previewed is made, or previewed again."""
        said = (
            self.wanted.account.pk, self.wanted.package.pk, self.wanted.on, self.wanted.comment,
            self.wanted.monthly_price, self.wanted.package_price, self.wanted.topup_price, self.before.pk,
            self.price_before, self.price_after, self.cap_before, self.cap_after, self.billed,
            [(one.description, one.price) for one in self.money.lines], self.money.difference,
        )  # fmt: skip
        return sha256(repr(said).encode()).hexdigest()


def price_of(account: DataAccount, package: Package, own: Decimal | None) -> Decimal:
    """What the package costs the customer of the line a month: its own price, else its price list's, else usual."""
    if own is not None:
        return own
    listed = CostingPrice.objects.filter(model__customers__customer=account.customer_id, package=package)
    price = listed.values_list("price", flat=True).first()
    return package.price if price is None else price


def proposed(wanted: Wanted, now: datetime) -> date:
    """The day that is taken when none is given: what counts is what the customer pays before and after."""
    account = wanted.account
    after = wanted.planned.of(
        planning.Terms(account.package_id, account.custom_price, account.custom_topup_price)
    )
    return planning.proposed_day(
        local_day(now),
        price_of(account, account.package, account.custom_price),
        price_of(account, wanted.package, after.price),
    )


def preview(wanted: Wanted, now: datetime, *, backdate: bool) -> Preview:
    """What the change would do. Raises DomainError as `changing.schedule` refuses it."""
    account = wanted.account
    with rolled_back():
        change, money = _money(
            account,
            wanted.on,
            now,
            lambda: changing.plan(replace(wanted, source=""), now, actor=None, backdate=backdate),
        )
        former = change.supersedes
        cap_after = changing.cap(account, wanted.on)
    month = month_of(wanted.on)
    present = month == month_of(local_day(now))
    line = _counted(account, month) if present else None
    over = _over(wanted, cap_after, line) if line else []
    before = Package.objects.select_related("service").get(pk=change.before.pk)
    own_before = former.to_price if former else change.from_price
    return Preview(
        wanted=wanted,
        before=before,
        price_before=price_of(account, before, own_before),
        price_after=price_of(account, wanted.package, change.to_price),
        month=month,
        cap_before=changing.cap(account, wanted.on),
        cap_after=cap_after,
        used=line.counted if line else None,
        money=money,
        billed=_billed(money, wanted.on, now),
        notes=(*over, *_notes(account, change, former, own_before, wanted, now)),
    )


def taken_back(change: PackageChange, now: datetime, act: Callable[..., PackageChange]) -> Money:
    """What `changing.cancel` or `changing.undo` would bring on invoices. Raises DomainError as it refuses."""
    with rolled_back():
        return _money(change.data_account, change.activates_on, now, lambda: act(change, now, actor=None))[1]


def _money(
    account: DataAccount, on: date, now: datetime, act: Callable[[], PackageChange]
) -> tuple[PackageChange, Money]:
    """What the act does to the invoices of the line, as at the day on which it takes effect."""
    terms = Terms.of(month_of(on), max(on, local_day(now)))
    theirs = set(RecurringLine.objects.filter(data_account=account).values_list("pk", flat=True))

    def charges() -> list[Charge]:
        bill: Bill | None = foreseen(terms, now, account.customer_id)
        return [one for one in bill.charges if one.recurring_line_id in theirs] if bill else []

    before = charges()
    change = act()
    after = charges()
    known = Counter((one.description, one.price.total) for one in before)
    lines = []
    for one in after:
        said = (one.description, one.price.total)
        if known[said]:
            known[said] -= 1
        else:
            lines.append(one)
    difference = sum((one.price.total for one in after), ZERO) - sum(
        (one.price.total for one in before), ZERO
    )
    lines.sort(key=lambda one: (one.span, one.quantity > 0))
    return change, Money(tuple(lines), difference, any(one.corrects for one in lines))


def _billed(money: Money, on: date, now: datetime) -> str:
    """When the customer sees it, as a sentence."""
    today = local_day(now)
    if not money.lines:
        return ""
    if not money.corrects:
        return f"{month_of(on)} is not billed yet: its invoice says so."
    if on < today:
        return "Each invoice that is wrong now is credited today, and a new one is issued in its place."
    if BillingSettings.get().changes_billed == ChangesBilled.NEXT_RUN:
        return "It comes with the next month-end invoice."
    day = "today" if on <= today else f"on {on}"
    if money.difference > 0:
        return f"An invoice over {format_money(money.difference)} is issued {day}."
    if money.difference < 0:
        return f"The invoice is credited {day}, and a new one is issued in its place."
    return "It comes with the next month-end invoice."


def _counted(account: DataAccount, month: Period) -> Any:
    """The line with what it used of its limit in the month: a row of `limits.with_limits`."""
    return limits.with_limits(DataAccount.objects.filter(pk=account.pk), month).get()


def _over(wanted: Wanted, cap: int | None, line: Any) -> list[str]:
    """That the new cap is used up before it begins, top-ups and all."""
    if cap is None or line.counted < (limit := cap + line.limit_topup + line.limit_rollover):
        return []
    soft = wanted.package.cap_kind == CapKind.SOFT
    return [
        f"{format_octets(line.counted)} of {format_octets(limit)} are used already: the line is"
        f" {'slowed down' if soft else 'cut off'} until the month ends or more is bought."
    ]


def _notes(
    account: DataAccount,
    change: PackageChange,
    former: PackageChange | None,
    own_before: Decimal | None,
    wanted: Wanted,
    now: datetime,
) -> list[str]:
    """What else there is to know, as sentences."""
    found = []
    if former is not None:
        found.append(f"It takes the place of the change to {former.to_package} on that day.")
    if wanted.monthly_price is None and change.to_price is not None:
        found.append(
            f"Its custom price of {format_money(change.to_price)} stays, whatever the package costs."
        )
    elif own_before is not None and change.to_price is None:
        found.append(f"Its custom price of {format_money(own_before)} goes: the package's price holds.")
    found += _lines(account)
    gates = account.customer.gates.closing(now).exclude(kind="deleted")
    if account.blocked:
        found.append("The line is blocked, and stays so.")
    found += [f"The customer is {gate.get_kind_display().lower()}, and stays so." for gate in gates]
    if wanted.on <= local_day(now):
        live = Session.objects.open().filter(data_account=account).count()
        if live:
            found.append(f"{counted(live, 'live session')} gets the new speed at once, or is disconnected.")
    found.append("Top-ups and data that was rolled over are kept with their own expiry.")
    later = account.package_changes.filter(state=ChangeState.SCHEDULED, activates_on__gt=wanted.on)
    found += [f"On {one.activates_on} it changes to {one.to_package}, as planned." for one in later]
    return found


def _lines(account: DataAccount) -> list[str]:
    """Whether the line's price is charged at all."""
    lines = list(RecurringLine.objects.filter(data_account=account).select_related("product"))
    if not lines:
        return ["No recurring line charges this data account: nothing changes on invoices."]
    return [
        f"The recurring line “{line}” has a price of its own: what it costs does not change."
        for line in lines
        if line.price is not None or (line.product is not None and line.product.price is not None)
    ]
