"""Checkouts: begun when somebody goes to pay, ended by what the gateway tells, by the payer, or by time.

The only writer of checkouts. Lock order: the checkout, then whatever a payment locks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from billing.documents.models import Document
from billing.gateways import accounts
from billing.gateways.interface import Ask, Form, Gateway, Kind
from billing.gateways.models import COUNTED, Checkout, CheckoutState, GatewayDelivery
from billing.payments.models import Payment
from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import cents, format_money
from ispbilling.core.plans import Plan, Step

#: After so long without an answer staff are shown that none came; the gateway usually needs seconds.
OVERDUE = timedelta(minutes=15)
#: After so long nobody expects an answer any more; money that comes all the same is taken.
EXPIRES, EXPIRES_PENDING = timedelta(hours=24), timedelta(days=7)
_TOO_MUCH = Decimal(10**9)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to pay. `token` makes one form one checkout, however often its button is pressed."""

    payer: Customer
    amount: Decimal
    token: UUID
    document: Document | None = None


def begin(wish: Wish, now: datetime, *, actor: User | None) -> Checkout:
    """Begin to pay; the same token again is the same checkout.

    Raises DomainError when no gateway is on, the amount is less than it takes, or the token is another's.
    """
    gateway = accounts.offered()
    if gateway is None:
        raise DomainError("Paying online is switched off at the moment.")
    if not wish.amount.is_finite() or wish.amount != cents(wish.amount) or wish.amount >= _TOO_MUCH:
        raise DomainError("The amount has whole cents.")
    if wish.amount < gateway.least:
        raise DomainError(f"{gateway.label} takes {format_money(gateway.least)} or more.")
    with transaction.atomic():
        checkout, made = Checkout.objects.get_or_create(
            token=wish.token,
            defaults={
                "gateway": gateway.name,
                "sandbox": gateway.sandbox,
                "payer": wish.payer,
                "document": wish.document,
                "amount": wish.amount,
                "created_at": now,
            },
        )
        if not made and (checkout.payer_id, checkout.amount) != (wish.payer.pk, wish.amount):
            raise DomainError("This form was sent before; go back and begin again.")
        if made:
            _record("started", checkout, now, actor)
    return checkout


def form(checkout: Checkout, *, back: str, cancelled: str) -> Form:
    """The form that takes the payer to the gateway, and from there to one of the two addresses.

    Raises DomainError when the checkout is not waiting, or its gateway is off.
    """
    gateway = accounts.offered()
    if checkout.state != CheckoutState.OPEN or gateway is None or gateway.name != checkout.gateway:
        raise DomainError("This payment is over; begin again.")
    contact = checkout.payer.contacts.filter(primary=True).first()
    about = [checkout.payer.code, checkout.document.reference if checkout.document else ""]
    return gateway.begin(
        Ask(
            token=checkout.token,
            amount=checkout.amount,
            item=" ".join(filter(None, about)),
            name=contact.name if contact and contact.name else checkout.payer.name,
            email=contact.email if contact else "",
            return_url=back,
            cancel_url=cancelled,
            notify_url=notify_url(gateway),
        )
    )


def notify_url(gateway: Gateway) -> str:
    """Where the gateway tells us what happened."""
    return f"{settings.BASE_URL}{reverse('gateways:notify', args=[gateway.name])}"


def cancel(checkout: Checkout, now: datetime) -> Checkout:
    """The payer came back without paying. What is over stays as it is."""
    with transaction.atomic():
        row = locked(checkout.pk)
        ended(row, CheckoutState.CANCELLED, now)
    return row


def locked(pk: int) -> Checkout:
    """The row, locked until COMMIT."""
    return Checkout.objects.select_for_update(no_key=True, of=("self",)).select_related("payer").get(pk=pk)


def paid(row: Checkout, payment: Payment, now: datetime) -> None:
    """Money came for a locked checkout, whatever its state was; the first payment stays."""
    if row.state == CheckoutState.PAID:
        return
    row.state, row.payment, row.finished_at = CheckoutState.PAID, payment, now
    row.save(update_fields=["state", "payment", "finished_at"])
    _record("paid", row, now, None, receipt=payment.receipt)


def ended(row: Checkout, state: CheckoutState, now: datetime) -> bool:
    """A locked checkout that waits ends without money; False when it does not wait."""
    if row.state != CheckoutState.OPEN:
        return False
    row.state, row.finished_at = state, now
    row.save(update_fields=["state", "finished_at"])
    _record(state.value, row, now, None)
    return True


def unanswered(now: datetime) -> Q:
    """Checkouts that wait for longer than a gateway needs, as a condition."""
    return Q(state=CheckoutState.OPEN, created_at__lt=now - OVERDUE)


def is_unanswered(checkout: Checkout, now: datetime) -> bool:
    return checkout.state == CheckoutState.OPEN and checkout.created_at < now - OVERDUE


def expiry(now: datetime) -> Plan:
    """Every checkout that nobody expects an answer for any more."""
    steps = [
        Step(row.pk, str(row), "expire", f"no answer since {row.created_at:%Y-%m-%d %H:%M} UTC")
        for row in _stale(now)
    ]
    return Plan("expire_checkouts", steps, _expire, chunk=100)


def _stale(now: datetime) -> QuerySet[Checkout]:
    pending = GatewayDelivery.objects.filter(checkout=OuterRef("pk"), kind=Kind.PENDING, outcome__in=COUNTED)
    late = Q(created_at__lte=now - EXPIRES) & ~Exists(pending) | Q(created_at__lte=now - EXPIRES_PENDING)
    return Checkout.objects.filter(late, state=CheckoutState.OPEN).order_by("pk")


def _expire(steps: Sequence[Step], now: datetime) -> int:
    """Those that still wait; who is being paid this moment is skipped, and asked again at the next tick."""
    rows = _stale(now).filter(pk__in=[step.key for step in steps])
    found = list(rows.select_for_update(no_key=True, skip_locked=True, of=("self",)))
    return sum(ended(row, CheckoutState.EXPIRED, now) for row in found)


def _record(verb: str, row: Checkout, now: datetime, actor: User | None, **data: object) -> None:
    told = {"amount": row.amount, "gateway": accounts.label(row.gateway), **data}
    events.record(f"checkout.{verb}", row, actor=actor, about=row.payer, at=now, **told)
