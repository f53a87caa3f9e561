"""Any sequence of acts on the gates, by anybody: each gate is what was last done to that gate alone."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from customers.accounts import deletion, gates
from customers.models import Customer, Gate, GateKind
from ispbilling.core.clock import day_end, local_day, now
from ispbilling.core.errors import DomainError
from radius import subscribers
from radius.policy.decision import decide
from tests import builders

PLAIN = (GateKind.SUSPENDED, GateKind.DISABLED)
CODES = {
    "suspended": "SUSPENDED",
    "disabled": "CUSTOMER_DISABLED",
    "deleted": "CUSTOMER_DELETED",
    "cancelled": "CUSTOMER_CANCELLED",
}


class Gates(RuleBasedStateMachine):
    """The oracle: for each kind since when it is closed, or None, and the reason it had. Time only goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.customer = builders.customer()
        self.line = builders.data_account(customer=self.customer)
        self.now = now()
        self.closed: dict[str, object] = dict.fromkeys(CODES)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    @rule(kind=st.sampled_from(PLAIN))
    def close(self, kind: GateKind) -> None:
        if self.closed[kind]:
            with pytest.raises(DomainError, match="already"):
                gates.close(self.customer, kind, self.now, actor=None, reason="again")
        else:
            gates.close(self.customer, kind, self.now, actor=None, reason="why")
            self.closed[kind] = self.now

    @rule(kind=st.sampled_from(PLAIN))
    def open(self, kind: GateKind) -> None:
        if self.closed[kind]:
            gates.open_(self.customer, kind, self.now, actor=None)
            self.closed[kind] = None
        else:
            with pytest.raises(DomainError, match="is not"):
                gates.open_(self.customer, kind, self.now, actor=None)

    @rule(kind=st.sampled_from(PLAIN))
    def undo_the_opening(self, kind: GateKind) -> None:
        if self.closed[kind] or not self.customer.gates.filter(kind=kind).exists():
            with pytest.raises(DomainError, match="nothing to undo"):
                gates.close_again(self.customer, kind, self.now, actor=None)
        else:
            gates.close_again(self.customer, kind, self.now, actor=None)
            self.closed[kind] = self.now

    @rule()
    def delete(self) -> None:
        if not self.closed["deleted"]:
            deletion.delete(self.customer, self.now, actor=None, reason="")
            self.closed["deleted"] = self.now

    @rule()
    def undelete(self) -> None:
        if self.closed["deleted"]:
            deletion.undelete(self.customer, self.now, actor=None)
            self.closed["deleted"] = None

    @rule(days=st.integers(0, 3))
    def cancel(self, days: int) -> None:
        last_day = local_day(self.now) + timedelta(days=days)
        gates.cancel(self.customer, last_day, self.now, actor=None, reason="moves")
        self.closed["cancelled"] = day_end(last_day)

    @rule()
    def clear(self) -> None:
        if self.closed["cancelled"]:
            gates.open_(self.customer, GateKind.CANCELLED, self.now, actor=None)
            self.closed["cancelled"] = None

    @rule(hours=st.integers(1, 40))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def each_gate_is_what_was_done_to_it(self) -> None:
        expected = {kind for kind, since in self.closed.items() if since and since <= self.now}
        rows = Gate.objects.closing(self.now).filter(customer=self.customer)
        assert {gate.kind for gate in rows} == expected
        assert Customer.objects.not_deleted(self.now).filter(pk=self.customer.pk).exists() == (
            "deleted" not in expected
        )
        seen = subscribers.find_accounts([self.line.pk], self.now)[self.line.pk]
        decision = decide(seen, None, self.now)
        assert {gate.code for gate in decision.trace if not gate.open} == {CODES[kind] for kind in expected}
        assert decision.accepted == (not expected)


@pytest.mark.feature("LIF-1", "LIF-3", "LIF-4", "LIF-5", "LIF-6", "LIF-7", "LIF-8", "D-2", "D-14")
def test_lifting_one_gate_never_lifts_another(db: None) -> None:
    run_state_machine_as_test(
        Gates, settings=settings(max_examples=25, stateful_step_count=15, deadline=None)
    )
