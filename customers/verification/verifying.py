"""The only writer of verifications."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from customers.accounts import idnumbers
from customers.accounts.models import Customer, CustomerType
from customers.files.models import Attachment
from customers.verification.models import DocumentType, Verification
from ispbilling.core import events
from ispbilling.core.clock import add_months, local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User

#: A proof of address is worth something for so many months (practice under RICA).
PROOF_MONTHS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was checked and how."""

    document_type: str
    method: str
    verified_on: date
    expires_on: date | None = None
    documents: Sequence[Attachment] = ()
    proof_of_address: Attachment | None = None
    proof_dated_on: date | None = None


def obstacles(customer: Customer) -> list[str]:
    """Why nothing can be verified yet."""
    if customer.type == CustomerType.INDIVIDUAL and not customer.id_number:
        return ["No ID or passport number is stored: put it into Edit, Account Detail, first."]
    return []


def verify(customer: Customer, checked: Checked, now: datetime, *, actor: User) -> Verification:
    """Write down that the identity was checked; it takes the place of an earlier check.

    Raises DomainError for a check in the future, a document that had expired, a South African ID whose number
    is not one, or a proof of address older than three months.
    """
    with transaction.atomic():
        row = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        if reasons := obstacles(row) + _against(row, checked, now):
            raise DomainError(" ".join(reasons))
        for standing in row.verifications.standing():
            _revoke(standing, "Verified anew", now, actor)
        made = Verification.objects.create(
            customer=row,
            document_type=checked.document_type,
            method=checked.method,
            verified_on=checked.verified_on,
            verified_by=actor,
            expires_on=checked.expires_on,
            proof_of_address=checked.proof_of_address,
            proof_dated_on=checked.proof_dated_on,
            recorded_at=now,
        )
        made.documents.set(checked.documents)
        events.record(
            "customer.verified", row, actor=actor, at=now, how=str(made), expires_on=checked.expires_on
        )
    return made


def revoke(customer: Customer, reason: str, now: datetime, *, actor: User) -> Verification:
    """The customer counts as not verified from now on. Raises DomainError when nothing stands."""
    with transaction.atomic():
        row = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        standing = row.verifications.standing().first()
        if standing is None:
            raise DomainError(f"{row.code} is not verified; reload the page.")
        _revoke(standing, reason, now, actor)
        events.record("customer.verification_revoked", row, actor=actor, at=now, reason=reason)
    return standing


def proves(attachment: Attachment) -> str | None:
    """A guard: what a standing verification rests on is not removed."""
    rests = attachment.verifications.standing().exists() or attachment.addresses_proved.standing().exists()
    return "The verification of the customer rests on it; revoke that first." if rests else None


def _revoke(standing: Verification, reason: str, now: datetime, actor: User) -> None:
    standing.revoked_at, standing.revoked_by, standing.revoke_reason = now, actor, reason
    standing.save(update_fields=["revoked_at", "revoked_by", "revoke_reason"])


def _against(customer: Customer, checked: Checked, now: datetime) -> list[str]:
    found, today = [], local_day(now)
    if checked.verified_on > today:
        found.append("The day of the check is yet to come.")
    if checked.expires_on is not None and checked.expires_on < checked.verified_on:
        found.append("The document had expired when it was checked.")
    number = str(customer.id_number)
    if checked.document_type == DocumentType.SA_ID and not idnumbers.is_south_african(number):
        found.append(
            "The stored number is not a valid South African ID number: correct it, or choose Passport."
        )
    theirs = [*checked.documents, *([checked.proof_of_address] if checked.proof_of_address else [])]
    if any(file.customer_id != customer.pk or file.removed_at is not None for file in theirs):
        found.append("An attachment was removed meanwhile; choose again.")
    return found + _against_proof(checked)


def _against_proof(checked: Checked) -> list[str]:
    if (checked.proof_of_address is None) != (checked.proof_dated_on is None):
        return ["A proof of address needs its file and its date, or neither."]
    if checked.proof_dated_on is None:
        return []
    if checked.proof_dated_on > checked.verified_on:
        return ["The proof of address is dated after the check."]
    if add_months(checked.proof_dated_on, PROOF_MONTHS) < checked.verified_on:
        return [
            f"The proof of address was older than {PROOF_MONTHS} months when it was checked; ask for a new one."
        ]
    return []
