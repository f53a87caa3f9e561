"""The tab on the edit dialog: there only while an accounting system is chosen."""

from typing import Any

from customers.accounts import editing
from customers.accounts.accounting.forms import AccountingForm
from ispbilling.core import clock
from ispbilling.core.models import AccountingSystem, Provider, User
from ispbilling.core.parts import Tab


def connected(_: Any) -> bool:
    """Whether the provider keeps its books in SageOne."""
    return Provider.get().accounting_system == AccountingSystem.SAGEONE


def save(form: Any, customer: Any, actor: User) -> None:
    """Store the id with the other changes of the dialog."""
    editing.edit(customer, form.cleaned_data, clock.now(), actor=actor)


TAB = Tab(
    "accounting", "SageOne", AccountingForm, weight=60, instance=AccountingForm.of, save=save, shown=connected
)
