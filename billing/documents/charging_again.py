"""An invoice answered as a whole, and what of it stays charged again: paper is never edited, so a part of it is given
back by a credit note over all and an invoice over the rest. What was paid pays the new one; more than that is credit.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Max

from billing.calls.due import Called
from billing.documents import credit, issuing
from billing.documents.issuing import Draft, Item
from billing.documents.models import Document, DocumentKind, DocumentLine
from billing.recurring.coverage import Days, Span, by_month
from billing.recurring.models import BilledChange, BilledPeriod, BillingSettings
from billing.recurring.pricing import give_back
from billing.recurring.proration import Share
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import ZERO

DESCRIPTION = 250


@dataclass(frozen=True, slots=True)
class Cut:
    """What an invoice charged of a recurring line after `last_day` goes; None: all of it."""

    recurring_line_id: int
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Again:
    """The credit note over all, the invoice over what stays, if anything does, and what that comes to."""

    credit: Document
    invoice: Document | None
    given_back: Decimal


class Generations:
    """Numbers the billings of months of these recurring lines on from what there is."""

    def __init__(self, *documents: Document) -> None:
        printed = DocumentLine.objects.filter(document__in=documents, recurring_line__isnull=False)
        lines = printed.values("recurring_line")
        billed = BilledPeriod.objects.filter(recurring_line__in=lines).order_by()
        last = billed.values_list("recurring_line", "period").annotate(last=Max("generation"))
        self._last = {(line, period): generation for line, period, generation in last}

    def days(
        self, line: int, span: Span, *, credit: bool = False, change: int | None = None
    ) -> tuple[Days, ...]:
        """The span month by month, as the next generation of each."""
        found = []
        for period, (since, until) in by_month(span):
            generation = self._last.get((line, period), -1) + 1
            self._last[line, period] = generation
            found.append(Days(period, generation, since, until, credit, change))
        return tuple(found)


def without(
    document: Document, cuts: Sequence[Cut], now: datetime, *, actor: User | None, reason: str
) -> Again:
    """Credit an invoice today and charge the rest of it again.

    Invoices that gave back days of it since are credited and charged again, too; and where it gives back more than it
    charges then, so is what charged those days, in one invoice with it. Raises DomainError as `credit.credit`.
    """
    on = local_day(now)
    with transaction.atomic():
        papers = credit.with_later(document)
        if _sum(kept(document, _gone(document, cuts), Generations(document))) < 0:
            papers = credit.connected(document)
        generations = Generations(*papers)
        rests = []
        for one in papers:  # read before the credit notes let go of the calls that they charged
            gone = _gone(one, cuts) if one == document else {}
            rests.append(([one], kept(one, gone, generations)))
        notes = {one.pk: credit.credit(one, on, now, actor=actor, reason=reason) for one in reversed(papers)}
        invoice, issued = None, ZERO
        for replaced, items in _payable(rests):
            if made := _issue(replaced, items, on, now, actor):
                issued += made.total
                invoice = made if document in replaced else invoice
        return Again(notes[document.pk], invoice, -sum((one.total for one in notes.values()), issued))


Rest = tuple[list[Document], list[Item]]


def _payable(rests: Sequence[Rest]) -> list[Rest]:
    """Joined, the oldest first, until each comes to something to pay."""
    found: list[Rest] = []
    for papers, items in rests:
        if found and (_sum(items) <= 0 or _sum(found[-1][1]) <= 0):
            before, known = found.pop()
            papers, items = [*before, *papers], [*known, *items]
        found.append((papers, items))
    return found


def _issue(
    replaced: Sequence[Document], items: Sequence[Item], on: date, now: datetime, actor: User | None
) -> Document | None:
    """The invoice in place of these; none where nothing is left to pay."""
    if _sum(items) < 0:
        raise DomainError(f"Less than nothing would be left to pay of {replaced[0]}.")
    return issuing.issue([in_place_of(replaced, items, on)], on, now, actor)[0] if _sum(items) else None


def _sum(items: Sequence[Item]) -> Decimal:
    return sum((item.total for item in items), ZERO)


def worth(document: Document, cuts: Sequence[Cut]) -> Decimal:
    """What `without` would give back."""
    return document.total - _sum(kept(document, _gone(document, cuts), Generations(document)))


def in_place_of(papers: Sequence[Document], items: Sequence[Item], on: date) -> Draft:
    """The invoice that stands where one stood, or several: to the same people, due no sooner."""
    document = papers[0]
    return Draft(
        kind=DocumentKind.INVOICE,
        customer_id=document.customer_id,
        payer_id=document.payer_id,
        party=document.party_id,
        due_on=max(*(paper.due_on for paper in papers), on),
        items=tuple(items),
        source_key=f"invoice:in-place-of:{document.pk}",
        served=document.served_id,
        rounding=document.rounding,
        memo=f" in place of {', '.join(paper.reference for paper in papers)}",
    )


def kept(document: Document, gone: Mapping[int, Sequence[Span]], generations: Generations) -> list[Item]:
    """The lines of a document without the days that are gone (spans by line), each part at its share of what the line
    cost, to the cent; with the package changes they were billed under, and the calls they charged."""
    includes_vat = BillingSettings.get().prices_include_vat
    calls = iter(_calls(document))
    items: list[Item] = []
    # Credits first: a day they give back may be charged again by a line after it.
    for line in sorted(document.lines.all(), key=lambda line: (line.quantity > 0, line.pk)):
        if line.recurring_line_id is None or line.since is None or line.until is None:
            called = next(calls, None) if line.recurring_line_id is None else None
            items.append(_item(line, line.description, (line.net, line.vat), (), called))
            continue
        items += _parts(line, line.recurring_line_id, (line.since, line.until), gone.get(line.pk, ()),
                        generations, includes_vat=includes_vat)  # fmt: skip
    return items


def _parts(
    line: DocumentLine,
    recurring_line: int,
    whole: Span,
    gone: Sequence[Span],
    generations: Generations,
    *,
    includes_vat: bool,
) -> Iterator[Item]:
    under = _change(line)
    for span in _without(whole, sorted(gone)):
        part = Share((span[0] - whole[0]).days, (span[1] - whole[0]).days, (whole[1] - whole[0]).days)
        days = generations.days(recurring_line, span, credit=line.quantity < 0, change=under)
        if part.whole:
            yield _item(line, line.description, (line.net, line.vat), days)
            continue
        share = give_back(line.net, line.vat, part, includes_vat=includes_vat)
        because = f": {span[0]} to {span[1] - timedelta(days=1)}, {part.days} of {part.of} days"
        text = f"{line.description[: DESCRIPTION - len(because)]}{because}"
        yield _item(line, text, (-share.net, -share.vat), days)


def _gone(document: Document, cuts: Sequence[Cut]) -> dict[int, list[Span]]:
    """The days of each line of the document that are cut off."""
    last_days = {cut.recurring_line_id: cut.last_day for cut in cuts}
    found: dict[int, list[Span]] = defaultdict(list)
    for line in document.lines.filter(recurring_line__in=last_days, quantity__gt=0):
        if line.recurring_line_id is None or line.since is None or line.until is None:
            continue
        last_day = last_days[line.recurring_line_id]
        first = line.since if last_day is None else max(line.since, last_day + timedelta(days=1))
        if first < line.until:
            found[line.pk].append((first, line.until))
    return found


def _calls(document: Document) -> list[Called]:
    """The calls that the document charges, in the order of its lines."""
    return [
        Called(
            bill.number_id,
            bill.number.label,
            bill.month,
            bill.calls,
            bill.seconds,
            bill.amount,
            tuple(bill.of_calls.values_list("pk", flat=True)),
        )
        for bill in document.call_bills.select_related("number").order_by("pk")
    ]


def _item(
    line: DocumentLine,
    description: str,
    amounts: tuple[Decimal, Decimal],
    days: tuple[Days, ...],
    calls: Called | None = None,
) -> Item:
    net, vat = amounts
    return Item(
        description=description,
        quantity=line.quantity,
        price=line.price,
        vat_rate=line.vat_rate,
        net=net,
        vat=vat,
        discount=line.discount,
        recurring_line_id=line.recurring_line_id,
        gl_code=line.gl_code,
        days=days,
        calls=calls,
    )


def _without(whole: Span, gone: Sequence[Span]) -> Iterator[Span]:
    """The parts of the span between those that are gone, which are in order."""
    since = whole[0]
    for begin, end in gone:
        if since < begin:
            yield since, begin
        since = end
    if since < whole[1]:
        yield since, whole[1]


def _change(line: DocumentLine) -> int | None:
    """The package change that the line was billed under."""
    billed = BilledPeriod.objects.filter(
        document=line.document_id,
        recurring_line=line.recurring_line_id,
        credit=line.quantity < 0,
        since__gte=line.since,
        until__lte=line.until,
    ).first()
    if billed is None:
        return None
    under = BilledChange.objects.filter(
        recurring_line=billed.recurring_line_id, period=billed.period, generation=billed.generation
    )
    return under.values_list("package_change", flat=True).first()
