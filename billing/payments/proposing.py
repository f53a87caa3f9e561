"""Whose money may this be? Reads what people write on a payment: an account code, a former one, an invoice number.

A proposal is a guess with its reason; a person or an import decides. A few queries per page, however many payments.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet

from billing.documents.models import Document, DocumentKind
from billing.ledger.models import Balance
from billing.payments import receiving
from billing.payments.models import Payment
from customers.models import CodeAlias, Customer

#: Longer texts name nobody better.
_WORDS = 40
#: Who owes exactly this much; if more do, it says nothing.
_SAME_AMOUNT = 3
_CODE_LENGTH = 20
_WORD = re.compile(r"[A-Z0-9/_-]+")
#: Letters and a number, also inside of what the bank ran together: "ABSAPIE001RENT".
_INSIDE = re.compile(r"[A-Z]{3}[0-9]{3,4}(?![0-9])")
_INVOICE = re.compile(r"([A-Z]{2,10}) ?[-/]? ?(20[0-9]{2}) ?[-/]? ?([0-9]{1,6})(?![0-9])")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Who it may be of, and why. `sure` when the payment names them; the amount alone is never sure."""

    customer: Customer
    why: str
    sure: bool

    def __str__(self) -> str:
        return f"{self.customer}: {self.why}"


@dataclass(frozen=True, slots=True)
class Clue:
    """What is known of the money: any key, the text that came with it, the amount."""

    key: int
    text: str
    amount: Decimal


def words(text: str) -> list[str]:
    """What may be an account code in a text: its words, two neighbours as one, and codes inside a word. Pure.

    words("pie 001 rent") == ["PIE", "001", "RENT", "PIE001", "001RENT"]
    """
    found = _WORD.findall(text.upper())[:_WORDS]
    joined = [first + second for first, second in zip(found, found[1:], strict=False)]
    inside = [
        code for word in [*found, *joined] for start in range(len(word)) if (code := _code_at(word, start))
    ]
    parts = [part for word in found for part in re.split("[/_-]", word)]
    return [
        word for word in dict.fromkeys([*found, *joined, *parts, *inside]) if 0 < len(word) <= _CODE_LENGTH
    ]


def _code_at(word: str, start: int) -> str:
    match = _INSIDE.match(word, start)
    return match[0] if match else ""


def invoice_references(text: str) -> list[str]:
    """Invoice references in a text, as we print them: "inv2026 12" is INV-2026-000012. Pure."""
    return [f"{word}-{year}-{int(number):06}" for word, year, number in _INVOICE.findall(text.upper())]


def propose(clues: Sequence[Clue], now: datetime) -> dict[int, list[Proposal]]:
    """The proposals for each clue, the best first; a customer is proposed once."""
    found: dict[int, dict[int, Proposal]] = defaultdict(dict)
    alive = Customer.objects.not_deleted(now).select_related("master")
    by_code, by_alias = _by_code(clues, alive), _by_alias(clues, alive)
    by_invoice, by_amount = _by_invoice(clues, alive), _by_amount(clues, alive)
    for clue in clues:
        for proposal in (
            *_named(clue, by_code, by_alias),
            *(
                by_invoice[reference]
                for reference in invoice_references(clue.text)
                if reference in by_invoice
            ),
            *by_amount.get(clue.amount, ()),
        ):
            found[clue.key].setdefault(proposal.customer.pk, proposal)
    return {key: list(proposals.values()) for key, proposals in found.items()}


def of_payments(payments: Sequence[Payment], now: datetime) -> dict[int, list[Proposal]]:
    """The proposals for payments, by their keys."""
    clues = [Clue(one.pk, one.reference, one.amount) for one in payments]
    return propose(clues, now)


def certain(proposals: Sequence[Proposal]) -> Proposal | None:
    """The one customer that a payment names; None when it names nobody, or several."""
    named = [proposal for proposal in proposals if proposal.sure]
    return named[0] if len(named) == 1 else None


def _named(
    clue: Clue, by_code: Mapping[str, Customer], by_alias: Mapping[str, Customer]
) -> Iterator[Proposal]:
    for word in words(clue.text):
        if (customer := by_code.get(word)) is not None:
            yield _paid_by(customer, f"account code {word}")
        elif (customer := by_alias.get(word)) is not None:
            yield _paid_by(customer, f"former account code {word}")


def _paid_by(customer: Customer, why: str) -> Proposal:
    """Money with a sub-account's code goes to whoever is invoiced for it."""
    payer, sure = receiving.credited(customer), _distinct(why.split()[-1])
    return Proposal(payer, why if payer == customer else f"{why}, which it pays for", sure)


def _distinct(code: str) -> bool:
    """Whether a code is no word or number that people write on payments for other reasons."""
    return len(code) > 3 and not code.isalpha() and not code.isdigit()


def _by_code(clues: Iterable[Clue], alive: QuerySet[Customer]) -> dict[str, Customer]:
    asked = {word for clue in clues for word in words(clue.text)}
    return {customer.code: customer for customer in alive.filter(code__in=asked)}


def _by_alias(clues: Iterable[Clue], alive: QuerySet[Customer]) -> dict[str, Customer]:
    asked = {word for clue in clues for word in words(clue.text)}
    rows = dict(CodeAlias.objects.filter(code__in=asked).values_list("code", "customer_id"))
    people = alive.in_bulk(set(rows.values()))
    return {code: people[pk] for code, pk in rows.items() if pk in people}


def _by_invoice(clues: Iterable[Clue], alive: QuerySet[Customer]) -> dict[str, Proposal]:
    """Who pays the invoice; of a merged customer the one it became, which has its code as a former one."""
    asked = {reference for clue in clues for reference in invoice_references(clue.text)}
    rows = Document.objects.filter(reference__in=asked, kind=DocumentKind.INVOICE)
    payers = dict(rows.values_list("reference", "payer__code"))
    people = _by_words(payers.values(), alive)
    return {
        reference: Proposal(people[code], f"invoice {reference}", sure=True)
        for reference, code in payers.items()
        if code in people
    }


def _by_words(codes: Iterable[str], alive: QuerySet[Customer]) -> dict[str, Customer]:
    clues = [Clue(0, code, Decimal(0)) for code in codes]
    return {**_by_alias(clues, alive), **_by_code(clues, alive)}


def _by_amount(clues: Iterable[Clue], alive: QuerySet[Customer]) -> dict[Decimal, list[Proposal]]:
    """Who owes exactly the amount."""
    asked = {clue.amount for clue in clues if clue.amount > 0}
    found: dict[Decimal, list[int]] = defaultdict(list)
    for amount, pk in Balance.objects.filter(amount__in=asked).values_list("amount", "customer_id"):
        found[amount].append(pk)
    few = {amount: keys for amount, keys in found.items() if len(keys) <= _SAME_AMOUNT}
    people = alive.in_bulk({key for keys in few.values() for key in keys})
    return {
        amount: [Proposal(people[key], "owes exactly this much", sure=False) for key in keys if key in people]
        for amount, keys in few.items()
    }
