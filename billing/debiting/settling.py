"""What becomes of a collection that was sent: paid, unpaid, returned later; one writer for hands and files alike."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.debiting import batching, mandates, reasons
from billing.debiting.models import (
    LIVE,
    BatchState,
    DebitBatch,
    DebitRow,
    LineState,
    MandateState,
    RowState,
)
from billing.ledger.posting import DEBIT_CLEARING
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
from ispbilling.core.money import ZERO


def accept(row: DebitRow, on: date, now: datetime, *, actor: User | None) -> DebitRow:
    """The money came: record it as a payment of the payer, who it is now.

    Raises DomainError when the row is not sent, or the day is to come or closed.
    """
    with transaction.atomic():
        found = _locked(row, RowState.SENT)
        # Of somebody who was deleted it is kept under Unallocated, where people decide.
        payer = Customer.objects.not_deleted(now).filter(pk=_now(found.payer).pk).first()
        money = Money(
            amount=found.amount,
            received_on=on,
            source_key=found.source_key,
            payer=payer,
            method=Method.DEBIT_ORDER,
            reference=f"{found.mandate.reference} {found.reference}",
            note=str(found.batch),
            into=DEBIT_CLEARING,  # the provider pays out what it collected in one sum, later
        )
        payment = receiving.receive(money, now, actor=actor)
        _set(found, RowState.ACCEPTED, on, payment=payment)
        _record("accepted", found, now, actor, receipt=payment.receipt)
        _close(found.batch)
    return found


def reject(
    row: DebitRow,
    code: str,
    reason: str,
    on: date,
    now: datetime,
    *,
    actor: User | None,
    fee: Decimal = ZERO,
) -> DebitRow:
    """The money did not come: what was due stays due, and a next batch asks for it again.

    After a code that ends the mandate it is paused. A fee is invoiced. Raises DomainError when the row is not sent.
    """
    with transaction.atomic():
        found = _locked(row, RowState.SENT)
        _check_day(on, found, now)
        _set(found, RowState.REJECTED, on, code=reasons.tidy(code), reason=_said(code, reason))
        invoice = None
        if fee:
            text = f"Fee for unpaid debit order {found} of {found.batch.action_on}"
            day, key = max(on, receiving.first_open_day()), f"{found.source_key}:fee"
            invoice = returning.charge(_now(found.payer), text, fee, day, key, now, actor)
        _record(
            "rejected", found, now, actor, code=found.code or None, reason=found.reason,
            fee=invoice.reference if invoice else None,
        )  # fmt: skip
        _pause(found, now)
        _close(found.batch)
    return found


def give_back(
    row: DebitRow,
    code: str,
    reason: str,
    on: date,
    now: datetime,
    *,
    actor: User | None,
    fee: Decimal = ZERO,
) -> DebitRow:
    """The bank took the money back: the payment is answered by its mirror and the debt opens again.

    A payment that somebody took back by hand stays as it is. After a code that ends the mandate it is paused.
    Raises DomainError when the row is not accepted.
    """
    with transaction.atomic():
        found = _locked(row, RowState.ACCEPTED)
        payment: Payment = found.payment  # type: ignore[assignment]  # an accepted row has one
        said = _said(code, reason)
        if payment.taken_back_on is None:
            day = max(on, receiving.changeable_since(payment))
            charged = fee if payment.payer_id is not None else ZERO
            returning.take_back(payment, Why.RETURNED, day, now, actor=actor, reason=said, fee=charged)
        _set(found, RowState.RETURNED, on, code=reasons.tidy(code), reason=said)
        _record("returned", found, now, actor, code=found.code or None, reason=found.reason)
        _pause(found, now)
    return found


def reopen(row: DebitRow, now: datetime, *, actor: User | None) -> DebitRow:
    """Take back that a row was marked rejected by hand: its result is still to come.

    Raises DomainError when a file says that it was not paid, or its payer has another live row by now.
    """
    with transaction.atomic():
        batching.one_at_a_time()
        found = _locked(row, RowState.REJECTED)
        if found.result_lines.filter(state=LineState.POSTED).exists():
            raise DomainError("A file of the provider says that it was not paid.")
        if other := DebitRow.objects.live().filter(payer=found.payer).select_related("batch").first():
            raise DomainError(f"{found.payer.code} is being collected with {other.batch} by now.")
        DebitBatch.objects.filter(pk=found.batch_id, state=BatchState.DONE).update(state=BatchState.SENT)
        found.state, found.code, found.reason, found.decided_on = RowState.SENT, "", "", None
        found.save(update_fields=["state", "code", "reason", "decided_on"])
        _record("reopened", found, now, actor)
    return found


def usual_day(row: DebitRow, now: datetime) -> date:
    """The day a result by hand is dated, unless somebody says otherwise."""
    return max(min(row.batch.action_on, local_day(now)), receiving.first_open_day())


def _locked(row: DebitRow, state: RowState) -> DebitRow:
    rows = DebitRow.objects.select_for_update(no_key=True, of=("self",)).listed()
    found = rows.filter(pk=row.pk).first()
    if found is None or found.state != state:
        is_now = found.get_state_display().lower() if found else "gone"
        raise DomainError(f"{row.payer.code}: the collection is {is_now}; reload the page.")
    return found


def _set(
    row: DebitRow,
    state: RowState,
    on: date,
    *,
    code: str = "",
    reason: str = "",
    payment: Payment | None = None,
) -> None:
    row.state, row.decided_on, row.code, row.reason = state, on, code, reason
    row.payment = payment or row.payment
    row.save(update_fields=["state", "decided_on", "code", "reason", "payment"])


def _close(batch: DebitBatch) -> None:
    """Complete the batch with the result of its last row."""
    locked = DebitBatch.objects.select_for_update(no_key=True).defer("file").get(pk=batch.pk)
    if locked.state == BatchState.SENT and not locked.rows.filter(state__in=LIVE).exists():
        locked.state = BatchState.DONE
        locked.save(update_fields=["state"])


def _pause(row: DebitRow, now: datetime) -> None:
    """A bank that says the account is closed says so every time, and some take a penalty for asking."""
    if reasons.is_final(row.code) and row.mandate.state == MandateState.ACTIVE:
        mandates.pause(row.mandate, f"{row.code} {row.reason}"[:200], now, actor=None)


def _check_day(on: date, row: DebitRow, now: datetime) -> None:
    if on > local_day(now):
        raise DomainError(f"{on} is in the future.")
    if row.batch.sent_at is not None and on < local_day(row.batch.sent_at):
        raise DomainError(f"{row.batch} was sent after {on}.")


def _said(code: str, reason: str) -> str:
    return (reason or reasons.words(code) or "Unpaid")[:200]


def _now(customer: Customer) -> Customer:
    """Whose record it is now."""
    while merge := merge_of(customer):
        customer = merge.survivor
    return customer


def _record(verb: str, row: DebitRow, now: datetime, actor: User | None, **data: object) -> None:
    told = {"amount": row.amount, "batch": row.batch, "action_on": row.batch.action_on, **data}
    events.record(f"debit_row.{verb}", row, actor=actor, about=row.payer, at=now, **told)
