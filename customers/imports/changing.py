"""Storing changes to customers that are there, forwards (an import) and backwards (its undo)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from customers.accounts.editing import HIDDEN
from customers.accounts.models import Contact, Customer
from customers.imports.facts import FLAGS, NUMBERS, TEXTS, Titles
from customers.imports.fields import Value
from groups.models import Category, Label
from ispbilling.core import events
from ispbilling.core.events import Happening
from ispbilling.core.models import User

_THROUGH: Mapping[str, tuple[Any, str, type[Any]]] = {
    "categories": (Customer.categories.through, "category_id", Category),
    "labels": (Customer.labels.through, "label_id", Label),
}


def store(customer_id: int, wanted: Mapping[str, Value], titles: Titles) -> None:
    """Give the customer these values; the fields are those of `deciding.Changes`. The row is locked."""
    columns: dict[str, Any] = {}
    for name, value in wanted.items():
        if name in TEXTS or name in FLAGS:
            columns[name] = value
        elif name in NUMBERS:
            columns[name] = value or None
        elif name in ("group", "billing_group", "high_site"):
            columns[f"{name}_id"] = titles.id(name, value)
        elif name in _THROUGH:
            _set_many(customer_id, name, titles.all_ids(name, value))
        elif name == "username":
            User.objects.filter(portal_login__customer=customer_id, portal_login__primary=True).update(
                username=value
            )
        elif isinstance(value, list):
            _set_reach(customer_id, name, value)
    if columns:
        Customer.objects.filter(pk=customer_id).update(**columns)


def _set_many(customer_id: int, name: str, ids: list[int]) -> None:
    through, column, _ = _THROUGH[name]
    through.objects.filter(customer_id=customer_id).delete()
    through.objects.bulk_create(through(customer_id=customer_id, **{column: pk}) for pk in ids)


def _set_reach(customer_id: int, name: str, values: list[str]) -> None:
    """The primary contact's addresses or numbers, the first first."""
    primary = Contact.objects.filter(customer_id=customer_id, primary=True)
    primary.update(**{name: values[0], f"more_{name}s": "\n".join(values[1:])})
    if name == "email":
        # The primary login is mailed where the primary contact is reached.
        logins = User.objects.filter(portal_login__customer=customer_id, portal_login__primary=True)
        logins.exclude(email=values[0]).update(email=values[0])


def happening(customer_id: int, label: str, changes: Mapping[str, list[Value]], because: str) -> Happening:
    """The event `customer.edited` of such a change; what is secret only says that it changed."""
    shown = {
        name: ["(hidden)", "(hidden)"] if name in HIDDEN else [_words(old), _words(new)]
        for name, (old, new) in changes.items()
    }
    return Happening(customer_id, customer_id, label, {"changes": shown, "because": because})


def record(happenings: list[Happening], now: datetime, actor: User | None) -> None:
    events.record_many("customer.edited", Customer, Customer, happenings, at=now, actor=actor)


def _words(value: Value) -> Value:
    return ", ".join(filter(None, value)) if isinstance(value, list) else value
