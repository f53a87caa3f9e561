"""An invoice answered as a whole, and what of it stays charged again: paper is never edited, so a part of it is given
back by a credit note over all and an invoice over the rest. What was paid pays the new one; more than that is credit.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Max

from billing.documents import credit, issuing
from billing.documents.issuing import Draft, Item
from billing.documents.models import Document, DocumentKind, DocumentLine
from billing.recurring.coverage import Days
from billing.recurring.models import BilledPeriod, BillingSettings
from billing.recurring.proration import Share, portion
from ispbilling.core.clock import local_day
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
    """The credit note over all, and the invoice over what stays, if anything does."""

    credit: Document
    invoice: Document | None

    @property
    def given_back(self) -> Decimal:
        return -self.credit.total - (self.invoice.total if self.invoice else ZERO)


def without(
    document: Document, cuts: Sequence[Cut], now: datetime, *, actor: User | None, reason: str
) -> Again:
    """Credit an invoice today and charge the rest of it again. Raises DomainError as `credit.credit`."""
    on = local_day(now)
    with transaction.atomic():
        note = credit.credit(document, on, now, actor=actor, reason=reason)
        items = _rest(document, {cut.recurring_line_id: cut.last_day for cut in cuts})
        if sum((item.total for item in items), ZERO) <= 0:
            return Again(note, None)
        draft = Draft(
            kind=DocumentKind.INVOICE,
            customer_id=document.customer_id,
            payer_id=document.payer_id,
            party=document.party_id,
            due_on=max(document.due_on, on),
            items=items,
            source_key=f"again:{document.pk}",
            memo=f" instead of {document.reference}",
            served=document.served_id,
            rounding=document.rounding,
        )
        return Again(note, issuing.issue([draft], on, now, actor)[0])


def worth(document: Document, cuts: Sequence[Cut]) -> Decimal:
    """What `without` would give back."""
    rest = _rest(document, {cut.recurring_line_id: cut.last_day for cut in cuts})
    return document.total - sum((item.total for item in rest), ZERO)


def _rest(document: Document, cuts: Mapping[int, date | None]) -> tuple[Item, ...]:
    """The lines of the invoice as they are charged again."""
    includes_vat = BillingSettings.get().prices_include_vat
    periods: dict[int, list[BilledPeriod]] = defaultdict(list)
    for row in BilledPeriod.objects.filter(document=document).order_by("period", "generation"):
        periods[row.recurring_line_id].append(row)
    newest = {
        (line, period): generation
        for line, period, generation in BilledPeriod.objects.filter(recurring_line__in=periods)
        .values_list("recurring_line", "period")
        .annotate(newest=Max("generation"))
    }
    found = []
    for line in document.lines.order_by("pk"):
        until, of = line.until, line.recurring_line_id
        if of is not None and of in cuts and line.quantity > 0:
            last_day = cuts[of]
            if last_day is None or line.since is None or last_day < line.since:
                continue
            until = min(line.until or last_day, last_day + timedelta(days=1))
        days = _days(line, until, periods[of or 0], newest)
        found.append(_item(line, until, days, includes_vat=includes_vat))
    return tuple(found)


def _days(
    line: DocumentLine, until: date | None, rows: Sequence[BilledPeriod], newest: dict[tuple[int, date], int]
) -> tuple[Days, ...]:
    """The days that the line billed, up to but not including `until`, as the next generations of their months."""
    found: list[Days] = []
    if line.since is None or until is None:
        return ()
    for row in rows:
        if not line.since <= row.since < until or row.credit != (line.quantity < 0):
            continue
        key = (row.recurring_line_id, row.period)
        newest[key] += 1
        found.append(Days(row.period, newest[key], row.since, min(row.until, until), row.credit))
    return tuple(found)


def _item(line: DocumentLine, until: date | None, days: tuple[Days, ...], *, includes_vat: bool) -> Item:
    description, net, vat = line.description, line.net, line.vat
    if line.since is not None and line.until is not None and until is not None and until < line.until:
        part = Share(0, (until - line.since).days, (line.until - line.since).days)
        vat = portion(line.vat, part)
        net = portion(line.total, part) - vat if includes_vat else portion(line.net, part)
        because = f", to {until - timedelta(days=1)} alone: {part.days} of {part.of} days"
        description = description[: DESCRIPTION - len(because)] + because
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
