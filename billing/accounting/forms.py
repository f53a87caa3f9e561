"""Forms of the accounting pages."""

from collections.abc import Mapping
from typing import Any

from crispy_forms.layout import HTML, Layout
from django import forms
from django.core.exceptions import ValidationError

from billing.accounting.mapping import Pot, Target
from billing.accounting.models import AccountingSettings
from billing.accounting.packages import Package
from ispbilling.core.forms import DateInput, Form, ModelForm, Pair
from ispbilling.core.models import AccountingSystem


class AccountingSettingsForm(ModelForm):
    """Which package, from which day on, how."""

    system = forms.ChoiceField(
        label="Accounting system",
        choices=AccountingSystem.choices,
        required=False,
        help_text="Chosen: customers and groups carry the id they have there, and journals are exported for it",
    )
    layout = Layout("system", Pair("first_day", "grouping"))

    class Meta:
        model = AccountingSettings
        fields = ("first_day", "grouping")
        widgets = {"first_day": DateInput()}


class ExportForm(Form):
    """The days of an export."""

    since = forms.DateField(label="From", widget=DateInput())
    until = forms.DateField(label="To", widget=DateInput())
    layout = Layout(Pair("since", "until"))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "since" in cleaned and "until" in cleaned and cleaned["until"] < cleaned["since"]:
            self.add_error("until", "The last day is before the first.")
        return cleaned


class UndoForm(Form):
    """Why an export is taken back."""

    reason = forms.CharField(max_length=200, help_text="Kept in the event log")


class CodesForm(Form):
    """A code and a tax type for each of our accounts."""

    def __init__(
        self,
        *args: Any,
        package: Package,
        pots: list[tuple[Pot, str]],
        targets: Mapping[Pot, Target],
        **kwargs: Any,
    ) -> None:
        self.pots, self.package = pots, package
        super().__init__(*args, **kwargs)
        lines: list[Any] = []
        for number, (pot, name) in enumerate(pots):
            known = targets.get(pot)
            label = f"GL code {pot.gl_code}: {name}" if pot.gl_code else f"{name} ({pot.account})"
            code, tax = f"code_{number}", f"tax_{number}"
            self.fields[code] = forms.CharField(
                label=label,
                max_length=60,
                required=False,
                initial=known.code if known else "",
                help_text=f"Empty: {pot.gl_code}, as it is" if pot.gl_code else "",
            )
            self.fields[tax] = forms.CharField(
                label=package.tax_label,
                max_length=60,
                required=False,
                initial=known.tax_type if known else package.usual_tax,
            )
            if pot.gl_code and not pots[number - 1][0].gl_code:
                lines.append(HTML('<h3 class="mt-3">Income by GL code</h3>'))
            lines.append(Pair(code, tax))
        self.layout = Layout(*lines)

    def clean(self) -> dict[str, Any]:
        """No code that a spreadsheet would run."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name, value in list(cleaned.items()):
            if str(value).strip().startswith(("=", "+", "-", "@", "|")):
                self.add_error(name, ValidationError("A code begins with a letter or a digit."))
        return cleaned

    def wanted(self) -> dict[Pot, Target | None]:
        """What to store; None where the code is empty."""
        found: dict[Pot, Target | None] = {}
        for number, (pot, _) in enumerate(self.pots):
            code, tax = (self.cleaned_data[f"{part}_{number}"].strip() for part in ("code", "tax"))
            found[pot] = Target(code, tax) if code else None
        return found
