"""Delete hides and can be taken back; a cancellation date that passed meanwhile stays passed (D-14)."""

from datetime import timedelta

import pytest

from customers.accounts import deletion, gates
from customers.accounts.models import Customer, GateKind
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event
from tests import builders


@pytest.mark.feature("LIF-5")
@pytest.mark.feature("LIF-6")
@pytest.mark.feature("D-14")
def test_it_hides_and_brings_back_with_everything_as_it_was(alice: Customer) -> None:
    gates.close(alice, GateKind.SUSPENDED, now(), actor=None)
    deletion.delete(alice, now(), actor=None, reason="moved away")
    assert list(Customer.objects.not_deleted(now())) == []
    assert list(Customer.objects.deleted(now())) == [alice]
    deletion.undelete(alice, now(), actor=None)
    assert list(Customer.objects.not_deleted(now())) == [alice]
    assert alice.gates.standing().get().kind == GateKind.SUSPENDED
    assert Event.objects.about(alice).first().kind == "customer.undeleted"


def test_it_leaves_a_cancellation_that_passed_while_deleted(alice: Customer) -> None:
    today = now()
    gates.cancel(alice, local_day(today), today, actor=None, reason="moves")
    deletion.delete(alice, today, actor=None, reason="")
    later = today + timedelta(days=3)
    deletion.undelete(alice, later, actor=None)
    assert gates.state_sentence(alice.gates.all(), later).startswith("Cancelled")


def test_it_refuses_while_others_depend_on_the_customer(alice: Customer, bob: Customer) -> None:
    builders.customer(master=alice)
    builders.customer(reseller=bob)
    with pytest.raises(DomainError, match="1 sub-account;"):
        deletion.delete(alice, now(), actor=None, reason="")
    with pytest.raises(DomainError, match="reseller of 1 customer;"):
        deletion.delete(bob, now(), actor=None, reason="")
