"""Gives out the numbers behind code stems: the only writer of `CodeCounter`.

A number is never given twice, whatever became of the customer that had it (D-23): codes are payment
references, accounting ids and log-ins.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Upper

from customers.accounts import codes
from customers.accounts.models import CodeAlias, CodeCounter, Customer
from customers.preferences.models import Preferences


@dataclass(frozen=True, slots=True)
class Proposal:
    """The code a name would get now, or why it gives none, or what to ask the customer first."""

    code: str = ""
    problem: str = ""
    hint: str = ""


def stem_of(name: str, *, company: bool) -> str | None:
    """The stem of a name, with the titles that this provider drops; None when nothing is left of it."""
    return codes.stem(name, company=company, titles=_titles())


def propose(name: str, *, company: bool) -> Proposal:
    """What Generate shows for a name (ACC-10, ACC-12); nothing is taken."""
    stem = stem_of(name, company=company)
    if stem is None:
        what = "company" if company else "contact"
        letters = " with letters or digits in it" if name.strip() else ""
        return Proposal(problem=f"Enter the {what} name first{letters}.")
    lacking = not company and codes.lacks_first_name(name, _titles())
    hint = "Made of the initial or surname: get the first name if you can." if lacking else ""
    return Proposal(peek(stem), hint=hint)


def peek(stem: str) -> str:
    """The code the next customer of that stem would get now; nothing is taken."""
    counter = CodeCounter.objects.filter(stem=stem).first()
    return _first_free(stem, counter.last if counter else _highest_used(stem))[0]


def next_code(stem: str) -> str:
    """Take the next code of the stem. The counter row stays locked until the caller's transaction ends."""
    with transaction.atomic():
        counter = _locked(stem)
        code, number = _first_free(stem, counter.last)
        counter.last = number
        counter.save(update_fields=["last"])
    return code


def claim(code: str) -> None:
    """A code was typed: if it looks numbered, its stem's counter goes past it for good."""
    found = codes.numbered(code)
    if found is None:
        return
    stem, number = found
    with transaction.atomic():
        counter = _locked(stem)
        if number > counter.last:
            counter.last = number
            counter.save(update_fields=["last"])


def next_codes(wanted: Mapping[str, int], typed: Collection[str] = ()) -> dict[str, list[str]]:
    """As `next_code` for many customers at once: so many codes of each stem, in order, without a gap.

    `typed` codes that look numbered are claimed first. All counters concerned stay locked, in the order of
    their stems, until the caller's transaction ends. Call it inside a transaction.
    """
    highest: dict[str, int] = {}
    for code in typed:
        if found := codes.numbered(code):
            highest[found[0]] = max(found[1], highest.get(found[0], 0))
    counters = _locked_many(wanted.keys() | highest)
    given: dict[str, list[str]] = {stem: [] for stem in wanted}
    for stem, counter in counters.items():
        counter.last = max(counter.last, highest.get(stem, 0))
    while short := {stem: n - len(given[stem]) for stem, n in wanted.items() if n > len(given[stem])}:
        candidates = {
            codes.code(stem, number): (stem, number)
            for stem, missing in short.items()
            for number in range(counters[stem].last + 1, counters[stem].last + missing + 1)
        }
        taken = _taken(candidates)
        for code, (stem, number) in candidates.items():
            counters[stem].last = number
            if code not in taken:
                given[stem].append(code)
    CodeCounter.objects.bulk_update(counters.values(), ["last"], batch_size=1000)
    return given


def is_taken(code: str, *, by_other_than: Customer | None = None) -> bool:
    """Whether another customer has, or once had, that code (compared without case)."""
    customers = Customer.objects.annotate(upper=Upper("code")).filter(upper=code.upper())
    aliases = CodeAlias.objects.annotate(upper=Upper("code")).filter(upper=code.upper())
    if by_other_than is not None:
        customers = customers.exclude(pk=by_other_than.pk)
        aliases = aliases.exclude(customer=by_other_than)
    return customers.exists() or aliases.exists()


def _locked(stem: str) -> CodeCounter:
    """The stem's counter, made at its first use from the codes that are there, and locked."""
    if not CodeCounter.objects.filter(stem=stem).exists():
        counter = CodeCounter(stem=stem, last=_highest_used(stem))
        CodeCounter.objects.bulk_create([counter], ignore_conflicts=True)
    return CodeCounter.objects.select_for_update().get(stem=stem)


def _locked_many(stems: Collection[str]) -> dict[str, CodeCounter]:
    """The counters of several stems, made where missing, locked in the order of their stems."""
    known = set(CodeCounter.objects.filter(stem__in=stems).values_list("stem", flat=True))
    for stem in sorted(set(stems) - known):
        CodeCounter.objects.bulk_create(
            [CodeCounter(stem=stem, last=_highest_used(stem))], ignore_conflicts=True
        )
    locked = CodeCounter.objects.select_for_update().filter(stem__in=stems).order_by("stem")
    return {counter.stem: counter for counter in locked}


def _taken(candidates: Collection[str]) -> set[str]:
    """Which of these codes a customer has or once had."""
    asked = list(candidates)
    found: set[str] = set()
    for start in range(0, len(asked), 5000):
        part = asked[start : start + 5000]
        found.update(Customer.objects.filter(code__in=part).values_list("code", flat=True))
        found.update(CodeAlias.objects.filter(code__in=part).values_list("code", flat=True))
    return found


def _first_free(stem: str, last: int) -> tuple[str, int]:
    """The code after `last`, past any that came in by another way than this module."""
    number = last + 1
    while is_taken(codes.code(stem, number)):
        number += 1
    return codes.code(stem, number), number


def _highest_used(stem: str) -> int:
    """The highest number that codes of the stem, present and former, carry."""
    present = Customer.objects.filter(code__startswith=stem).values_list("code", flat=True)
    former = CodeAlias.objects.filter(code__startswith=stem).values_list("code", flat=True)
    found = (codes.numbered(code) for code in (*present, *former))
    return max((number for _, number in filter(None, found)), default=0)


def _titles() -> frozenset[str]:
    return codes.title_words(Preferences.get().titles)
