"""What becomes of an event of a gateway: money received, into suspense, or taken back; a checkout that ends.

Called under the lock of the gateway's number of the payment, for an event that is counted for the first time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import QuerySet, Sum

from billing.gateways import accounts, checkouts
from billing.gateways.interface import Gateway, Kind, Told
from billing.gateways.models import COUNTED, Checkout, CheckoutState, GatewayDelivery, Outcome
from billing.ledger import posting
from billing.ledger.models import Line
from billing.ledger.posting import BANK_CHARGES, GATEWAY_CLEARING, Amount, Entry
from billing.payments import receiving, returning
from billing.payments.models import Method, Payment
from billing.payments.receiving import Money
from billing.payments.returning import Why
from customers.merging.models import merge_of
from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import ZERO, format_money


@dataclass(frozen=True, slots=True)
class Fact:
    """One verified event of a gateway, and the checkout it belongs to, locked."""

    gateway: Gateway
    told: Told
    checkout: Checkout | None
    now: datetime

    @property
    def source_key(self) -> str:
        return payment_key(self.gateway.name, self.told.external_id)


@dataclass(frozen=True, slots=True)
class Result:
    """What an event came to. A `reason` tells staff that something is left for them to do."""

    outcome: Outcome
    payment: Payment | None = None
    reason: str = ""


def payment_key(gateway: str, external_id: str) -> str:
    """What a payment of a gateway came from, which is recorded once."""
    return f"gateway:{gateway}:{external_id}"


def lock(gateway: str, external_id: str) -> None:
    """Two requests about one payment of a gateway wait for each other."""
    with connection.cursor() as cursor:
        key = f"delivery {payment_key(gateway, external_id)}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def counted(gateway: str, external_id: str) -> QuerySet[GatewayDelivery]:
    """The deliveries that counted an event of a payment."""
    return GatewayDelivery.objects.filter(gateway=gateway, external_id=external_id, outcome__in=COUNTED)


def act(fact: Fact) -> Result:
    """Do what the event means. Raises DomainError when it cannot be done now: it is to be delivered again."""
    return _ACTS[fact.told.kind](fact)


def settle(
    checkout: Checkout, external_id: str, on: date, now: datetime, *, actor: User | None, reason: str
) -> Payment:
    """Record by hand what the gateway took and never told: staff saw it there. Told later, it counts once.

    Raises DomainError when the checkout is paid, the number was recorded for something else, or the day will not do.
    """
    gateway = accounts.gateway(checkout.gateway)
    with transaction.atomic():
        lock(gateway.name, external_id)
        row = checkouts.locked(checkout.pk)
        if row.state == CheckoutState.PAID:
            raise DomainError(f"It is paid already, with {row.payment}.")
        key = payment_key(gateway.name, external_id)
        if (known := Payment.objects.filter(source_key=key).first()) is not None:
            raise DomainError(f"{gateway.label} {external_id} is recorded already, as {known}.")
        money = _money(Fact(gateway, _by_hand(external_id, row), row, now), _payer(row, now), on)
        payment = receiving.receive(money, now, actor=actor)
        checkouts.paid(row, payment, now)
        events.record("checkout.settled", row, actor=actor, about=row.payer, at=now, reason=reason)
    return payment


def with_gateways() -> Decimal:
    """What gateways took for us and have not paid out, as the ledger says."""
    lines = Line.objects.filter(account=posting.account_id(GATEWAY_CLEARING))
    found: Decimal = lines.aggregate(total=Sum("amount", default=ZERO))["total"]
    return found


def _by_hand(external_id: str, checkout: Checkout) -> Told:
    return Told(Kind.PAID, external_id, "", checkout.token, checkout.amount, None)


def _money(fact: Fact, payer: Customer | None, on: date) -> Money:
    """What the gateway took for us, under its number of the payment; it lies there until it is paid out."""
    gateway, told = fact.gateway, fact.told
    test = " (sandbox: no real money)" if gateway.sandbox else ""
    return Money(
        amount=told.amount or ZERO,  # which receiving refuses
        received_on=on,
        source_key=fact.source_key,
        payer=payer,
        method=Method.GATEWAY,
        reference=" ".join(filter(None, [gateway.label, told.external_id, told.item]))[:140],
        note=f"Paid online through {gateway.label}{test}",
        into=GATEWAY_CLEARING,
    )


def _paid(fact: Fact) -> Result:
    """Money came: for whom the checkout says, or into suspense when nobody can be credited."""
    payment, reason = Payment.objects.filter(source_key=fact.source_key).first(), ""
    if payment is None:
        payer = _payer(fact.checkout, fact.now) if fact.checkout else None
        payment = receiving.receive(_money(fact, payer, local_day(fact.now)), fact.now, actor=None)
    elif payment.amount != fact.told.amount:
        reason = f"It was recorded by hand as {payment.receipt} of {format_money(payment.amount)}."
    _post_fee(fact, payment)
    if fact.checkout is not None:
        checkouts.paid(fact.checkout, payment, fact.now)
    if payment.taken_back_on is None:
        reason = _told_before(fact, payment) or reason
    return Result(Outcome.SUSPENSE if payment.payer_id is None else Outcome.POSTED, payment, reason)


def _told_before(fact: Fact, payment: Payment) -> str:
    """What was told to be given back before the money came; what is left for a person to do."""
    returned = list(counted(fact.gateway.name, fact.told.external_id).filter(kind=Kind.RETURNED))
    whole = next((one for one in returned if _whole(one.amount, payment)), None)
    if whole is not None:
        _take_back(payment, fact, whole.status)
    return "" if whole is not None or not returned else _part(returned[0].amount, payment)


def _post_fee(fact: Fact, payment: Payment) -> None:
    """What the gateway keeps of it, when it says so."""
    fee = fact.told.fee
    if not fee or fee >= payment.amount:
        return
    entry = Entry(
        source_key=f"{fact.source_key}:fee",
        on=max(payment.received_on, receiving.first_open_day()),
        memo=f"Fee of {fact.gateway.label} for {payment.receipt}",
        amounts=(Amount(BANK_CHARGES, fee), Amount(GATEWAY_CLEARING, -fee)),
    )
    posting.post(entry, fact.now)


def _returned(fact: Fact) -> Result:
    """The gateway gave the money back: a refund, or the bank charged it back."""
    payment = Payment.objects.filter(source_key=fact.source_key).first()
    if payment is None:
        return Result(Outcome.NOTED)  # if the money is told of later, it is taken back at once
    if payment.taken_back_on is not None:
        return Result(Outcome.RETURNED, payment)
    if not _whole(fact.told.amount, payment):
        part = format_money(abs(fact.told.amount)) if fact.told.amount is not None else "An unknown amount"
        reason = (
            f"{part} of {payment.receipt} over {format_money(payment.amount)} was given back: adjust by hand."
        )
        return Result(Outcome.NOTED, payment, reason)
    _take_back(payment, fact, fact.told.status)
    return Result(Outcome.RETURNED, payment)


def _whole(amount: Decimal | None, payment: Payment) -> bool:
    return amount is not None and abs(amount) == payment.amount


def _part(amount: Decimal | None, payment: Payment) -> str:
    part = format_money(abs(amount)) if amount is not None else "An unknown amount"
    return f"{part} of {payment.receipt} over {format_money(payment.amount)} was given back: adjust by hand."


def _take_back(payment: Payment, fact: Fact, status: str) -> None:
    on = max(local_day(fact.now), receiving.changeable_since(payment))
    reason = f"{fact.gateway.label}: {status}"
    returning.take_back(payment, Why.RETURNED, on, fact.now, actor=None, reason=reason)


def _ended(state: CheckoutState) -> Callable[[Fact], Result]:
    def end(fact: Fact) -> Result:
        if fact.checkout is not None:
            checkouts.ended(fact.checkout, state, fact.now)
        return Result(Outcome.NOTED)

    return end


def _noted(fact: Fact) -> Result:
    return Result(Outcome.NOTED)


_ACTS: Mapping[Kind, Callable[[Fact], Result]] = {
    Kind.PAID: _paid,
    Kind.RETURNED: _returned,
    Kind.CANCELLED: _ended(CheckoutState.CANCELLED),
    Kind.FAILED: _ended(CheckoutState.FAILED),
    Kind.PENDING: _noted,
    Kind.OTHER: _noted,
}


def _payer(checkout: Checkout, now: datetime) -> Customer | None:
    """Who is credited: the payer, or whom it was merged into since; None for one that is deleted."""
    payer = checkout.payer
    while (merge := merge_of(payer)) is not None:
        payer = merge.survivor
    return payer if Customer.objects.not_deleted(now).filter(pk=payer.pk).exists() else None
