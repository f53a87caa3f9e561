"""The tabs on the edit dialog: there only while their accounting system is chosen."""

from typing import Any

from customers.accounts.accounting.forms import AccountingForm, SageOneForm, XeroForm
from ispbilling.core import clock, external
from ispbilling.core.models import ExternalKind, User
from ispbilling.core.parts import Tab


def _tab(name: str, form_class: type[AccountingForm]) -> Tab:
    system = form_class.system

    def chosen(_: Any) -> bool:
        """Whether the provider keeps its books there."""
        return external.system() == system

    def save(form: Any, customer: Any, actor: User) -> None:
        """Store the id with the other changes of the dialog."""
        typed = form.cleaned_data["accounting_id"]
        external.put(ExternalKind.CUSTOMER, customer, typed, clock.now(), actor=actor, of=system)

    return Tab(name, system.short, form_class, weight=60, instance=form_class.of, save=save, shown=chosen)


TABS = (_tab("accounting", SageOneForm), _tab("xero", XeroForm))
