"""Whatever is changed, sold, switched, billed and taken back, in any order: no day of a line is charged twice, none
that was served is missed, and each costs what the price list says of the package of that day."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing import sweeps
from billing.changes import acting
from billing.data_sales import selling, switching
from billing.data_sales.models import BilledWhen, DataSalesSettings, PrepaidSwitch, SaleWay, TopupSale
from billing.data_sales.selling import Order
from billing.documents import verification
from billing.models import Balance, BillingSettings, DocumentLine, Run
from billing.payments import receiving
from billing.payments.receiving import Money
from billing.recurring.models import ChangesBilled
from billing.runs import monthly, undoing
from billing.runs.planning import Asked, plan
from customers.accounts import gates
from customers.models import GateKind
from ispbilling.core.clock import Period, add_months, day_start, local_day, month_of
from ispbilling.core.errors import DomainError
from radius.changes.changing import Wanted
from radius.models import ChangeState, PackageChange, TopupType
from tests import builders

FIRST = date(2026, 11, 1)
PRICES = (Decimal("599.00"), Decimal("899.00"), Decimal("333.33"))
STATIC = Decimal("9000.00")


class Line(RuleBasedStateMachine):
    """The oracle: `packages` says from which day which package was asked for, `served` which days are charged."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.now = day_start(FIRST + timedelta(days=9)) + timedelta(hours=9)
        self.customer = builders.customer()
        group = builders.topup_type(validity_days=30).group
        self.offers = [builders.package(title=f"P{n}", price=price, topup_group=group)
                       for n, price in enumerate(PRICES)]  # fmt: skip
        self.account = builders.data_account(customer=self.customer, package=self.offers[0], starts_on=FIRST)
        more: dict[str, Any] = {"customer": self.customer, "starts_on": FIRST, "bill_from": FIRST}
        builders.recurring_line(data_account=self.account, description="P0", **more)
        #: So that there is always something to pay, of which what is credited comes off.
        self.static = builders.recurring_line(price=STATIC, description="Static", **more)
        self.packages: dict[date, PackageChange] = {}
        self.switches: list[PrepaidSwitch] = []
        self.sales: list[TopupSale] = []
        self.runs: list[Run] = []
        self.paid = Decimal(0)

    def teardown(self) -> None:
        try:
            self.everything_is_billed()
        finally:
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)

    @initialize(at_once=st.booleans(), sold_at_once=st.booleans())
    def choose(self, at_once: bool, sold_at_once: bool) -> None:
        BillingSettings.objects.update(
            changes_billed=ChangesBilled.AT_ONCE if at_once else ChangesBilled.NEXT_RUN
        )
        DataSalesSettings.objects.update(billed=BilledWhen.AT_ONCE if sold_at_once else BilledWhen.NEXT_RUN)

    # What staff do

    @rule(days=st.integers(-12, 40), other=st.integers(1, 2))
    def change(self, days: int, other: int) -> None:
        self.make(self.today + timedelta(days=days), other)

    @rule(other=st.integers(1, 2))
    def change_today(self, other: int) -> None:
        self.make(self.today, other)

    @precondition(lambda self: self.applied)
    @rule()
    def undo_the_last_change(self) -> None:
        on = self.applied[-1]
        if self.tried(lambda: acting.undo(self.packages[on], self.now, actor=None)):
            del self.packages[on]

    @precondition(lambda self: self.coming)
    @rule()
    def cancel_the_next_change(self) -> None:
        on = self.coming[0]
        if self.tried(lambda: acting.cancel(self.packages[on], self.now, actor=None)):
            del self.packages[on]

    @rule(ahead=st.integers(0, 1))
    def bill(self, ahead: int) -> None:
        self.run(month_of(add_months(self.today.replace(day=1), ahead)))

    @precondition(lambda self: self.runs)
    @rule()
    def undo_the_last_run(self) -> None:
        if self.tried(lambda: undoing.request(self.runs[-1], self.now, actor=None, reason="x")):
            sweeps.issue_runs(self.now).apply(self.now)
            self.runs.pop()

    @rule(at_once=st.booleans())
    def switch(self, at_once: bool) -> None:
        """To prepaid, or back."""
        self.account.refresh_from_db()
        on = self.today if at_once else switching.first_of_next_month(self.now)
        wanted = switching.Wanted(self.account, not self.account.prepaid, on, f"switch:{self.now}")
        made = self.tried(lambda: switching.request(wanted, self.now, actor=None, on_debt=True))
        if made is not None:
            self.switches.append(made)

    @precondition(lambda self: self.switches and self.switches[-1].state == "scheduled")
    @rule()
    def cancel_the_switch(self) -> None:
        if self.tried(lambda: switching.cancel(self.switches[-1], self.now, actor=None, reason="x")):
            self.switches.pop()

    @rule(days=st.integers(0, 9), away=st.integers(0, 15))
    def leave_and_come_back(self, days: int, away: int) -> None:
        """What was planned for the days between fails; all days are charged, for the cancellation was none."""
        last_day = self.today + timedelta(days=days)
        self.tried(lambda: gates.cancel(self.customer, last_day, self.now, actor=None, reason="moves"))
        self.time_passes(days + away)
        self.tried(lambda: gates.open_(self.customer, GateKind.CANCELLED, self.now, actor=None))

    @rule()
    def sell(self) -> None:
        order = Order(self.account, TopupType.objects.get(), SaleWay.STAFF, f"form:{self.now}")
        made = self.tried(lambda: selling.sell(order, self.now, actor=None))
        if made is not None:
            self.sales.append(made)
            self.account.refresh_from_db()
            assert not self.account.prepaid or self.balance() <= 0  # nobody buys in advance what is not paid

    @precondition(lambda self: self.sales)
    @rule()
    def undo_the_last_sale(self) -> None:
        if self.tried(lambda: selling.undo(self.sales[-1], self.now, actor=None, reason="x")):
            self.sales.pop()

    @rule()
    def pay(self) -> None:
        self.now += timedelta(minutes=1)
        money = Money(Decimal(500), self.today, payer=self.customer, source_key=f"pay:{self.now}")
        receiving.receive(money, self.now, actor=None)
        self.paid += 500

    @rule(days=st.integers(0, 20))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days, minutes=7)
        self.sweep()

    # The oracle

    @property
    def today(self) -> date:
        return local_day(self.now)

    @property
    def applied(self) -> list[date]:
        return [on for on in sorted(self.packages) if on <= self.today]

    @property
    def coming(self) -> list[date]:
        return [on for on in sorted(self.packages) if on > self.today]

    def make(self, on: date, other: int) -> None:
        """Change to another package than the line has that day."""
        begun = [day for day in self.packages if day <= on]
        has = self.offers.index(self.packages[max(begun)].to_package if begun else self.offers[0])
        wanted = Wanted(self.account, self.offers[(has + other) % len(self.offers)], on)
        made = self.tried(lambda: acting.make(wanted, self.now, actor=None, backdate=True))
        if made is not None:
            self.packages[on] = made.change

    def tried(self, act: Callable[[], Any]) -> Any:
        """What the act made, None where it was refused: then nothing is different."""
        self.now += timedelta(minutes=1)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                made = act()
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")  # as at COMMIT
                return made
        except DomainError:
            return None

    def run(self, month: Period) -> None:
        made = self.tried(lambda: plan(Asked(month, self.today), self.now, actor=None))
        if made is not None:
            monthly.approve(made, self.now, actor=None)
            assert sweeps.issue_runs(self.now).apply(self.now).failed == []
            made.refresh_from_db()
            assert made.state == "issued", made.exceptions.values_list("reason")
            self.runs.append(made)

    def sweep(self) -> None:
        """What was scheduled and failed, as on a line that ended, is as if it had not been asked for."""
        for sweep in (sweeps.package_changes, sweeps.prepaid_switches):
            assert sweep(self.now).apply(self.now).failed == []
        for one in (*self.packages.values(), *self.switches):
            one.refresh_from_db()
        failed = ChangeState.FAILED
        self.packages = {on: one for on, one in self.packages.items() if one.state != failed}
        self.switches = [one for one in self.switches if one.state != failed]

    def price(self, day: date) -> Decimal:
        """Of the package it was given for that day, or last before it; nothing where it is not charged."""
        if day < FIRST or not self.served(day):
            return Decimal(0)
        begun = [on for on in self.packages if on <= day]
        return self.packages[max(begun)].to_package.price if begun else PRICES[0]

    def served(self, day: date) -> bool:
        """Monthly up to the day of a switch to prepaid (that of one that was planned not), and from the way back on."""
        served = True
        for one in self.switches:
            first = one.effective_on + timedelta(days=one.to_prepaid and one.at_once)
            if day >= first:
                served = not one.to_prepaid
        return served

    def charged(self) -> tuple[Counter[date], Counter[date]]:
        """How often each day of the line stands charged on paper, and at how much a month."""
        times, prices = Counter[date](), Counter[date]()
        for line in self.paper().filter(recurring_line__data_account=self.account):
            assert line.since is not None
            assert line.until is not None
            sign = 1 if line.quantity > 0 else -1
            for n in range((line.until - line.since).days):
                day = line.since + timedelta(days=n)
                times[day] += sign
                prices[day] += sign * line.price
        return times, prices

    def paper(self) -> Any:
        return DocumentLine.objects.filter(document__corrections=None, document__corrects=None)

    def balance(self) -> Decimal:
        row = Balance.objects.filter(customer=self.customer).first()
        return row.amount if row else Decimal(0)

    @invariant()
    def no_day_is_charged_twice(self) -> None:
        times, _ = self.charged()
        assert set(times.values()) <= {0, 1}, {day: n for day, n in times.items() if n not in (0, 1)}

    def everything_is_billed(self) -> None:
        """Later, when all that was planned has come, this month and the next are billed; the customer stayed."""
        coming = max([*self.packages, *(one.effective_on for one in self.switches), self.today])
        month = month_of(add_months(coming.replace(day=1), 2))
        self.now = day_start(month.start) + timedelta(hours=9)
        self.sweep()
        for _ in range(2):
            self.run(month)
        after = month_of(month.end)
        self.run(after)
        days = [FIRST + timedelta(days=n) for n in range((after.end - FIRST).days)]

        times, prices = self.charged()
        wrong = [(day, times[day], prices[day], self.price(day)) for day in days
                 if (times[day], prices[day]) != (self.price(day) > 0, self.price(day))]  # fmt: skip
        assert not wrong

        mine = self.paper().filter(recurring_line__data_account=self.account)
        exact = sum((self.price(day) / month_of(day).days for day in days), Decimal(0))
        assert abs(total(mine) - exact) <= Decimal("0.01") * (mine.count() + 1)
        assert total(self.paper().filter(recurring_line=self.static)) == STATIC * months(FIRST, after.end)
        sold = (
            self.paper()
            .exclude(recurring_line__data_account=self.account)
            .exclude(recurring_line=self.static)
        )
        assert total(sold) == sum((sale.total for sale in self.sales), Decimal(0))
        assert self.balance() == total(DocumentLine.objects.all()) - self.paid
        assert list(verification.findings()) == []


def total(rows: Any) -> Decimal:
    found: Decimal = rows.aggregate(total=Sum("total", default=Decimal(0)))["total"]
    return found


def months(first: date, end: date) -> int:
    return (end.year - first.year) * 12 + end.month - first.month


@pytest.mark.feature("PKC-2", "DAT-5", "W-6")
def test_never_billed_twice_and_never_a_gap(db: None) -> None:
    run_state_machine_as_test(Line, settings=settings(max_examples=8, stateful_step_count=10, deadline=None))
