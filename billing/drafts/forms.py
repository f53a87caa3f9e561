"""The form of a draft invoice: who, when, and a row per line."""

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any
from uuid import uuid4

from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError

from billing.drafts import writing
from billing.drafts.models import InvoiceDraft
from billing.drafts.writing import LineValues, Written
from billing.recurring.models import BillingSettings
from customers.accounts.forms import Fragment
from customers.relations.forms import CustomerField
from ispbilling.core import meanwhile
from ispbilling.core.forms import AmountField, DateInput, Form, Pair

MOST = 100


def plain_number(step: str) -> forms.NumberInput:
    """A box for a number that is not an amount of money by itself, or stands in a row of such boxes."""
    return forms.NumberInput({"step": step, "inputmode": "decimal"})


class DraftRow(forms.Form):
    description = forms.CharField(max_length=250)
    quantity = AmountField(max_digits=10, initial=1, widget=plain_number("0.01"))
    price = AmountField(min_value=0, max_digits=12, decimal_places=4, widget=plain_number("0.0001"))
    discount = AmountField(
        label="Discount %",
        min_value=0,
        max_value=100,
        max_digits=5,
        initial=0,
        required=False,
        widget=plain_number("0.01"),
    )
    vat_exempt = forms.BooleanField(label="VAT exempt", required=False)

    def values(self) -> LineValues:
        """The line as typed."""
        asked = self.cleaned_data
        return LineValues(
            asked["description"],
            asked["quantity"],
            asked["price"],
            asked["discount"] or Decimal(0),
            asked["vat_exempt"],
        )


DraftRows = forms.formset_factory(DraftRow, extra=1, can_delete=True, max_num=MOST, validate_max=True)


class DraftForm(Form):
    """A draft; its rows are stored with it."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    customer = CustomerField(help_text="Account code or name of who is served; its master may pay")
    issue_on = forms.DateField(
        label="Invoice date",
        required=False,
        widget=DateInput(),
        help_text="Empty: the day on which it is issued. VAT and the due date are counted from it",
    )
    layout = Layout("token", "seen", Pair("customer", "issue_on"), Fragment("billing/_draft_lines.html"))

    def __init__(self, *args: Any, initial: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, initial=initial, **kwargs)
        data = self.data if self.is_bound and "lines-TOTAL_FORMS" in self.data else None
        self.rows = DraftRows(data, initial=initial.get("lines", []), prefix="lines")

    @staticmethod
    def of(draft: InvoiceDraft) -> dict[str, Any]:
        """What the form shows of a draft; of one that is not stored yet, its customer."""
        if draft.pk is None:
            return {"customer": draft.customer if draft.customer_id else None}
        rows = [
            asdict(line)
            | {
                "quantity": _typed(line.quantity),
                "price": _typed(line.price),
                "discount": _typed(line.discount),
            }
            for line in writing.lines_of(draft)
        ]
        return {
            "customer": draft.customer,
            "issue_on": draft.issue_on,
            "seen": meanwhile.latest(draft),
            "lines": rows,
        }

    @property
    def prices(self) -> str:
        """Whether VAT is in the prices that are typed."""
        return "include" if BillingSettings.get().prices_include_vat else "do not include"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.rows.is_valid():
            said = "; ".join(self.rows.non_form_errors())
            raise ValidationError(said or "A line is not complete: see the marked fields.")
        if not self.lines():
            raise ValidationError("An invoice needs at least one line.")
        return cleaned

    def lines(self) -> Sequence[LineValues]:
        """The lines that stay, in order."""
        kept = [row for row in self.rows.forms if row.has_changed() or row.initial.get("description")]
        return [row.values() for row in kept if not row.cleaned_data.get("DELETE")]

    @property
    def written(self) -> Written:
        """What was typed."""
        return Written(self.cleaned_data["customer"], self.cleaned_data["issue_on"], self.lines())

    def look_again(self, draft: InvoiceDraft) -> None:
        """Somebody is told now what changed meanwhile: saving again means it."""
        self.data = self.data.copy()
        self.data["seen"] = str(meanwhile.latest(draft))


def _typed(number: Decimal) -> str:
    """As somebody would type it: 450 and 0.0125, without the zeros of the column."""
    return f"{number.normalize():f}"


class TokenForm(Form):
    """An act that makes one thing, however often its button is pressed."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
