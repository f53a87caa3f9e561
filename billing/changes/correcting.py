"""Billing at once what package changes make of days that were billed already.

A difference that is to be paid is one invoice: the former package credited, the new one charged. What is less than
nothing, and what is backdated, is put right by paper: a credit note over each invoice that is wrong, and an invoice in
its place that keeps everything else of it to the cent. What cannot be done today is left: the next run finds it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from billing.documents import charging_again, credit, issuing
from billing.documents.charging_again import Generations
from billing.documents.issuing import Draft, Item
from billing.documents.models import Document, DocumentLine
from billing.recurring.charges import Bill, corrections
from billing.recurring.charging import Charge
from billing.recurring.coverage import Span
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
                made = _rebill(bill, today, now, actor)
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


def _rebill(bill: Bill, on: date, now: datetime, actor: User | None) -> list[Document]:
    """A credit note and an invoice for each document that charged the days; the note alone where nothing is left to
    pay. Raises DomainError where one cannot be taken back."""
    wrong: dict[int, list[tuple[DocumentLine, Charge, Charge]]] = defaultdict(list)
    made: list[Document] = []
    backs = [one for one in bill.charges if one.price.total < 0 or one.quantity < 0]
    news = {(one.recurring_line_id, one.span): one for one in bill.charges if one.quantity > 0}
    for back in backs:
        line = _printed(back)
        wrong[line.document_id].append((line, back, news[back.recurring_line_id, back.span]))
    for document in Document.objects.filter(pk__in=wrong).order_by("pk"):
        draft = _draft(document, wrong[document.pk], on)  # before the credit note lets go of calls it charges
        note = credit.take_back(document, on, now, actor=actor, reason="Package change")
        if draft.total < 0:
            raise DomainError(f"Less than nothing would be left to pay of {document}.")
        made += [note, *(issuing.issue([draft], on, now, actor) if draft.total else [])]
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


def _draft(document: Document, wrong: Sequence[tuple[DocumentLine, Charge, Charge]], on: date) -> Draft:
    """The invoice in place of another: its lines as they were, but for the days that are charged anew."""
    gone: dict[int, list[Span]] = defaultdict(list)
    for line, back, _ in wrong:
        gone[line.pk].append(back.span)
    generations = Generations(document)
    items = charging_again.kept(document, gone, generations)
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
                days=generations.days(line.recurring_line_id or 0, new.span, change=new.days[0].change),
            )
        )
    return charging_again.in_place_of([document], items, on)
