"""Two people, or a person and a sweep, on one line at one moment: one of them is first, and both hear the truth."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from billing import sweeps
from billing.changes import acting
from billing.data_sales import selling, switching
from billing.data_sales.models import SaleState
from billing.documents import verification
from billing.models import Document
from billing.recurring import lines
from billing.recurring.models import BilledPeriod, BillingSettings, ChangesBilled
from billing.runs import monthly, planning
from billing.runs.planning import Asked
from ispbilling.core.clock import day_start, month_of
from ispbilling.core.errors import DomainError
from radius.changes import changing
from radius.changes.changing import Wanted
from radius.models import ChangeState, DataAccount
from tests import builders

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.feature("PKC-2", "DAT-5"),
]
DAY = date(2026, 11, 11)
NOON: datetime = day_start(DAY) + timedelta(hours=12)


def billed_line() -> DataAccount:
    """Billed for November in advance; what changes is billed at once."""
    made = builders.topup_line(customer=builders.customer(), package={"price": Decimal(600)})
    builders.recurring_line(customer=made.customer, data_account=made, description="Home")
    issue(date(2026, 11, 1))
    BillingSettings.objects.update(changes_billed=ChangesBilled.AT_ONCE)
    return made


def issue(month: date) -> None:
    run = planning.plan(Asked(month_of(month), DAY), NOON, actor=None)
    monthly.approve(run, NOON, actor=None)
    assert sweeps.issue_runs(NOON).apply(NOON).failed == []


def faster(line: DataAccount, price: int = 900, on: date = DAY, source: str = "") -> Wanted:
    package = builders.package(price=Decimal(price), topup_group=line.package.topup_group)
    return Wanted(line, package, on, source=source)


def both(*acts: Callable[[], Any]) -> list[Any]:
    """What each brought about, begun at the same moment: a refusal as its words; any other error is one."""
    begin = Barrier(len(acts))

    def one(act: Callable[[], Any]) -> Any:
        try:
            begin.wait()
            return act()
        except DomainError as refusal:
            return str(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def invoices(line: DataAccount) -> int:
    return Document.objects.filter(kind="invoice", customer=line.customer).count()


def two_changes_of_a_day(line: DataAccount) -> None:
    a, b = faster(line, 900), faster(line, 1200)
    both(lambda: acting.make(a, NOON, actor=None), lambda: acting.make(b, NOON, actor=None))
    standing = line.package_changes.get(state=ChangeState.APPLIED)
    line.refresh_from_db()
    assert line.package == standing.to_package
    assert line.package_changes.get(state=ChangeState.SUPERSEDED).superseded_by == standing


def a_change_that_is_sent_twice(line: DataAccount) -> None:
    asked = faster(line, source="form:1")
    one, other = both(*[lambda: acting.make(asked, NOON, actor=None)] * 2)
    assert one.change == other.change
    assert Document.objects.filter(customer=line.customer, total=200).count() == 1


def a_change_and_a_switch_to_prepaid(line: DataAccount) -> None:
    asked, wanted = faster(line), switching.Wanted(line, True, DAY, "switch:1")
    both(
        lambda: acting.make(asked, NOON, actor=None),
        lambda: switching.request(wanted, NOON, actor=None, on_debt=True),
    )
    line.refresh_from_db()
    assert line.prepaid
    assert line.prepaid_switches.get().state == "applied"
    assert line.recurring_lines.get().ends_on == DAY


def a_sale_that_two_undo(line: DataAccount) -> None:
    sale = builders.topup_sale(line, at=NOON)
    answers = both(*[lambda: selling.undo(sale, NOON, actor=None, reason="Wrong line")] * 2)
    sale.refresh_from_db()
    assert sale.state == SaleState.UNDONE
    assert sum("cannot be undone" in str(answer) for answer in answers) == 1
    assert Document.objects.filter(corrects=sale.document).count() == 1


def a_change_that_is_cancelled_when_its_hour_has_come(line: DataAccount) -> None:
    change = changing.schedule(faster(line, on=DAY + timedelta(days=1)), NOON, actor=None)
    then = day_start(DAY + timedelta(days=1))
    _, refused = both(
        lambda: sweeps.package_changes(then).apply(then).failed,
        lambda: acting.cancel(change, then, actor=None),
    )
    assert "undo it instead" in refused
    assert invoices(line) == 2


def a_run_and_who_changes_what_it_bills(line: DataAccount) -> None:
    """Who changes it may need a number next, which the run holds: each would wait for the other."""
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        lines.change(line.recurring_lines.get(), {"description": "Home, faster"}, DAY, actor=None)

        def run() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            try:
                issue(date(2026, 12, 1))
            finally:
                connection.close()

        pool.submit(run).result()
    assert invoices(line) == 2


def test_one_of_two_is_first_and_both_hear_the_truth() -> None:
    for scene in (
        two_changes_of_a_day,
        a_change_that_is_sent_twice,
        a_change_and_a_switch_to_prepaid,
        a_sale_that_two_undo,
        a_change_that_is_cancelled_when_its_hour_has_come,
        a_run_and_who_changes_what_it_bills,
    ):
        scene(billed_line())
    assert list(verification.findings()) == []
    standing = BilledPeriod.objects.filter(document__corrections=None)
    days = Counter[tuple[int, date]]()
    for row in standing:
        for n in range((row.until - row.since).days):
            days[row.recurring_line_id, row.since + timedelta(days=n)] += -1 if row.credit else 1
    assert set(days.values()) <= {0, 1}
