"""The forms of an import: the file, and which of its columns is what."""

from json import loads
from typing import Any

from crispy_forms.layout import HTML, Div, Layout
from django import forms
from django.core.exceptions import ValidationError

from customers.accounts.models import CustomerType
from customers.imports import mapping, reading
from customers.imports.fields import FIELDS
from customers.imports.models import CustomerImport
from groups.models import BillingGroup, CustomerGroup
from ispbilling.core.forms import Form
from ispbilling.core.units import format_octets

_SHOWN = 60


class UploadForm(Form):
    """The file."""

    file = forms.FileField(
        label="File",
        help_text=f"CSV or Excel (.xlsx) with a row of headings; at most {format_octets(reading.MOST_OCTETS)} and"
        f" {reading.MOST_ROWS:,} rows. Any column order and any separator will do.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )


class ColumnsForm(Form):
    """One choice per column of the file, what holds for rows without a value, and the options."""

    group = forms.ModelChoiceField(
        CustomerGroup.objects.live(),
        required=False,
        label="Customer group",
        empty_label="As the file says",
        help_text="For new customers whose row names none",
        to_field_name="title",
    )
    billing_group = forms.ModelChoiceField(
        BillingGroup.objects.all(),
        required=False,
        label="Billing group",
        empty_label="As the file says, else none",
        help_text="For new customers whose row names none",
        to_field_name="title",
    )
    type = forms.ChoiceField(
        label="Customer type",
        required=False,
        choices=[("", "Company where there is a company name, else individual"), *CustomerType.choices],
        help_text="For new customers whose row names none",
    )
    create_titles = forms.BooleanField(
        label="Add groups, categories, labels and high sites that are missing",
        required=False,
        help_text="Otherwise a title that is not here yet is reported as a mistake",
    )
    all_new = forms.BooleanField(
        label="Every row is a new customer",
        required=False,
        help_text="For a file without External ID and Account code: importing it twice adds everybody twice",
    )
    welcome = forms.BooleanField(
        label="Send welcome mails",
        required=False,
        help_text="Each new customer gets the username and a link to set a password, at once. Usually later.",
    )

    def __init__(self, *args: Any, one: CustomerImport, **kwargs: Any) -> None:
        self.one = one
        super().__init__(*args, **kwargs)
        first = loads(one.first_rows) if one.first_rows else []
        choices = [("", "Not imported"), *((field.name, field.label) for field in FIELDS)]
        for number, heading in enumerate(one.headings):
            found = [row[number] for row in first if number < len(row) and row[number]]
            self.fields[f"column_{number}"] = forms.ChoiceField(
                label=heading or f"Column {number + 1} (no heading)",
                choices=choices,
                required=False,
                initial=one.columns.get(str(number), ""),
                help_text=" · ".join(_short(text) for text in found) or "Empty in the first rows",
            )
        for name in ("group", "billing_group", "type"):
            self.fields[name].initial = one.defaults.get(name, "")
        for name in ("create_titles", "all_new", "welcome"):
            self.fields[name].initial = getattr(one, name)

    @property
    def layout(self) -> Layout:
        """The columns side by side, then what holds for all rows."""
        columns = [
            Div(name, css_class="col-md-6 col-xl-4") for name in self.fields if name.startswith("column_")
        ]
        fixed = [Div(name, css_class="col-md-6 col-xl-4") for name in ("group", "billing_group", "type")]
        return Layout(
            HTML('<h2 class="h3">What each column is</h2>'),
            Div(*columns, css_class="row"),
            HTML('<h2 class="h3">For all rows</h2>'),
            Div(*fixed, css_class="row"),
            "create_titles",
            "all_new",
            "welcome",
        )

    @property
    def columns(self) -> dict[str, str]:
        return {
            name.removeprefix("column_"): value
            for name, value in self.cleaned_data.items()
            if name.startswith("column_") and value
        }

    @property
    def defaults(self) -> dict[str, str]:
        return {
            name: str(value)
            for name in ("group", "billing_group", "type")
            if (value := self.cleaned_data.get(name))
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            faults = mapping.faults(self.columns, self.defaults, all_new=cleaned["all_new"])
            if faults:
                raise ValidationError([ValidationError(fault) for fault in faults])
        return cleaned


class StartForm(Form):
    """Whether bad rows are left out; not asked where there are none."""

    leave_out = forms.BooleanField(label="Leave out the rows that are not possible")

    def __init__(self, *args: Any, bad: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not bad:
            del self.fields["leave_out"]
        else:
            self.fields[
                "leave_out"
            ].help_text = (
                "Download them from the import's page, correct them, and import them as a file of their own"
            )


def _short(text: str) -> str:
    """The first words of a cell on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
