"""Finding customers by what somebody says on the phone (LST-4, PRO-2)."""

from collections.abc import Collection
from typing import Any

from django.db.models import F, Lookup, Q, QuerySet

from customers.accounts.models import CodeAlias, Contact, Customer, DigitLines, Digits
from ispbilling.core import clock

#: Shorter words are looked for at the beginning of words only: no index knows where "va" is inside of one.
SHORT = 3
_TWO_DIGIT_COUNTRIES = frozenset(
    map(str, (20, 27, *range(30, 35), 36, 39, 40, 41, *range(43, 50), *range(51, 59), *range(60, 67)))
) | {"81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98"}


class Among(Lookup):
    """The key is one of many: handed over as one array, where IN would spell out a parameter for each."""

    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        left, params = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s::bigint[])", (*params, "{" + ",".join(map(str, self.rhs)) + "}")


def by_reference(text: str) -> Customer | None:
    """Whom a code stands for, as on a payment: who has it now, else who has it as a former code.

    A deleted customer has none, so that the code of one that was merged away leads to the survivor.
    """
    code, alive = text.strip().upper(), Customer.objects.not_deleted(clock.now())
    return alive.filter(code=code).first() or alive.filter(code_aliases__code=code).first()


def matching(rows: QuerySet[Customer], text: str, *, addresses: bool = False) -> QuerySet[Customer]:
    """The customers in which every word of the text is found; with `addresses` in the address too."""
    return among(rows, keys(text, addresses=addresses))


def among(rows: QuerySet[Customer], found: Collection[int]) -> QuerySet[Customer]:
    """Those rows whose key is one of those found."""
    return rows.filter(Among(F("pk"), sorted(found))) if found else rows.none()


def keys(text: str, *, addresses: bool = False) -> Collection[int]:
    """The keys of the customers in which every word of the text is found.

    Former codes count, telephone numbers match however they are written. Each word asks the tables one by one
    and unites the keys, so that PostgreSQL uses the trigram index of each instead of joining them all. They
    are fetched here: a list asks for its rows several times, and cannot guess how few a search finds.
    """
    found: set[int] = set()
    for number, word in enumerate(_words(text)):
        these = set(_keys(word, addresses).values_list("pk", flat=True))
        found = found & these if number else these
        if not found:
            break
    return found


def _words(text: str) -> list[str]:
    """The words of a search; a number typed in pieces ("082 123 4567") is one."""
    words = text.split()
    return ["".join(words)] if len(words) > 1 and all(map(_digits, words)) else words


def _keys(word: str, addresses: bool) -> Any:
    customers, contacts = Customer.objects.order_by(), Contact.objects.order_by()
    found = [
        CodeAlias.objects.filter(_holds(word, "code")).values("customer_id"),
        contacts.filter(_holds(word, "name", "email", "more_emails")).values("customer_id"),
        customers.filter(external_id=word).values("pk"),
    ]
    for digits in _numbers(word):
        found += by_digits(digits)
    if addresses:
        found.append(customers.filter(_holds(word, "physical_address")).values("pk"))
    return customers.filter(_holds(word, "code", "name", "contact_name")).values("pk").union(*found)


def by_digits(digits: str) -> tuple[Any, Any]:
    """The keys of customers whose telephone or whose contacts' mobile numbers hold the digits."""
    phones = Customer.objects.order_by().alias(digits=Digits("phone")).filter(digits__contains=digits)
    mobiles = Contact.objects.order_by().alias(one=Digits("mobile"), more=DigitLines("more_mobiles"))
    mobiles = mobiles.filter(Q(one__contains=digits) | Q(more__contains=digits))
    return phones.values_list("pk", flat=True), mobiles.values_list("customer_id", flat=True)


def _holds(word: str, *fields: str) -> Q:
    """One of the fields has the word anywhere, or a short one where a word begins."""
    where = Q()
    for field in fields:
        if len(word) < SHORT:
            where |= Q(**{f"{field}__istartswith": word}) | Q(**{f"{field}__icontains": f" {word}"})
        else:
            where |= Q(**{f"{field}__icontains": word})
    return where


def _digits(word: str) -> str:
    """The digits of a word that can be (part of) a telephone number."""
    return "".join(filter(str.isdigit, word)) if set(word) <= set("0123456789+-()/.") else ""


def _numbers(word: str) -> list[str]:
    """The ways in which a stored number can hold the typed one.

    The trunk 0 is not in +27 82 ..., and the country code not in 082 ...; fewer than three digits are in every
    number.
    """
    digits = _digits(word)
    international = word.startswith("+") or digits.startswith("00")
    national = digits.lstrip("0")
    found = [national]
    if international:
        found.append(national[_country_code_length(national) :])
    return [number for number in dict.fromkeys(found) if len(number) >= SHORT]


def _country_code_length(digits: str) -> int:
    """How many digits the country code at the beginning has (ITU-T E.164)."""
    if digits[:1] in ("1", "7"):
        return 1
    return 2 if digits[:2] in _TWO_DIGIT_COUNTRIES else 3


def why(customer: Customer, text: str) -> str:
    """What of a found customer holds the words that its code and name do not: a former code, a number, an
    e-mail, a contact or the address; empty when code and name hold them all.

    Reads the contacts and former codes, which a list prefetches.
    """
    title = f"{customer.code} {customer.name}".upper()
    for word in _words(text):
        if word.upper() in title:
            continue
        contacts = list(customer.contacts.all())
        if word == customer.external_id:
            return f"external ID {word}"
        texts = [*(f"formerly {alias.code}" for alias in customer.code_aliases.all()), customer.contact_name]
        texts += [part for contact in contacts for part in (contact.name, *contact.emails)]
        texts += [" ".join(customer.physical_address.split())]
        if found := next((part for part in texts if word.upper() in part.upper()), ""):
            return found
        numbers = [customer.phone, *(mobile for contact in contacts for mobile in contact.mobiles)]
        for digits in _numbers(word):
            if found := next((n for n in numbers if digits in "".join(filter(str.isdigit, n))), ""):
                return found
    return ""
