"""Finding customers by what somebody says on the phone (LST-4, PRO-2)."""

from typing import Any

from django.db.models import Q, QuerySet

from customers.accounts.models import CodeAlias, Contact, Customer, Digits

#: Up to so many found keys are handed to the list as they are: PostgreSQL cannot guess how few a search finds.
FEW = 1000


def matching(rows: QuerySet[Customer], text: str, *, addresses: bool = False) -> QuerySet[Customer]:
    """The customers in which every word of the text is found; with `addresses` in the address too.

    Former codes count, telephone numbers match however they are written. Each word asks the tables one by one
    and unites the keys, so that PostgreSQL uses the trigram index of each instead of joining them all.
    """
    for word in text.split():
        keys = _keys(word, addresses)
        found = list(keys[: FEW + 1].values_list("pk", flat=True))
        rows = rows.filter(pk__in=found if len(found) <= FEW else keys)
    return rows


def _keys(word: str, addresses: bool) -> Any:
    customers, contacts = Customer.objects.order_by(), Contact.objects.order_by()
    names = Q(code__icontains=word) | Q(name__icontains=word) | Q(contact_name__icontains=word)
    found = [
        CodeAlias.objects.filter(code__icontains=word).values("customer_id"),
        contacts.filter(Q(name__icontains=word) | Q(email__icontains=word)).values("customer_id"),
    ]
    if digits := _digits(word):
        by_phone = customers.alias(digits=Digits("phone")).filter(digits__contains=digits)
        by_mobile = contacts.alias(digits=Digits("mobile")).filter(digits__contains=digits)
        found += [by_phone.values("pk"), by_mobile.values("customer_id")]
    if addresses:
        found.append(customers.filter(physical_address__icontains=word).values("pk"))
    return customers.filter(names).values("pk").union(*found)


def _digits(word: str) -> str:
    """The digits of a word that can be (part of) a telephone number; the trunk 0 is not in +27 82 ..."""
    if not set(word) <= set("0123456789+-()/."):
        return ""
    return "".join(filter(str.isdigit, word)).removeprefix("0")
