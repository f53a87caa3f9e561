"""The timeline reads as sentences in the words of the forms; money and dates as on every page."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from customers.accounts import editing, gates
from customers.accounts.models import Customer
from customers.profile import timeline
from ispbilling.core import events
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Event
from tests import builders


def newest(customer: Customer) -> timeline.Entry:
    return timeline.entries(Event.objects.about(customer)[:1])[0]


@pytest.mark.feature("LIF-8")
def test_a_cancellation_says_its_day_and_reason(alice: Customer) -> None:
    day = local_day(now()) + timedelta(days=3)
    gates.cancel(alice, day, now(), actor=None, reason="moves away")
    entry = newest(alice)
    assert entry.what == f"Cancellation set: the last day of service is {day}"
    assert entry.details == ["Reason: moves away"]
    assert (entry.subject, entry.who) == ("", "System")


def test_money_has_its_currency_and_a_switch_says_yes(alice: Customer) -> None:
    made = builders.invoice(alice)
    assert newest(alice).what == f"Invoice {made.reference} issued: R 115.00, due {made.due_on}"
    editing.edit(alice, {"vip": True, "due_days": 30, "phone": ""}, now(), actor=None)
    entry = newest(alice)
    assert entry.what == "Customer details changed"
    assert entry.details == ["VIP customer: Yes (was No)", "Days till invoices due: 30 (was empty)"]


def test_what_has_no_sentence_yet_is_read_from_its_words(alice: Customer, manager) -> None:
    events.record(
        "speed_test.done",
        alice,
        actor=manager,
        price=Decimal("1234.50"),
        on=date(2026, 11, 1),
        ok=True,
        at=now(),
    )
    entry = newest(alice)
    assert entry.what == "Speed test done"
    assert sorted(entry.details) == ["Ok: Yes", "On: 2026-11-01", "Price: R 1,234.50"]
    assert entry.who == str(manager)


def test_an_event_with_less_data_than_its_sentence_still_reads(alice: Customer) -> None:
    events.record("customer.cancellation_set", alice)
    assert newest(alice).what == "Customer cancellation set"
