"""Gives out the top-ups whose online payment came: the payer may never come back to the page that does it at once."""

from collections.abc import Sequence
from datetime import datetime

from billing.data_sales import selling
from billing.data_sales.models import SaleState, TopupSale
from billing.gateways.models import CheckoutState
from ispbilling.core.plans import Plan, Step


def plan(now: datetime) -> Plan:
    """Every sale that waits although it is paid."""
    rows = TopupSale.objects.filter(state=SaleState.WAITING, checkout__state=CheckoutState.PAID)
    steps = [
        Step(row.pk, str(row), "give it out", "it is paid")
        for row in rows.select_related("data_account").order_by("pk")
    ]
    return Plan("paid_topups", steps, _complete, chunk=1)


def _complete(steps: Sequence[Step], now: datetime) -> int:
    rows = TopupSale.objects.filter(pk__in=[step.key for step in steps]).select_related("data_account")
    return sum(selling.complete(row, now).state != SaleState.WAITING for row in rows)
