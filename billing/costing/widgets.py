"""What price lists add to the edit dialog of a customer: its data and phone costing models (SET-2)."""

from typing import Any

from billing.calls import decks
from billing.calls.models import PhoneCostingModel
from billing.costing import pricing
from billing.costing.forms import CustomerCostingForm
from billing.costing.models import CostingModel
from customers.models import Customer
from ispbilling.core.models import User
from ispbilling.core.parts import Tab


def save(form: Any, customer: Customer, actor: User) -> None:
    """Store it with the other changes of the dialog."""
    pricing.give(customer, form.cleaned_data["data_costing_model"], actor=actor)
    decks.give(customer, form.cleaned_data["phone_costing_model"], actor=actor)


def shown(customer: Customer) -> bool:
    """While there is a price list to choose."""
    return CostingModel.objects.exists() or PhoneCostingModel.objects.exists()


TAB = Tab(
    "costing", "Costing", CustomerCostingForm, "billing.recurring.edit", weight=55,
    instance=CustomerCostingForm.of, save=save, shown=shown,
)  # fmt: skip
