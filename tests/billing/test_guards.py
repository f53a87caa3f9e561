"""What money has against acts elsewhere."""

from datetime import date

import pytest

from billing.documents import credit
from customers.accounts import deletion
from customers.models import Customer
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from tests import builders


@pytest.mark.feature("D-14")
def test_a_customer_with_a_balance_is_not_deleted(alice: Customer) -> None:
    made = builders.invoice(alice)
    with pytest.raises(DomainError, match="balance is R 115.00"):
        deletion.delete(alice, now(), actor=None, reason="gone")
    deletion.delete(alice, now(), actor=None, reason="estate", despite_balance=True)
    deletion.undelete(alice, now(), actor=None)
    credit.credit(made, date(2026, 11, 2), now(), actor=None, reason="wrong")
    deletion.delete(alice, now(), actor=None, reason="gone")
    assert alice.gates.standing().get().reason == "gone"
