"""Writing drafts of invoices, and issuing them: the only writer of `InvoiceDraft` and its lines."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.documents import dues, issuing
from billing.documents.addressing import PartyDraft
from billing.documents.issuing import Draft, Item
from billing.documents.models import Document, DocumentKind
from billing.drafts.models import InvoiceDraft, InvoiceDraftLine
from billing.recurring.models import BillingSettings, Rounding
from billing.recurring.pricing import once, price
from billing.recurring.proration import Share
from billing.recurring.terms import vat_rate
from customers.models import Customer, Gate, GateKind
from customers.relations import paying
from ispbilling.core import events, meanwhile
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import CURRENCY, ZERO, cents, format_money

#: The columns of documents end a little above; a slip of the keyboard should not reach them.
TOO_MUCH = Decimal(10**10)
FARTHEST = timedelta(days=366)
_ALL_OF_IT = Share(0, 1, 1)


@dataclass(frozen=True, slots=True)
class LineValues:
    """One line as it is typed; the price is per unit, with VAT in it where the settings say that prices have."""

    description: str
    quantity: Decimal
    price: Decimal
    discount: Decimal = ZERO
    vat_exempt: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What a draft says: who is served, which date it will have (None: that of its issuing), and its lines."""

    customer: Customer
    issue_on: date | None
    lines: Sequence[LineValues]


def add(written: Written, token: UUID, now: datetime, *, actor: User | None) -> InvoiceDraft:
    """Store a new draft; the same token again gives the same draft. Raises DomainError for what cannot be."""
    with transaction.atomic():
        Customer.objects.select_for_update(no_key=True).get(pk=written.customer.pk)
        if known := InvoiceDraft.objects.filter(token=token).first():
            return known
        _check(written, now)
        draft = InvoiceDraft.objects.create(
            customer=written.customer,
            issue_on=written.issue_on,
            token=token,
            created_at=now,
            created_by=actor,
        )
        _write_lines(draft, written.lines)
        events.record(
            "draft.added", draft, actor=actor, about=draft.customer, at=now, total=_total(written, now)
        )
    return draft


def change(
    draft: InvoiceDraft, written: Written, now: datetime, *, actor: User | None, seen: int | None = None
) -> InvoiceDraft:
    """Rewrite a draft. Raises DomainError when it is issued or cannot be so, ChangedMeanwhile when somebody
    changed it after `seen` (`core.meanwhile`)."""
    with transaction.atomic():
        locked = _open(draft)
        meanwhile.refuse_if_changed(locked, seen, "draft.edited")
        _check(written, now)
        before = _told(Written(locked.customer, locked.issue_on, lines_of(locked)), now)
        if changed := events.changes(before, _told(written, now)):
            locked.customer, locked.issue_on = written.customer, written.issue_on
            locked.save(update_fields=["customer", "issue_on"])
            locked.lines.all().delete()
            _write_lines(locked, written.lines)
            events.record("draft.edited", locked, actor=actor, about=locked.customer, at=now, changes=changed)
    return locked


def delete(draft: InvoiceDraft, now: datetime, *, actor: User | None) -> None:
    """Throw a draft away. Raises DomainError once it is issued."""
    with transaction.atomic():
        locked = _open(draft)
        total = _total(Written(locked.customer, locked.issue_on, lines_of(locked)), now)
        events.record("draft.deleted", locked, actor=actor, about=locked.customer, at=now, total=total)
        locked.delete()


def clone(source: InvoiceDraft | Document, token: UUID, now: datetime, *, actor: User | None) -> InvoiceDraft:
    """A new draft with the lines of a draft, or of an invoice at the prices it had; without a date."""
    if isinstance(source, Document):
        if source.kind != DocumentKind.INVOICE:
            raise DomainError(f"{source} is not an invoice; only invoices are cloned.")
        lines: Sequence[LineValues] = [
            LineValues(line.description, line.quantity, line.price, line.discount, not line.vat_rate)
            for line in source.lines.all()
        ]
    else:
        lines = lines_of(source)
    return add(Written(source.customer, None, lines), token, now, actor=actor)


def issue(draft: InvoiceDraft, now: datetime, *, actor: User | None) -> Document:
    """Issue a draft as an invoice; a second time gives the same invoice.

    Raises DomainError when its date is to come or in closed books, when it charges nothing, or whoever is served
    or pays is deleted.
    """
    with transaction.atomic():
        locked = _locked(draft)
        if locked.document is not None:
            return locked.document
        paper = as_paper(locked, now)
        on = date_of(locked, now)
        if on > local_day(now):
            raise DomainError(f"It is dated {on}: an invoice cannot be dated in the future.")
        if paper.total <= 0:
            raise DomainError("It charges nothing: the total is R 0.00.")
        _refuse_deleted((paper.customer_id, paper.payer_id), now)
        document = issuing.issue([paper], on, now, actor)[0]
        locked.document = document
        locked.save(update_fields=["document"])
    return document


