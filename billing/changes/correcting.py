"""Billing at once what package changes make of days that were billed already.

A difference that is to be paid is one invoice: the former package credited, the new one charged. What is less than
nothing, and what is backdated, is put right by paper: a credit note over each invoice that is wrong, and an invoice in
its place that keeps everything else of it to the cent. What cannot be done today is left: the next run finds it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Max

from billing.documents import credit, issuing
from billing.documents.issuing import Draft, Item
from billing.documents.models import Document, DocumentKind, DocumentLine
from billing.recurring.charges import Bill, corrections
from billing.recurring.charging import Charge
from billing.recurring.coverage import Days, Span, by_month
from billing.recurring.models import BilledChange, BilledPeriod
from billing.recurring.pricing import give_back
from billing.recurring.proration import Share
from billing.recurring.terms import Terms
from billing.runs.drafting import draft_of
from customers.models import Customer
from ispbilling.core.clock import local_day, month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User

LEFT = "The difference comes with the next run."


@dataclass(frozen=True, slots=True)
class Settled:
    """The paper that was made, and why something was left to the next run."""

    documents: tuple[Document, ...] = ()
    left: str = ""


def settle(customer: Customer, now: datetime, *, actor: User | None, anew: bool = False) -> Settled:
    """Bill today what was billed otherwise than its package changes say. `anew`: by credit note and invoice in any
    case. Twice does nothing twice."""
    today = local_day(now)
    try:
        with transaction.atomic():
            terms = Terms.of(month_of(today), today)
            bill = corrections(terms, now, customer.pk)
            if bill is None:
                return Settled()
            if bill.problem:
                raise DomainError(bill.problem)
            if bill.total > 0 and not anew:
                made: Sequence[Document] = issuing.issue(
                    [draft_of(bill, None, _key(bill))], today, now, actor
                )
            elif bill.total or anew:
                made = _rebill(bill, today, now, terms, actor)
            else:
                made = []
    except (DomainError, IntegrityError) as refusal:
        why = str(refusal) if isinstance(refusal, DomainError) else "It was billed in the meantime."
        return Settled(left=f"{why} {LEFT}")
    return Settled(tuple(made), "" if made else LEFT)


def _key(bill: Bill) -> str:
    """Names the days, which are billed once in their generation."""
    first = bill.charges[0]
    day = first.days[0]
    return f"invoice:package-change:{first.recurring_line_id}:{day.period}:{day.generation}"


def _rebill(bill: Bill, on: date, now: datetime, terms: Terms, actor: User | None) -> list[Document]:
    """A credit note and an invoice for each document that charged the days. Raises DomainError where one cannot be
    taken back, or nothing would be left to pay."""
    wrong: dict[int, list[tuple[DocumentLine, Charge, Charge]]] = defaultdict(list)
    made: list[Document] = []
    backs = [one for one in bill.charges if one.price.total < 0 or one.quantity < 0]
    news = {(one.recurring_line_id, one.span): one for one in bill.charges if one.quantity > 0}
    for back in backs:
        line = _printed(back)
        wrong[line.document_id].append((line, back, news[back.recurring_line_id, back.span]))
    for document in Document.objects.filter(pk__in=wrong).order_by("pk"):
        note = credit.take_back(document, on, now, actor=actor, reason="Package change")
        draft = _draft(document, wrong[document.pk], on, terms)
        if draft.total <= 0:
            raise DomainError(f"Nothing would be left to pay of {document}.")
        made += [note, *issuing.issue([draft], on, now, actor)]
    return made


def _printed(back: Charge) -> DocumentLine:
    """The line of the document that charged these days last."""
    since, until = back.span
    lines = DocumentLine.objects.filter(
        recurring_line=back.recurring_line_id,
        since__lte=since,
        until__gte=until,
        quantity__gt=0,
        document__corrections=None,
        document__corrects=None,
    )
    line = lines.order_by("-document", "-pk").first()
    if line is None:
        raise DomainError("What charged the days is not on one invoice.")
    return line


def _draft(
    document: Document, wrong: Sequence[tuple[DocumentLine, Charge, Charge]], on: date, terms: Terms
) -> Draft:
    """The invoice in place of another: its lines as they were, but for the days that are charged anew."""
    gone: dict[int, list[Span]] = defaultdict(list)
    for line, back, _ in wrong:
        gone[line.pk].append(back.span)
    numbers = _Generations(
        [line.recurring_line_id for line in document.lines.all() if line.recurring_line_id]
    )
    items: list[Item] = []
    # Credits first: a day they give back may be charged again by a line after it.
    for line in sorted(document.lines.all(), key=lambda line: (line.quantity > 0, line.pk)):
        items += _kept(line, sorted(gone[line.pk]), numbers, terms)
    for line, _, new in wrong:
        items.append(
            Item(
                description=new.description,
                quantity=new.quantity,
                price=new.unit_price,
                vat_rate=new.vat_rate,
                net=new.price.net,
                vat=new.price.vat,
                discount=new.discount,
                recurring_line_id=line.recurring_line_id,
                gl_code=new.gl_code,
                days=numbers.days(line.recurring_line_id or 0, new.span, change=new.days[0].change),
            )
        )
    return Draft(
        kind=DocumentKind.INVOICE,
        customer_id=document.customer_id,
        payer_id=document.payer_id,
        party=document.party_id,
        due_on=max(document.due_on, on),
        items=tuple(items),
        source_key=f"invoice:in-place-of:{document.pk}",
        served=document.served_id,
        rounding=document.rounding,
        memo=f" in place of {document.reference}",
    )


def _kept(line: DocumentLine, gone: Sequence[Span], numbers: "_Generations", terms: Terms) -> Iterator[Item]:
    """A line without the days that are gone, each part at its share of what the line cost, to the cent."""
    if line.recurring_line_id is None or line.since is None or line.until is None:
        yield _item(line, line.description, (line.net, line.vat), ())
        return
    under = _change(line)
    whole = (line.since, line.until)
    for span in _without(whole, gone):
        part = Share((span[0] - line.since).days, (span[1] - line.since).days, (line.until - line.since).days)
        days = numbers.days(line.recurring_line_id, span, credit=line.quantity < 0, change=under)
        if part.whole:
            yield _item(line, line.description, (line.net, line.vat), days)
            continue
        share = give_back(line.net, line.vat, part, includes_vat=terms.prices_include_vat)
        last = span[1] - timedelta(days=1)
        text = f"{line.description[:200]}: {span[0]} to {last}"
        yield _item(line, text, (-share.net, -share.vat), days)


def _item(
    line: DocumentLine, description: str, amounts: tuple[Decimal, Decimal], days: tuple[Days, ...]
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


class _Generations:
    """Numbers the billings of months of these lines on from what there is."""

    def __init__(self, lines: Sequence[int]) -> None:
        billed = BilledPeriod.objects.filter(recurring_line__in=lines).order_by()
        last = billed.values_list("recurring_line", "period").annotate(last=Max("generation"))
        self._last = {(line, period): generation for line, period, generation in last}

    def days(
        self, line: int, span: Span, *, credit: bool = False, change: int | None = None
    ) -> tuple[Days, ...]:
        found = []
        for period, (since, until) in by_month(span):
            generation = self._last.get((line, period), -1) + 1
            self._last[line, period] = generation
            found.append(Days(period, generation, since, until, credit, change))
        return tuple(found)
