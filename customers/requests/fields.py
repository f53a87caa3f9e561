"""Which details a customer may put right by a link, and how each is read and stored."""

from collections.abc import Mapping
from typing import Any

from customers.accounts import reach
from customers.accounts.editing import ContactValues
from customers.accounts.models import Contact, Customer, CustomerType

#: name -> label; a company is asked for its contact person and VAT number, too.
PERSON: Mapping[str, str] = {
    "name": "Name",
    "phone": "Telephone",
    "mobile": "Mobile number",
    "email": "E-mail",
    "physical_address": "Physical address",
    "postal_address": "Postal address",
}
COMPANY: Mapping[str, str] = {
    "name": "Company name",
    "contact_name": "Contact person",
    **{name: label for name, label in PERSON.items() if name != "name"},
    "vat_number": "VAT number",
}
LABELS: Mapping[str, str] = {**COMPANY, **PERSON}
#: Those of the primary contact; the others are columns of the customer.
OF_CONTACT = frozenset({"mobile", "email"})


def of(customer: Customer) -> Mapping[str, str]:
    """The fields this customer is asked for, with their labels."""
    return COMPANY if customer.type == CustomerType.COMPANY else PERSON


def values(customer: Customer) -> dict[str, str]:
    """The present details. Of several addresses or numbers the first, which is the one that is used."""
    contact = _primary(customer)
    return {
        name: str(getattr(contact if name in OF_CONTACT else customer, name, "") or "")
        for name in of(customer)
    }


def columns(changed: Mapping[str, str]) -> dict[str, Any]:
    """The changes to the customer's own row."""
    return {name: value for name, value in changed.items() if name not in OF_CONTACT}


def contacts(customer: Customer, changed: Mapping[str, str]) -> list[ContactValues] | None:
    """All contacts with the changes to the primary one; None when it stays as it is.

    A person whose name changes takes the contact of the same name along.
    """
    primary = _primary(customer)
    mine = {name: value for name, value in changed.items() if name in OF_CONTACT}
    renamed = "name" in changed and primary is not None and primary.name == customer.name
    if primary is None or not (mine or renamed):
        return None
    return [
        ContactValues(
            pk=contact.pk,
            name=changed["name"] if renamed and contact == primary else contact.name,
            email=_joined(contact, "email", mine if contact == primary else {}),
            mobile=_joined(contact, "mobile", mine if contact == primary else {}),
            primary=contact.primary,
        )
        for contact in customer.contacts.all()
    ]


def _joined(contact: Contact, name: str, mine: Mapping[str, str]) -> str:
    others = contact.more_emails if name == "email" else contact.more_mobiles
    return reach.join(mine.get(name, getattr(contact, name)), others)


def _primary(customer: Customer) -> Contact | None:
    return customer.contacts.filter(primary=True).first()
