"""What a top-up gives to a line and costs its payer, before it is sold.

A top-up after the cap first pays for what was used over it, unless the package adds over-usage on top (2.9): that is
`draws_from`, the instant since when usage may be drawn from it. On a prepaid line nothing is over a cap.
"""

from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import QuerySet

from billing.allocating import open_items
from billing.data_sales.models import DataSalesSettings, TopupSale
from billing.documents import dues
from billing.documents.issuing import Item
from billing.drafts.writing import LineValues, priced
from billing.ledger.models import Balance
from billing.recurring.models import BillingSettings
from billing.recurring.terms import vat_rate
from customers.models import Customer, GateKind
from customers.relations import paying
from ispbilling.core.clock import day_start, local_day, month_of
from ispbilling.core.money import ZERO, vat_in_gross
from radius.bundles import remaining
from radius.models import BundleStarts, DataAccount, TopupType

_OUT_OF_SERVICE = {
    GateKind.DELETED: "is deleted",
    GateKind.CANCELLED: "is cancelled",
}


@dataclass(frozen=True, slots=True)
class Quote:
    """What one type would be on one line. `over` octets of it pay for what was used over the cap; `starts_at` None:
    with its first use, for `valid_seconds`."""

    type: TopupType
    item: Item
    over: int
    starts_at: datetime | None
    draws_from: datetime | None
    expires_at: datetime | None
    valid_seconds: int | None

    @property
    def total(self) -> Decimal:
        return self.item.total

    @property
    def usable(self) -> int:
        """What is left of it to be used."""
        return self.type.octets - self.over


def offered(account: DataAccount, *, portal: bool = False) -> QuerySet[TopupType]:
    """The types this line may buy: whenever there is a cap, or it is prepaid, and a group of top-ups (D-18)."""
    package = account.package
    if not (package.sells_topups or (account.prepaid and package.topup_group_id)):
        return TopupType.objects.none()
    types = TopupType.objects.filter(group=package.topup_group_id, active=True).select_related("group")
    if not portal:
        return types
    # What costs nothing is given by staff: whoever may take it himself takes it without end.
    if account.custom_topup_price is None:
        return types.filter(in_portal=True, price__gt=0)
    return types.filter(in_portal=True) if account.custom_topup_price else types.none()


def out_of_service(account: DataAccount, now: datetime) -> str:
    """Why this line is not served any more or yet, as a sentence; empty when it is."""
    today = local_day(now)
    for gate in account.customer.gates.closing(now):
        if words := _OUT_OF_SERVICE.get(GateKind(gate.kind)):
            return f"{account.customer} {words} and is not served any more."
    if account.ends_on is not None and account.ends_on < today:
        return f"{account} ended on {account.ends_on}."
    if account.starts_on > today:
        return f"{account} begins on {account.starts_on}."
    return ""


def why_not(account: DataAccount, now: datetime) -> str:
    """Why nothing can be sold to this line, as a sentence; empty when it can."""
    if why := out_of_service(account, now):
        return why
    if not offered(account).exists():
        if account.package.topup_group_id is None:
            return f"{account.package} has no top-ups: give the package a top-up group."
        if not account.package.sells_topups and not account.prepaid:
            return f"{account.package} is uncapped: there is nothing to top up."
        return f"{account.package.topup_group} has no top-up that is sold."
    return ""


def stands_still(account: DataAccount, now: datetime) -> str:
    """Why what is bought could not be used now although it may be sold, as a sentence; else empty."""
    customer = account.customer
    kinds = {gate.kind for gate in customer.gates.closing(now)}
    if GateKind.SUSPENDED in kinds:
        return "The service is suspended."
    if GateKind.DISABLED in kinds or not customer.group.enabled:
        return "The service is switched off."
    return "The line is blocked." if account.blocked else ""


