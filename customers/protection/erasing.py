"""Blanks what this app knows of a person. Called by `ispbilling.protection.erasing` alone, in its transaction."""

from datetime import datetime

from customers.accounts.models import Customer, Gate
from customers.files.models import Attachment
from customers.imports import forgetting
from customers.notes.models import Note
from customers.places import geocoding
from customers.protection.models import SubjectExport
from customers.requests.models import CustomerRequest
from customers.verification.models import Verification
from ispbilling.core.events import ERASED
from ispbilling.core.files import keeping
from ispbilling.core.models import User

#: What becomes of the columns of a customer; the account code stays, because paper and payments bear it.
BLANK = {
    "name": ERASED,
    "external_id": "",
    "contact_name": "",
    "id_number": "",
    "vat_number": "",
    "phone": "",
    "physical_address": "",
    "postal_address": "",
    "latitude": None,
    "longitude": None,
    "position_source": "",
    "position_accuracy": "",
    "position_label": "",
}


def erase(customer: Customer, now: datetime) -> dict[str, int]:
    """Blank the person; rows per kind."""
    geocoding.forget(customer.physical_address)
    for column, value in BLANK.items():
        setattr(customer, column, value)
    customer.save(update_fields=list(BLANK))
    users = [login.user_id for login in customer.portal_logins.all()]
    counts = {
        "contacts": customer.contacts.all().delete()[0],
        "notes": Note.objects.filter(customer=customer).delete()[0],
        "requests and answers": CustomerRequest.objects.filter(customer=customer).delete()[0],
        "verifications": Verification.objects.filter(customer=customer).delete()[0],
        "attachments": _files(customer),
        "rows of imports": forgetting.forget_customer(customer.pk),
        "portal logins": _users(users),
        "reasons of closed gates": Gate.objects.filter(customer=customer)
        .exclude(reason="")
        .update(reason=ERASED),
    }
    customer.portal_logins.all().delete()
    customer.categories.clear()
    customer.labels.clear()
    return counts


def _files(customer: Customer) -> int:
    rows = Attachment.objects.filter(customer=customer)
    exports = SubjectExport.objects.filter(customer=customer)
    # Locked first: one that is being made has its path when we get it.
    made = [export.path for export in exports.select_for_update().order_by("pk") if export.path]
    keeping.discard_after_commit([*rows.values_list("path", flat=True), *made])
    exports.delete()
    return rows.delete()[0]


def _users(users: list[int]) -> int:
    """A login that once acted is named by the log and so stays as a row, without a name and without a way in."""
    rows = list(User.objects.filter(pk__in=users))
    for user in rows:
        user.set_unusable_password()
        user.username, user.first_name, user.last_name, user.email = f"erased-{user.pk}", "", "", ""
        user.is_active = False
        user.save(update_fields=["password", "username", "first_name", "last_name", "email", "is_active"])
        user.usersession_set.all().delete()
        user.authenticator_set.all().delete()
    return len(rows)
