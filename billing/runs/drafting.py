"""From a bill to the draft of its invoice. Pure."""

from datetime import date

from billing.documents.addressing import PartyDraft
from billing.documents.issuing import Draft, Item
from billing.documents.models import DocumentKind
from billing.recurring.charges import Bill


def draft_of(bill: Bill, period: date, run_id: int | None, source_key: str) -> Draft:
    """The invoice of a bill; `period` is the first day of what it bills."""
    return Draft(
        kind=DocumentKind.INVOICE,
        customer_id=bill.customer_id,
        payer_id=bill.payer_id,
        party=PartyDraft(bill.payer_id, bill.name, bill.address, bill.vat_number),
        due_on=bill.due_on,
        items=tuple(
            Item(
                description=charge.description,
                quantity=charge.quantity,
                price=charge.unit_price,
                vat_rate=charge.vat_rate,
                net=charge.price.net,
                vat=charge.price.vat,
                discount=charge.discount,
                recurring_line_id=charge.recurring_line_id,
                period=period,
                generation=charge.generation,
            )
            for charge in bill.charges
        ),
        source_key=source_key,
        run_id=run_id,
        rounding=bill.rounding,
    )