def quote(account: DataAccount, type_: TopupType, now: datetime) -> Quote:
    """What the type would be on this line now. Raises DomainError when no VAT rate is valid today."""
    settings = BillingSettings.get()
    own = account.customer.discount
    discount = settings.standard_discount if own is None else own
    price = account.topup_price(type_.octets, type_.price)
    line = LineValues(f"{type_.title}, {account.username}"[:250], Decimal(1), price, discount)
    (item,) = priced([line], vat_rate(local_day(now)), settings)
    return Quote(type_, item, *_term(account, type_, now))


def ordered(account: DataAccount, sale: TopupSale, of: TopupType, now: datetime) -> Quote:
    """What was ordered online, at the price that was asked for it, whatever its type says by now. Raises DomainError
    as `quote`."""
    type_ = copy(of)
    type_.title, type_.octets = sale.title, sale.octets
    found = quote(account, type_, now)
    if found.total == sale.total:
        return found
    vat = vat_in_gross(sale.total, found.item.vat_rate)
    price = sale.total if BillingSettings.get().prices_include_vat else sale.total - vat
    item = found.item._replace(price=price, discount=ZERO, net=sale.total - vat, vat=vat)
    return replace(found, item=item)


def _term(
    account: DataAccount, type_: TopupType, now: datetime
) -> tuple[int, datetime | None, datetime | None, datetime | None, int | None]:
    package = account.package
    if account.prepaid and package.bundle_starts == BundleStarts.FIRST_USE and type_.validity_days:
        seconds = int(timedelta(days=type_.validity_days).total_seconds())
        return 0, None, None, None, seconds
    expires = type_.expires_at(now)
    if account.prepaid or package.add_overusage_on_topup:
        return 0, now, now, expires, None
    over = min(overrun(account, now), type_.octets)
    return over, now, day_start(month_of(local_day(now)).start), expires, None


def overrun(account: DataAccount, now: datetime) -> int:
    """Octets that were used this month over the cap and are not paid for."""
    found = remaining.remaining([account.pk], now).get(account.pk)
    return 0 if found is None else found.over


def not_automatic(account: DataAccount) -> str:
    """Why its owner may not switch automatic top-ups on in the portal, as a sentence; else empty. They are charged to
    his own account, and to that of a monthly line only where customers may buy on account."""
    who = paying.payer(account.customer)
    if who != account.customer:
        return f"What this account uses is charged to {who.name}: ask them, or us, for automatic top-ups."
    if not account.prepaid and not DataSalesSettings.get().portal_on_account:
        return "Top-ups are paid before they are given: buy them yourself, or ask us for automatic ones."
    return ""


def not_on_account(account: DataAccount, total: Decimal, now: datetime) -> str:
    """Why a customer may not buy it in the portal without paying first, as a sentence; empty when it may: from what
    is in credit always, else where the provider allows it, for monthly lines while nothing is overdue."""
    who = paying.payer(account.customer)
    if who != account.customer:
        return f"What this account uses is charged to {who.name}: pay for the top-up online."
    if total <= max(credit(account.customer), ZERO):
        return ""
    if account.prepaid or not DataSalesSettings.get().portal_on_account:
        return "That is more than you have in credit: pay for the top-up online."
    if overdue(who, now):
        return "Something is overdue on your account: pay that first, or pay for the top-up online."
    return ""


def overdue(who: Customer, now: datetime) -> bool:
    """Whether a payer owes something for longer than it may (D-8)."""
    today, settings = local_day(now), BillingSettings.get()
    rows = open_items.of([who.pk], today)
    return any(row.open > 0 and dues.overdue_from(row.due_on, settings) <= today for row in rows)


def payer(customer: Customer) -> Customer:
    """Who is charged for what this customer buys."""
    return paying.payer(customer)


def credit(customer: Customer) -> Decimal:
    """What the payer of a customer has in credit: its wallet. Below zero it owes."""
    owed = Balance.objects.filter(customer=paying.payer(customer)).values_list("amount", flat=True).first()
    return -(owed or ZERO)