def as_paper(draft: InvoiceDraft, now: datetime) -> Draft:
    """The document it would become if it were issued now."""
    settings, on = BillingSettings.get(), date_of(draft, now)
    payer = paying.payer(draft.customer)
    return Draft(
        kind=DocumentKind.INVOICE,
        customer_id=draft.customer_id,
        payer_id=payer.pk,
        party=PartyDraft.of(payer),
        due_on=dues.days_of(payer, settings).due_on(on),
        items=priced(lines_of(draft), vat_rate(on), settings),
        source_key=f"draft:{draft.pk}",
        rounding=settings.rounding,
    )


def date_of(draft: InvoiceDraft, now: datetime) -> date:
    """The date it would have if it were issued now."""
    return draft.issue_on or local_day(now)


def lines_of(draft: InvoiceDraft) -> list[LineValues]:
    """Its lines, in order."""
    names = LineValues.__dataclass_fields__
    return [LineValues(**{name: getattr(line, name) for name in names}) for line in draft.lines.all()]


def priced(lines: Sequence[LineValues], rate: Decimal, settings: BillingSettings) -> tuple[Item, ...]:
    """The lines with their amounts. Pure."""
    includes_vat, prices = settings.prices_include_vat, []
    for line in lines:
        percent = ZERO if line.vat_exempt else rate
        amounts = price(
            line.quantity, line.price, (line.discount,), _ALL_OF_IT, percent, includes_vat=includes_vat
        )
        prices.append((amounts, percent))
    charged = [amounts for amounts, _ in prices]
    if settings.rounding == Rounding.DOCUMENT:
        charged = once(prices, includes_vat=includes_vat)
    return tuple(
        Item(line.description, line.quantity, line.price, percent, amounts.net, amounts.vat, line.discount)
        for line, amounts, (_, percent) in zip(lines, charged, prices, strict=True)
    )


def _check(written: Written, now: datetime) -> None:
    if not written.lines:
        raise DomainError("An invoice needs at least one line.")
    if written.issue_on is not None and written.issue_on > local_day(now) + FARTHEST:
        raise DomainError(
            f"{written.issue_on} is more than a year ahead; leave the date to the day of issue."
        )
    if (total := _total(written, now)) >= TOO_MUCH:
        raise DomainError(f"{format_money(total)} cannot be right; look at the quantities and prices.")


def _total(written: Written, now: datetime) -> Decimal:
    rate = vat_rate(written.issue_on or local_day(now))
    items = priced(written.lines, rate, BillingSettings.get())
    return sum((item.total for item in items), ZERO)


def _told(written: Written, now: datetime) -> dict[str, Any]:
    """What an event says of it: lines as sentences."""
    lines = "; ".join(
        f"{line.quantity.normalize():f} x {line.description} at {_each(line.price)}"
        + (f" less {line.discount.normalize():f} %" if line.discount else "")
        + (", VAT exempt" if line.vat_exempt else "")
        for line in written.lines
    )
    return {
        "customer": str(written.customer),
        "issue_on": str(written.issue_on or ""),
        "lines": lines,
        "total": _total(written, now),
    }


def _each(price: Decimal) -> str:
    """A price per unit, with the parts of a cent that it may have."""
    return format_money(price) if price == cents(price) else f"{CURRENCY} {price.normalize():f}"


def _write_lines(draft: InvoiceDraft, lines: Sequence[LineValues]) -> None:
    InvoiceDraftLine.objects.bulk_create(
        InvoiceDraftLine(draft=draft, position=number, **asdict(line)) for number, line in enumerate(lines)
    )


def _locked(draft: InvoiceDraft) -> InvoiceDraft:
    """The row under its lock. Raises DomainError when somebody deleted it meanwhile."""
    rows = InvoiceDraft.objects.select_for_update(of=("self",))
    # Not joined to its document: what a joined row says may be older than the lock.
    found = rows.select_related("customer__master", "customer__group").filter(pk=draft.pk).first()
    if found is None:
        raise DomainError("Somebody deleted this draft meanwhile.")
    return found


def _open(draft: InvoiceDraft) -> InvoiceDraft:
    locked = _locked(draft)
    if locked.document is not None:
        raise DomainError(
            f"It is issued as {locked.document}, and paper is not changed: credit that invoice."
        )
    return locked


def _refuse_deleted(customers: tuple[int, ...], now: datetime) -> None:
    gates = Gate.objects.closing(now).filter(customer__in=customers, kind=GateKind.DELETED)
    if gate := gates.select_related("customer").first():
        raise DomainError(f"{gate.customer} is deleted; undelete it first.")
