"""What a gateway tells: verified, counted once, acted on, and written down, in one transaction.

Nobody is answered before COMMIT. Whatever order and number of deliveries there is, the ledger ends the same: an event
is counted once, money that came is recorded under the gateway's number of it, and a return that was told before the
money takes it back when it comes. What is refused is answered so that the gateway delivers it again: a mistake in our
settings loses no money.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from django.db import transaction

from billing.gateways import acting, checkouts
from billing.gateways.acting import Fact, Result
from billing.gateways.interface import Gateway, Kind, Post, Told, Unavailable, Unreadable
from billing.gateways.models import Checkout, GatewayDelivery, Outcome
from ispbilling.core import events
from ispbilling.core.errors import DomainError

#: So many refused requests a minute are written down; a flood from strangers fills no table.
REFUSALS_A_MINUTE = 60
_WORDS = {
    "signature": "the signature is wrong",
    "source": "it did not come from the gateway's addresses",
    "merchant": "it is for another merchant",
    "currency": "the currency is another one",
    "amount": "the amount is not what was asked",
    "confirmed": "the gateway says that it did not send it",
}


class Answer(IntEnum):
    """What the gateway is answered; anything but ACCEPTED has it deliver again."""

    ACCEPTED = 200
    REFUSED = 400
    LATER = 503


@dataclass(slots=True)
class Delivery:
    """A request while it is looked at: what it tells, and what of it was verified so far."""

    gateway: Gateway
    post: Post
    now: datetime
    told: Told | None = None
    checkout: Checkout | None = None
    checks: dict[str, bool] = field(default_factory=dict)

    @property
    def doubts(self) -> str:
        """What was found wrong, as a sentence; empty when everything holds."""
        failed = "; ".join(_WORDS[name] for name, holds in self.checks.items() if not holds)
        return f"{failed[0].upper()}{failed[1:]}." if failed else ""


def deliver(gateway: Gateway, post: Post, now: datetime) -> Answer:
    """Take a request that says to come from the gateway; it is on disk when this returns ACCEPTED."""
    one = Delivery(gateway, post, now)
    try:
        one.told = told = gateway.read(post)
        one.checks = gateway.check(post, told)
    except Unreadable as error:
        return _refuse(one, str(error))
    if told.token is not None:
        one.checkout = Checkout.objects.filter(gateway=gateway.name, token=told.token).first()
    if told.kind == Kind.PAID:
        asked = one.checkout.amount if one.checkout else told.amount
        one.checks["amount"] = told.amount is not None and told.amount > 0 and told.amount == asked
    if one.doubts:
        return _refuse(one, one.doubts)
    if not _came_before(gateway, told):
        try:
            one.checks["confirmed"] = gateway.confirm(post)
        except Unavailable as error:
            return _later(one, str(error))
        if one.doubts:
            return _refuse(one, one.doubts)
    try:
        with transaction.atomic():
            _count(one, told)
    except DomainError as error:
        return _later(one, str(error))
    return Answer.ACCEPTED


def _came_before(gateway: Gateway, told: Told) -> bool:
    return acting.counted(gateway.name, told.external_id).filter(status=told.status).exists()


def _count(one: Delivery, told: Told) -> None:
    """Act on an event that is new, and write the delivery down."""
    acting.lock(one.gateway.name, told.external_id)
    if _came_before(one.gateway, told):
        _log(one, Result(Outcome.REPEATED))
        return
    row = checkouts.locked(one.checkout.pk) if one.checkout else None
    result = acting.act(Fact(one.gateway, told, row, one.now))
    delivery = _log(one, result)
    if result.reason:
        _tell("attention", delivery, one.now)


def _refuse(one: Delivery, reason: str) -> Answer:
    """Post nothing, and write it down unless too many were refused lately."""
    lately = GatewayDelivery.objects.filter(
        outcome=Outcome.REFUSED, received_at__gt=one.now - timedelta(minutes=1)
    )
    if lately.count() < REFUSALS_A_MINUTE:
        with transaction.atomic():
            _tell("refused", _log(one, Result(Outcome.REFUSED, reason=reason)), one.now)
    return Answer.REFUSED


def _later(one: Delivery, reason: str) -> Answer:
    """It may be true and could not be taken now: have it delivered again."""
    _log(one, Result(Outcome.LATER, reason=reason))
    return Answer.LATER


def _tell(verb: str, delivery: GatewayDelivery, now: datetime) -> None:
    about = delivery.checkout.payer if delivery.checkout else None
    events.record(f"gateway.{verb}", delivery, about=about, at=now, reason=delivery.reason)


def _log(one: Delivery, result: Result) -> GatewayDelivery:
    told = one.told or Told(Kind.OTHER, "", "", None, None, None)
    return GatewayDelivery.objects.create(
        gateway=one.gateway.name,
        received_at=one.now,
        source=one.post.source[:45],
        checkout=one.checkout,
        payment=result.payment,
        external_id=told.external_id,
        status=told.status,
        kind=told.kind,
        amount=told.amount,
        fee=told.fee,
        fields=dict(told.fields),
        checks=one.checks,
        outcome=result.outcome,
        reason=result.reason[:300],
    )
