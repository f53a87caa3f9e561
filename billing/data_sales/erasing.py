"""Blanks what was written about a person's top-ups and switches; what was sold stays. Called by
`ispbilling.protection.erasing` alone."""

from billing.data_sales.models import AutoTopup, PrepaidSwitch, SaleState, SwitchState, TopupSale
from customers.models import Customer


def erase(customer: Customer) -> dict[str, int]:
    """Blank reasons and comments; how many rows had one. What failed keeps why: those words are ours."""
    sales = TopupSale.objects.filter(data_account__customer=customer, state=SaleState.UNDONE).exclude(
        reason=""
    )
    switches = PrepaidSwitch.objects.filter(data_account__customer=customer)
    count = sales.update(reason="") + switches.exclude(comment="").update(comment="")
    count += switches.filter(state=SwitchState.CANCELLED).exclude(reason="").update(reason="")
    count += (
        AutoTopup.objects.filter(data_account__customer=customer)
        .exclude(stopped_reason="")
        .update(stopped_reason="")
    )
    return {"reasons of top-ups and switches": count}
