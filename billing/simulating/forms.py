"""What is supposed."""

from datetime import date
from typing import Any

from crispy_forms.layout import Layout
from django import forms

from billing.recurring.models import Product, RecurringLine
from billing.simulating import simulator
from billing.simulating.question import Question
from billing.simulating.simulator import Change
from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.forms import AmountField, DateInput, Form, Pair
from radius.models import DataAccount, Package


class DayForm(Form):
    """What changes is chosen as `kind:id`; the day is not in the past, nor further than the simulator looks."""

    day = forms.DateField(label="Made on", widget=DateInput())

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["day"].initial = today

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day < self.today:
            raise forms.ValidationError("A change is supposed from today on, not in the past.")
        if (day - self.today).days > 366:
            raise forms.ValidationError("The simulator looks a year ahead at most.")
        return day

    def chosen(self) -> tuple[str, int]:
        kind, _, pk = self.cleaned_data["what"].partition(":")
        return kind, int(pk or 0)


class EffectForm(DayForm):
    """A change that concerns many customers."""

    what = forms.ChoiceField(label="What changes")
    amount = AmountField(
        label="New price or rate", min_value=0, max_digits=14, decimal_places=4,
        help_text="A price per period as on the product or package; VAT in percent",
    )  # fmt: skip
    layout = Layout("what", Pair("amount", "day"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["what"].choices = [
            ("", "Choose one"),
            ("Price of a package", [(f"package:{one.pk}", str(one)) for one in Package.objects.all()]),
            ("Price of a product", [(f"product:{one.pk}", str(one)) for one in Product.objects.all()]),
            ("Everybody", [("vat:0", "VAT rate")]),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("what") == "vat:0" and cleaned.get("amount", 0) > 100:
            self.add_error("amount", "VAT is a percentage, 100 at most.")
        return cleaned

    def question(self) -> Question:
        kind, pk = self.chosen()
        return Question(kind, pk, self.cleaned_data["amount"], self.cleaned_data["day"])


class CustomerForm(DayForm):
    """A change for one customer, or none."""

    what = forms.ChoiceField(label="What changes", required=False)
    amount = AmountField(
        label="New price", min_value=0, max_digits=14, decimal_places=4, required=False,
        help_text="Of a recurring line, per period",
    )  # fmt: skip
    package = forms.ModelChoiceField(
        Package.objects.filter(active=True),
        required=False,
        label="New package",
        help_text="Of a data account",
    )
    layout = Layout("what", Pair("amount", "package"), "day")

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = {line.pk: line for line in customer.recurring_lines.all()}
        self.accounts = {one.pk: one for one in customer.data_accounts.select_related("package")}
        self.fields["what"].choices = [
            ("", "Nothing: the next invoices as things are"),
            ("Price of a recurring line", [(f"line:{pk}", str(line)) for pk, line in self.lines.items()]),
            (
                "Package of a data account",
                [(f"account:{pk}", f"{one} ({one.package})") for pk, one in self.accounts.items()],
            ),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind = cleaned.get("what", "").partition(":")[0]
        if kind == "line" and cleaned.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", "Give the price that is supposed.")
        if kind == "account" and not cleaned.get("package"):
            self.add_error("package", "Choose the package that is supposed.")
        return cleaned

    def supposed(self) -> Change | None:
        kind, pk = self.chosen()
        day = self.cleaned_data["day"]
        if kind == "line":
            line: RecurringLine = self.lines[pk]
            return simulator.line_price(line, self.cleaned_data["amount"], day)
        if kind == "account":
            account: DataAccount = self.accounts[pk]
            return simulator.account_package(account, self.cleaned_data["package"], day, clock.now())
        return None
