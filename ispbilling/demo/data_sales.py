"""Top-ups of the demonstration, a line that buys by itself, and one that is prepaid."""

from datetime import datetime
from decimal import Decimal

from billing.data_sales import automatic, quoting, selling, switching
from billing.data_sales.automatic import Terms
from billing.data_sales.models import SaleWay
from billing.data_sales.selling import Order
from billing.data_sales.switching import Wanted
from billing.payments import receiving
from billing.payments.receiving import Money
from customers.models import Customer
from ispbilling.core.clock import local_day
from ispbilling.core.units import GB
from ispbilling.demo import paying
from radius.models import DataAccount
from radius.rolling.models import Door

#: How many of the lines that may buy something bought it.
BUYERS = 4


def sell(people: list[Customer], now: datetime) -> None:
    """Some buy by telephone, one has it done automatically, one is prepaid."""
    rows = DataAccount.objects.filter(customer__in=people).select_related(
        "package__topup_group", "customer__master"
    )
    lines = [
        one for one in rows.order_by("pk") if quoting.offered(one).exists() and not quoting.why_not(one, now)
    ]
    if len(lines) <= BUYERS:
        return
    for number, line in enumerate(lines[:BUYERS]):
        types = list(quoting.offered(line))
        order = Order(line, types[number % len(types)], SaleWay.STAFF, f"demo:{line.pk}")
        selling.sell(order, now, actor=None)
    first = lines[0]
    terms = Terms(quoting.offered(first)[0], Decimal("200.00"), 5 * GB)
    automatic.switch_on(first, terms, now, actor=None, door=Door.PORTAL)
    _prepaid(lines[-1], now)


def _prepaid(line: DataAccount, now: datetime) -> None:
    """A line that was switched this morning, paid something in and bought its first data."""
    day = local_day(now)
    paid = Money(
        Decimal("500.00"),
        day,
        payer=quoting.payer(line.customer),
        source_key=f"{paying.SOURCE}prepaid:{line.pk}",
    )
    receiving.receive(paid, now, actor=None)
    wanted = Wanted(line, True, day, f"demo:{line.pk}", "Goes away for the winter")
    switching.request(wanted, now, actor=None, on_debt=True)
    order = Order(line, quoting.offered(line)[1], SaleWay.STAFF, f"demo:prepaid:{line.pk}")
    selling.sell(order, now, actor=None, on_debt=True)
