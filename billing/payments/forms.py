"""Forms of the payment pages."""

from typing import Any
from uuid import uuid4

from crispy_forms.layout import Layout
from django import forms

from billing.payments import receiving
from billing.payments.models import Method, Payment
from billing.payments.returning import Why
from customers.relations.forms import CustomerField
from ispbilling.core.forms import AmountField, DateInput, Form, Pair
from ispbilling.core.money import format_money

#: A gateway records its own payments; a person who types one got the money in another way.
_TYPED = [choice for choice in Method.choices if choice[0] != Method.GATEWAY]


class PaymentForm(Form):
    """Money that came in. `token` makes one form one payment, however often its button is pressed."""

    token = forms.CharField(widget=forms.HiddenInput, max_length=36)
    payer = CustomerField(
        label="Customer",
        required=False,
        help_text="Account code or name; empty: it waits under Unallocated until somebody knows whose it is",
    )
    amount = AmountField()
    received_on = forms.DateField(
        label="Received on", widget=DateInput(), help_text="The day the money was there; it counts from then"
    )
    method = forms.ChoiceField(choices=_TYPED, initial=Method.EFT)
    reference = forms.CharField(required=False, max_length=140, help_text="As on the bank statement")
    note = forms.CharField(required=False, max_length=300, help_text="For colleagues")
    mail = forms.BooleanField(
        label="Mail the receipt", required=False, initial=True, help_text="To the primary contact, as a PDF"
    )
    again = forms.BooleanField(label="It is another payment", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["token"].initial = str(uuid4())
        if not self.is_bound:
            del self.fields["again"]

    @property
    def layout(self) -> Layout:
        asked = ["again"] if "again" in self.fields else []
        return Layout(
            "token",
            "payer",
            Pair("amount", "received_on"),
            Pair("method", "reference"),
            "note",
            "mail",
            *asked,
        )

    @property
    def source_key(self) -> str:
        return f"form:{self.cleaned_data['token']}"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        alike = self._alike(cleaned)
        if alike is None:
            self.fields.pop("again", None)
        elif not cleaned.get("again"):
            self.add_error(
                "again",
                f"{alike.receipt} of {format_money(alike.amount)} on {alike.received_on} is there already."
                " Tick this if the same amount was paid twice.",
            )
        return cleaned

    def _alike(self, cleaned: dict[str, Any]) -> Payment | None:
        """A payment with the same payer, amount and day from another form: perhaps this one, typed twice."""
        if not {"payer", "amount", "received_on", "token"} <= cleaned.keys():
            return None
        payer = cleaned["payer"]
        return (
            Payment.objects.filter(
                payer=receiving.credited(payer) if payer else None,
                amount=cleaned["amount"],
                received_on=cleaned["received_on"],
                taken_back_on=None,
            )
            .exclude(source_key=f"form:{cleaned['token']}")
            .first()
        )


class AssignForm(Form):
    payer = CustomerField(label="Customer", help_text="Account code or name")
    on = forms.DateField(
        label="Credit from",
        widget=DateInput(),
        help_text="The day the money came, unless something was done with it since",
    )
    mail = forms.BooleanField(
        label="Mail the receipt", required=False, initial=True, help_text="To the primary contact, as a PDF"
    )
    layout = Layout(Pair("payer", "on"), "mail")


class ReasonForm(Form):
    reason = forms.CharField(max_length=200, help_text="Colleagues read it on the timeline")


class TakeBackForm(Form):
    why = forms.ChoiceField(label="What happened", choices=Why.choices, widget=forms.RadioSelect)
    on = forms.DateField(
        label="Date", widget=DateInput(), help_text="The customer owes it again from then on"
    )
    reason = forms.CharField(max_length=200, help_text="Colleagues read it on the timeline")
    fee = AmountField(
        required=False,
        help_text="Empty: none. Invoiced to the customer, with the receipt number",
    )
    layout = Layout("why", Pair("on", "fee"), "reason")
