"""The money of a top-up: an invoice at once, or a line of the next run; and taking it back."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from billing.data_sales.models import BilledWhen, DataSalesSettings, TopupSale
from billing.data_sales.quoting import Quote
from billing.documents import charging_again, credit, dues, issuing
from billing.documents.addressing import PartyDraft
from billing.documents.charging_again import Cut
from billing.documents.issuing import Draft
from billing.documents.models import Document, DocumentKind
from billing.recurring import lines
from billing.recurring.models import BilledPeriod, BillingSettings, Proration, RecurringLine
from customers.relations import paying
from ispbilling.core.clock import local_day
from ispbilling.core.models import User
from radius.models import DataAccount


@dataclass(frozen=True, slots=True)
class Charged:
    """What charges it; neither for what is free."""

    document: Document | None = None
    recurring_line: RecurringLine | None = None

    def values(self) -> dict[str, Any]:
        return {"document": self.document, "recurring_line": self.recurring_line}


def at_once(account: DataAccount, settings: DataSalesSettings) -> bool:
    """Whether what this line buys is invoiced at once: what is paid before always is."""
    return account.prepaid or settings.billed == BilledWhen.AT_ONCE


def charge(
    account: DataAccount, quote: Quote, source: str, now: datetime, *, actor: User | None, invoice: bool
) -> Charged:
    """Charge the payer. Call it last where it invoices: it locks the numbers until COMMIT.

    Raises DomainError when the books are closed for today.
    """
    if not quote.total:
        return Charged()
    if invoice:
        return Charged(_invoice(account, quote, source, now, actor))
    return Charged(None, _with_next_run(account, quote, now, actor))


def _invoice(account: DataAccount, quote: Quote, source: str, now: datetime, actor: User | None) -> Document:
    settings, today = BillingSettings.get(), local_day(now)
    payer = paying.payer(account.customer)
    days = timedelta(0) if account.prepaid else timedelta(days=dues.days_of(payer, settings).days)
    draft = Draft(
        kind=DocumentKind.INVOICE,
        customer_id=account.customer_id,
        payer_id=payer.pk,
        party=PartyDraft.of(payer),
        due_on=today + days,
        items=(quote.item,),
        source_key=f"topup:{source}",
        rounding=settings.rounding,
    )
    return issuing.issue([draft], today, now, actor)[0]


def _with_next_run(account: DataAccount, quote: Quote, now: datetime, actor: User | None) -> RecurringLine:
    """A line of one day at the full price: whichever run comes next charges it, once.

    It names no data account: it is not what the line costs a month. The customer's discount is the run's to give.
    """
    today = local_day(now)
    line = RecurringLine(
        customer=account.customer,
        description=quote.item.description,
        price=quote.item.price,
        proration=Proration.FULL,
        starts_on=today,
        ends_on=today,
        bill_from=today,
    )
    return lines.add(line, today, actor=actor)


def take_back(sale: TopupSale, now: datetime, *, actor: User | None, reason: str) -> Document | None:
    """Take the charge of a sale back; the credit note, if paper said it already.

    What a run charged among other things is credited, and the rest of that invoice charged again.
    Raises DomainError when the invoice was credited by itself before.
    """
    if sale.document is not None:
        if sale.document.corrections.exists():
            return None
        return credit.credit(sale.document, local_day(now), now, actor=actor, reason=reason)
    line = sale.recurring_line
    if line is None:
        return None
    billed = BilledPeriod.objects.filter(
        recurring_line=line, credit=False, document__corrections=None
    ).select_related("document")
    if (period := billed.first()) is None:
        _drop(line, local_day(now), actor)
        return None
    return charging_again.without(
        period.document, [Cut(line.pk, None)], now, actor=actor, reason=reason
    ).credit


def _drop(line: RecurringLine, on: date, actor: User | None) -> None:
    """Let no run charge a line any more that no invoice charges: what was taken back has nothing to catch up."""
    if line.billed_periods.exists():
        lines.change(line, {"bill_from": (line.ends_on or on) + timedelta(days=1)}, on, actor=actor)
    else:
        lines.withdraw(line, actor=actor)
