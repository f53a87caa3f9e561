"""Choosing a customer in a form: by code, former code or name, with suggestions while typing (EDT-19)."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.urls import reverse

from customers.accounts import finding
from customers.accounts.models import Customer
from ispbilling.core import clock
from ispbilling.core.forms import Form

#: Who may be chosen for what; the picker's page and the field ask the same question.
AMONG: dict[str, Q] = {
    "any": Q(),
    "master": Q(is_master=True),
    "reseller": Q(is_reseller=True),
    "single": Q(is_master=False, master=None),
    "direct": Q(is_reseller=False, reseller=None),
}
WORDS = {"master": "a master account", "reseller": "a reseller", "single": "free to be a sub-account",
         "direct": "without a reseller"}  # fmt: skip
MOST = 8


def candidates(text: str, user: Any, among: str = "any") -> QuerySet[Customer]:
    """Customers that are not deleted, match what was typed and may be chosen, by code."""
    rows = Customer.objects.visible_to(user) if user is not None else Customer.objects.all()
    rows = rows.not_deleted(clock.now()).filter(AMONG[among])
    return finding.matching(rows, text).order_by("code")


class CustomerPicker(forms.TextInput):
    """A text input that suggests customers; without JavaScript one types the account code."""

    template_name = "customers/picker_input.html"

    def __init__(self, among: str) -> None:
        super().__init__({"autocomplete": "off", "spellcheck": "false"})
        self.among = among

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        suggest = {
            "role": "combobox",
            "aria-expanded": "false",
            "aria-autocomplete": "list",
            "hx-get": f"{reverse('customers:customer_pick')}?among={self.among}&field={name}",
            "hx-trigger": "input changed delay:200ms",
            "hx-target": "next [data-results]",
            "hx-swap": "innerHTML",
            "hx-sync": "this:replace",
        }
        return super().get_context(name, value, {**(attrs or {}), **suggest})


class CustomerField(forms.CharField):
    """A customer, typed as code or name or chosen from the suggestions ("WON001 Wonderland").

    `among` is a row of AMONG. Raises ValidationError that says how many match and what to do.
    """

    def __init__(self, *, among: str = "any", **kwargs: Any) -> None:
        self.among = among
        super().__init__(max_length=200, widget=CustomerPicker(among), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return str(value) if isinstance(value, Customer) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(initial or "") != (data or "").strip()

    def clean(self, value: Any) -> Any:
        text = super().clean(value).strip()
        if not text:
            return None
        found = finding.by_reference(text.split()[0]) or self._by_name(text)
        if not Customer.objects.filter(AMONG[self.among], pk=found.pk).exists():
            raise ValidationError(f"{found.code} {found.name} is not {WORDS[self.among]}.")
        return found

    def _by_name(self, text: str) -> Customer:
        matches = list(candidates(text, None, self.among)[: MOST + 1])
        if len(matches) == 1:
            return matches[0]
        if not matches:
            raise ValidationError(f"No customer has the account code or name “{text}”.")
        some = f"More than {MOST}" if len(matches) > MOST else str(len(matches))
        raise ValidationError(f"{some} customers match “{text}”; choose one, or type its account code.")


class LinkSubForm(Form):
    customer = CustomerField(label="Sub-account", among="single", help_text="Account code or name")
    bill_all_to_master = forms.BooleanField(
        label="Bill all to master account",
        required=False,
        help_text="On: the master is invoiced for this sub-account, on an invoice of its own, from now on",
    )


class LinkResoldForm(Form):
    customer = CustomerField(label="Customer", among="direct", help_text="Account code or name")
