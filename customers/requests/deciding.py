"""Staff decide on what a customer asked to change, and deal with low ratings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from customers.accounts import editing
from customers.accounts.models import Customer
from customers.merging.models import merge_of
from customers.requests import fields
from customers.requests.models import ChangedField, ChangeRequest, Decision, Rating
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User

#: As long as a contact's column is; a form's e-mail field takes longer ones.
LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one field. A rejection has its reason."""

    decision: Decision
    reason: str = ""


def decide(
    change: ChangeRequest, verdicts: Mapping[str, Verdict], now: datetime, *, actor: User
) -> ChangeRequest:
    """Store what is approved, remember what is rejected and why; fields without a verdict stay open.

    A request without fields (only a comment) is closed. Raises ChangedMeanwhile, naming the present value,
    when somebody changed an approved field since the customer saw it, and DomainError for what was decided
    before or cannot be stored; then nothing is.
    """
    with transaction.atomic():
        row = ChangeRequest.objects.select_for_update(no_key=True).get(pk=change.pk)
        if row.decided_at is not None:
            raise DomainError("This was decided already; reload the page.")
        customer = Customer.objects.select_for_update(no_key=True).get(pk=row.customer_id)
        waiting = {one.name: one for one in row.fields.filter(decision=Decision.OPEN)}
        if unknown := set(verdicts) - set(waiting):
            raise DomainError(
                f"Decided already: {', '.join(fields.LABELS[name] for name in sorted(unknown))}."
            )
        merge = merge_of(customer)
        if merge and any(one.decision == Decision.APPROVED for one in verdicts.values()):
            raise DomainError(
                f"{customer.code} was merged into {merge.survivor}: change it there, and reject it here."
            )
        approved = [waiting[name] for name, one in verdicts.items() if one.decision == Decision.APPROVED]
        _store(customer, approved, now, actor)
        for name, verdict in verdicts.items():
            _mark(waiting[name], verdict, now, actor)
        if not row.fields.filter(decision=Decision.OPEN).exists():
            row.decided_at = now
            row.save(update_fields=["decided_at"])
        _record(row, verdicts, now, actor)
    return row


def handle(rating: Rating, note: str, now: datetime, *, actor: User) -> Rating:
    """Somebody dealt with a low rating. Raises DomainError when it needs nobody."""
    with transaction.atomic():
        row = (
            Rating.objects.select_for_update(of=("self",), no_key=True)
            .select_related("customer")
            .get(pk=rating.pk)
        )
        if not row.waits:
            raise DomainError("This rating needs nobody, or somebody dealt with it already.")
        row.handled_at, row.handled_by, row.handled_note = now, actor, note
        row.save(update_fields=["handled_at", "handled_by", "handled_note"])
        events.record("rating.handled", row.customer, actor=actor, at=now, note=note)
    return row


def _store(customer: Customer, approved: list[ChangedField], now: datetime, actor: User) -> None:
    present = fields.values(customer)
    for one in approved:
        if present.get(one.name, "") not in (one.old, one.new):
            label = fields.LABELS[one.name]
            raise editing.ChangedMeanwhile(
                f"{label} was changed meanwhile: it is now “{present.get(one.name, '')}”, the customer saw "
                f"“{one.old}”. Reject it with that reason, or ask the customer again."
            )
    changed = {one.name: one.new for one in approved}
    _check(changed)
    if changed:
        contacts = fields.contacts(customer, changed)
        editing.edit(customer, fields.columns(changed), now, actor=actor, contacts=contacts)


def _check(changed: Mapping[str, str]) -> None:
    """What the edit form would have refused."""
    for name, value in changed.items():
        if name == "name" and not value:
            raise DomainError("A customer needs a name; reject this.")
        if name == "email":
            _check_email(value)


def _check_email(value: str) -> None:
    if not value:
        raise DomainError("Without an e-mail address nobody can reset the portal password; reject this.")
    try:
        validate_email(value)
    except ValidationError:
        raise DomainError(f"{value} is no e-mail address; reject this.") from None
    if len(value) > LONGEST_EMAIL:
        raise DomainError(f"{value[:40]}… is longer than an e-mail address can be; reject this.")


def _mark(one: ChangedField, verdict: Verdict, now: datetime, actor: User) -> None:
    if verdict.decision == Decision.REJECTED and not verdict.reason:
        raise DomainError(f"Say why {fields.LABELS[one.name]} is rejected.")
    one.decision, one.reason = verdict.decision, verdict.reason
    one.decided_by, one.decided_at = actor, now
    one.save(update_fields=["decision", "reason", "decided_by", "decided_at"])


def _record(row: ChangeRequest, verdicts: Mapping[str, Verdict], now: datetime, actor: User) -> None:
    def named(decision: Decision) -> str | None:
        names = [fields.LABELS[name] for name, one in verdicts.items() if one.decision == decision]
        return ", ".join(names) or None

    events.record(
        "change_request.decided",
        row.customer,
        actor=actor,
        at=now,
        approved=named(Decision.APPROVED),
        rejected=named(Decision.REJECTED),
    )
