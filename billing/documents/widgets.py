"""What paper adds to the edit dialog of a customer: its due dates (EDT-13)."""

from typing import Any

from billing.documents.forms import DueForm
from customers.accounts import editing
from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.models import User
from ispbilling.core.parts import Tab


def save(form: Any, customer: Customer, actor: User) -> None:
    """Store the days with the other changes of the dialog."""
    editing.edit(customer, {"due_days": form.days}, clock.now(), actor=actor)


TAB = Tab("billing", "Billing", DueForm, "billing.terms.edit", weight=50, instance=DueForm.of, save=save)
