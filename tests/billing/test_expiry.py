"""What passed its last day is recorded once."""

from datetime import date

import pytest

from billing import sweeps
from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core.clock import day_start
from ispbilling.core.models import Event
from tests import builders

pytestmark = pytest.mark.django_db
LAST = date(2026, 11, 20)
BEFORE, AFTER = day_start(LAST), day_start(date(2026, 11, 21))


def kinds() -> list[str]:
    ours = ["customer.cancelled", "data_account.expired", "recurring_line.ended"]
    return sorted(Event.objects.filter(kind__in=ours).values_list("kind", flat=True))


@pytest.fixture(autouse=True)
def ending(alice: Customer) -> None:
    gates.cancel(alice, LAST, BEFORE, actor=None, reason="moves")
    account = builders.data_account(customer=alice, ends_on=LAST)
    builders.recurring_line(customer=alice, data_account=account, ends_on=LAST)


def test_nothing_is_recorded_on_the_last_day_itself() -> None:
    assert len(sweeps.expiry(BEFORE)) == 0


def test_the_day_after_each_is_recorded_once(alice: Customer) -> None:
    assert sweeps.expiry(AFTER).apply(AFTER).applied == 3
    assert kinds() == ["customer.cancelled", "data_account.expired", "recurring_line.ended"]
    assert alice.gates.get().enacted_at == AFTER
    assert len(sweeps.expiry(AFTER)) == 0
    assert Event.objects.about(alice).filter(kind="data_account.expired").exists()


def test_a_plan_applied_twice_records_once() -> None:
    first, second = sweeps.expiry(AFTER), sweeps.expiry(AFTER)
    first.apply(AFTER)
    assert second.apply(AFTER).applied == 0
    assert len(kinds()) == 3


def test_a_last_day_that_was_moved_and_passed_again_is_recorded_again(alice: Customer) -> None:
    sweeps.expiry(AFTER).apply(AFTER)
    alice.data_accounts.update(ends_on=date(2026, 11, 25))
    later = day_start(date(2026, 11, 26))
    assert sweeps.expiry(later).apply(later).applied == 1
    assert kinds().count("data_account.expired") == 2


def test_a_cancellation_that_was_cleared_is_not_recorded(alice: Customer) -> None:
    gates.open_(alice, GateKind.CANCELLED, BEFORE, actor=None)
    sweeps.expiry(AFTER).apply(AFTER)
    assert "customer.cancelled" not in kinds()
