"""Gates are independent, have one writer, and never need a sweep to be right."""

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from customers.accounts import gates
from customers.models import Customer, Gate, GateKind
from ispbilling.core.clock import day_end, local_day, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event

NOW = now()


def kinds(customer: Customer, at: datetime) -> set[str]:
    return {gate.kind for gate in Gate.objects.closing(at).filter(customer=customer)}


@pytest.mark.feature("LIF-3", "LIF-7", "D-2")
def test_opening_one_gate_leaves_the_others_closed(alice, manager) -> None:
    gates.close(alice, GateKind.SUSPENDED, NOW, actor=manager, reason="owes")
    gates.close(alice, GateKind.DISABLED, NOW, actor=manager)
    gates.open_(alice, GateKind.DISABLED, NOW, actor=manager)
    assert kinds(alice, NOW) == {"suspended"}


@pytest.mark.feature("EDT-17", "D-10")
def test_a_cancellation_takes_effect_at_the_midnight_after_its_last_day_without_any_sweep(
    alice, manager
) -> None:
    last_day = local_day(NOW) + timedelta(days=3)
    gates.cancel(alice, last_day, NOW, actor=manager, reason="moves away")
    edge = day_end(last_day)
    assert kinds(alice, edge - timedelta(microseconds=1)) == set()
    assert kinds(alice, edge) == {"cancelled"}


@pytest.mark.feature("EDT-15")
def test_a_cancellation_can_be_moved_and_cleared(alice, manager) -> None:
    day = local_day(NOW) + timedelta(days=3)
    gates.cancel(alice, day, NOW, actor=manager, reason="a")
    gates.cancel(alice, day + timedelta(days=5), NOW, actor=manager, reason="b")
    assert alice.gates.standing().get().last_day == day + timedelta(days=5)
    gates.open_(alice, GateKind.CANCELLED, NOW, actor=manager)
    assert not kinds(alice, NOW + timedelta(days=400))


def test_a_cancellation_in_the_past_is_refused(alice, manager) -> None:
    with pytest.raises(DomainError, match="passed"):
        gates.cancel(alice, local_day(NOW) - timedelta(days=1), NOW, actor=manager, reason="x")
    assert not alice.gates.exists()


def test_closing_twice_or_opening_what_is_open_is_refused_and_changes_nothing(alice, manager) -> None:
    gates.close(alice, GateKind.SUSPENDED, NOW, actor=manager, reason="x")
    with pytest.raises(DomainError, match="already suspended"):
        gates.close(alice, GateKind.SUSPENDED, NOW, actor=manager, reason="y")
    with pytest.raises(DomainError, match="not disabled"):
        gates.open_(alice, GateKind.DISABLED, NOW, actor=manager)
    assert alice.gates.count() == 1


def test_every_act_is_on_the_timeline_with_its_reason(alice, manager) -> None:
    gates.close(alice, GateKind.SUSPENDED, NOW, actor=manager, reason="asked for it")
    event = Event.objects.about(alice).get()
    assert (event.kind, event.data["reason"], event.actor) == ("customer.suspended", "asked for it", manager)


def test_the_database_allows_one_standing_gate_of_a_kind(alice) -> None:
    Gate.objects.create(customer=alice, kind=GateKind.SUSPENDED, since=NOW)
    with pytest.raises(IntegrityError, match="one_standing"), transaction.atomic():
        Gate.objects.create(customer=alice, kind=GateKind.SUSPENDED, since=NOW)
    with pytest.raises(IntegrityError, match="gate_order"), transaction.atomic():
        Gate.objects.create(
            customer=alice, kind=GateKind.DISABLED, since=NOW, until=NOW - timedelta(seconds=1)
        )


def test_the_state_sentence_names_the_worst_and_the_coming(alice, manager) -> None:
    def sentence() -> str:
        return gates.state_sentence(alice.gates.all(), NOW)

    assert sentence() == "Active"
    gates.cancel(alice, date(2099, 1, 31), NOW, actor=manager, reason="")
    assert sentence() == "Active; last day of service 2099-01-31"
    gates.close(alice, GateKind.SUSPENDED, NOW, actor=manager, reason="R 599.00 overdue")
    assert sentence() == f"Suspended since {local_day(NOW)}: R 599.00 overdue"
