"""Selling top-ups: on account, or after an online payment; and undoing a sale. The only writer of `TopupSale`.

Charge, grant and event are one transaction. Lock order: the data account, the payer's credit, then what a grant locks,
then the numbers of documents. What names the same form or occasion sells once, however often it comes.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from billing.data_sales import charging, quoting
from billing.data_sales.models import DataSalesSettings, SaleState, SaleWay, TopupSale
from billing.data_sales.quoting import Quote
from billing.gateways import checkouts
from billing.gateways.checkouts import Wish
from billing.gateways.models import CheckoutState
from billing.payments import receiving
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import format_money
from radius.accounts import lines
from radius.bundles import granting
from radius.models import BundleKind, DataAccount, DataBundle, TopupType


@dataclass(frozen=True, slots=True)
class Order:
    """What is bought, for which line, by which door. `source` names the form or the occasion."""

    account: DataAccount
    type: TopupType
    way: SaleWay
    source: str


def form_source(token: UUID) -> str:
    """The source of what a form sells."""
    return f"form:{token}"


def sell(order: Order, now: datetime, *, actor: User | None, on_debt: bool = False) -> TopupSale:
    """Sell a top-up on account; the same source again is the same sale.

    A prepaid line pays from what its payer has in credit, unless `on_debt`. Raises DomainError when it cannot be sold.
    """
    with transaction.atomic():
        account = lock(order.account)
        if known := _known(order):
            return known
        _refuse(account, order, now)
        quote = quoting.quote(account, order.type, now)
        _hold_credit(account)
        if order.way == SaleWay.PORTAL and (why := quoting.not_on_account(account, quote.total, now)):
            raise DomainError(why)
        if order.way == SaleWay.PORTAL and not quote.total:
            raise DomainError(f"{order.type} costs you nothing: ask us for it.")
        if account.prepaid and not on_debt:
            _refuse_on_debt(account, quote)
        bundle = _grant(account, quote, order.source, now, actor)
        invoice = charging.at_once(account, DataSalesSettings.get())
        charged = charging.charge(account, quote, order.source, now, actor=actor, invoice=invoice)
        sale = TopupSale.objects.create(
            **_of(order, quote),
            state=SaleState.SOLD,
            bundle=bundle,
            sold_at=now,
            asked_at=now,
            asked_by=actor,
            **charged.values(),
        )
        record("sold", sale, now, actor)
    return sale


def order_online(order: Order, token: UUID, now: datetime, *, actor: User | None) -> TopupSale:
    """Begin to buy by paying online: the sale waits for its checkout. The same source again is the same sale.

    Raises DomainError when it cannot be sold, costs nothing or no gateway is on.
    """
    with transaction.atomic():
        account = lock(order.account)
        if known := _known(order):
            return known
        _refuse(account, order, now)
        quote = quoting.quote(account, order.type, now)
        wish = Wish(receiving.credited(account.customer), quote.total, token)
        checkout = checkouts.begin(wish, now, actor=actor)
        return TopupSale.objects.create(
            **_of(order, quote),
            state=SaleState.WAITING,
            checkout=checkout,
            asked_at=now,
            asked_by=actor,
        )


def complete(sale: TopupSale, now: datetime) -> TopupSale:
    """Give out what was paid for online; again, and before it is paid, it does nothing.

    What cannot be given any more fails with its reason, and the money stays in credit.
    """
    with transaction.atomic():
        account = lock(sale.data_account)
        row = (
            TopupSale.objects.select_for_update(of=("self",))
            .select_related("checkout__payment", "topup_type")
            .get(pk=sale.pk)
        )
        if row.state != SaleState.WAITING or row.checkout is None or row.checkout.state != CheckoutState.PAID:
            return row
        if row.topup_type is None:
            return _fail(row, "What was paid for is not known any more.", now)
        if row.refunded:
            return _fail(row, "What was paid for it was given back.", now)
        if why := quoting.out_of_service(account, now):
            return _fail(row, why, now)
        quote = quoting.ordered(account, row, row.topup_type, now)
        try:
            with transaction.atomic():
                row.bundle = _grant(account, quote, row.source, now, row.asked_by)
                charged = charging.charge(account, quote, row.source, now, actor=row.asked_by, invoice=True)
        except DomainError as refusal:
            row.bundle = None
            return _fail(row, str(refusal), now)
        row.document, row.state, row.sold_at = charged.document, SaleState.SOLD, now
        row.save(update_fields=["bundle", "document", "state", "sold_at"])
        record("sold", row, now, row.asked_by)
    return row


def undo(sale: TopupSale, now: datetime, *, actor: User | None, reason: str) -> TopupSale:
    """Take a sale back: what is left of its data ends, and its charge is credited.

    Raises DomainError when it is not sold, or its invoice cannot be credited.
    """
    with transaction.atomic():
        lock(sale.data_account)
        row = (
            TopupSale.objects.select_for_update(of=("self",))
            .select_related("bundle", "document", "recurring_line", "data_account__customer")
            .get(pk=sale.pk)
        )
        if row.state != SaleState.SOLD or row.bundle is None:
            raise DomainError(f"{row} is {row.status.lower()}; it cannot be undone.")
        granting.void(row.bundle, now, reason.strip()[:200], actor=actor)
        row.state, row.undone_at, row.reason = SaleState.UNDONE, now, reason.strip()[:200]
        row.save(update_fields=["state", "undone_at", "reason"])
        note = charging.take_back(row, now, actor=actor, reason=f"{row.title} taken back: {row.reason}"[:200])
        record("undone", row, now, actor, reason=row.reason, credit_note=note)
    return row


def _hold_credit(account: DataAccount) -> None:
    """Until COMMIT no other line of the same payer spends what is in credit."""
    with connection.cursor() as cursor:
        wallet = f"wallet {quoting.payer(account.customer).pk}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [wallet])


def _refuse_on_debt(account: DataAccount, quote: Quote) -> None:
    """Raises DomainError when the payer of a prepaid line does not have the price in credit."""
    if (credit := quoting.credit(account.customer)) < quote.total:
        has = f"{format_money(credit)} in credit" if credit > 0 else "nothing in credit"
        raise DomainError(
            f"{account} is prepaid and its account has {has}; {quote.type} costs {format_money(quote.total)}."
        )


def lock(account: DataAccount) -> DataAccount:
    """The line, locked until COMMIT, with what a sale asks of it."""
    return lines.lock(account, "customer__master", "customer__group", "package__topup_group")


def _known(order: Order) -> TopupSale | None:
    known = TopupSale.objects.filter(source=order.source).first()
    if known is not None and (known.data_account_id, known.topup_type_id) != (
        order.account.pk,
        order.type.pk,
    ):
        raise DomainError(f"This form was sent before, for {known}. Open it again to sell another one.")
    return known


def _refuse(account: DataAccount, order: Order, now: datetime) -> None:
    if why := quoting.why_not(account, now):
        raise DomainError(why)
    if order.way == SaleWay.PORTAL and (why := quoting.stands_still(account, now)):
        raise DomainError(f"{why} What you buy could not be used.")
    if not quoting.offered(account, portal=order.way == SaleWay.PORTAL).filter(pk=order.type.pk).exists():
        raise DomainError(f"{order.type} is not offered to {account}; choose another top-up.")


def _of(order: Order, quote: Quote) -> dict[str, object]:
    return {
        "data_account": order.account,
        "topup_type": order.type,
        "title": order.type.title,
        "octets": order.type.octets,
        "total": quote.total,
        "way": order.way,
        "source": order.source,
    }


def _grant(account: DataAccount, quote: Quote, source: str, now: datetime, actor: User | None) -> DataBundle:
    return granting.grant(
        account,
        BundleKind.TOPUP,
        quote.type.octets,
        now,
        source=f"sale:{source}",
        title=quote.type.title,
        price=quote.total,
        promotional=quote.type.promotional,
        starts_at=quote.starts_at,
        draws_from=quote.draws_from,
        expires_at=quote.expires_at,
        valid_seconds=quote.valid_seconds,
        actor=actor,
    )


def _fail(row: TopupSale, why: str, now: datetime) -> TopupSale:
    row.state, row.reason = SaleState.FAILED, why[:200]
    row.save(update_fields=["state", "reason"])
    record("failed", row, now, None, reason=row.reason)
    return row


def record(verb: str, sale: TopupSale, now: datetime, actor: User | None, **data: object) -> None:
    account = sale.data_account
    told = {"line": str(account), "data": sale.data, "total": sale.total, "way": sale.way, **data}
    events.record(f"topup.{verb}", sale, actor=actor, about=account.customer, at=now, **told)
