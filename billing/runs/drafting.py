"""From a bill to the draft of its invoice. Pure."""

from billing.documents.addressing import PartyDraft
from billing.documents.issuing import Draft, Item
from billing.documents.models import DocumentKind
from billing.recurring.charges import Bill


def draft_of(bill: Bill, run_id: int | None, source_key: str) -> Draft:
    """The invoice of a bill."""
    return Draft(
        kind=DocumentKind.INVOICE,
        customer_id=bill.customer_id,
        payer_id=bill.payer_id,
        party=PartyDraft(bill.payer_id, bill.name, bill.address, bill.vat_number, bill.code),
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
                gl_code=charge.gl_code,
                days=charge.days,
                calls=charge.calls,
            )
            for charge in bill.charges
        ),
        source_key=source_key,
        run_id=run_id,
        rounding=bill.rounding,
    )
