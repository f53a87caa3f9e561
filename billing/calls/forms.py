"""Forms of phone costing models, numbers, files of calls and the settings of calls."""

from collections.abc import Sequence
from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError

from billing.calls import ratefile, reading
from billing.calls.models import CallSettings, PhoneCostingModel, PhoneNumber, PhoneRate
from billing.calls.numbers import prefix
from billing.calls.owning import Held
from billing.calls.rating import Rate
from billing.calls.reading import Columns
from customers.imports.errors import Unreadable
from customers.imports.reading import MOST_OCTETS
from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.forms import DateInput, Form, ModelForm, MoneyInput, Pair, PlainDecimalField, SeenForm
from ispbilling.core.units import format_octets

_SHOWN = 40
_FILES = forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"})
_PRICE = {"step": "0.0001"}
_PARTS = (
    ("", "Not used"), ("caller", "Caller"), ("called", "Called"), ("started", "Started"),
    ("time", "Time of day, where it stands apart"), ("seconds", "Seconds"), ("cost", "Carrier's cost, before VAT"),
)  # fmt: skip
_WORDS = dict(_PARTS)


class PhoneModelForm(SeenForm):
    class Meta:
        model = PhoneCostingModel
        fields = ("title", "markup")
        field_classes = {"markup": PlainDecimalField}


class PhoneRateForm(SeenForm):
    layout = Layout(
        Pair("prefix", "destination"),
        Pair("per_minute", "connection_fee"),
        Pair("first_seconds", "next_seconds"),
        "minimum_charge",
    )
    prefix = forms.CharField(
        max_length=20,
        help_text="What the numbers begin with, with the country code: 2782. Of several, the longest holds",
    )

    class Meta:
        model = PhoneRate
        fields = (
            "prefix", "destination", "per_minute", "connection_fee", "first_seconds", "next_seconds",
            "minimum_charge",
        )  # fmt: skip
        widgets = {name: MoneyInput(_PRICE) for name in ("per_minute", "connection_fee", "minimum_charge")}
        field_classes = dict.fromkeys(("per_minute", "connection_fee", "minimum_charge"), PlainDecimalField)

    def clean_prefix(self) -> str:
        digits = prefix(self.cleaned_data["prefix"], CallSettings.get().country_code)
        if not digits or len(digits) > 15:
            raise ValidationError("Type digits, with the country code: 2782.")
        return digits

    @property
    def rate(self) -> Rate:
        """What was typed."""
        return Rate(**{name: self.cleaned_data[name] for name in self.Meta.fields})


class RateFileForm(Form):
    file = forms.FileField(
        label="Rates",
        help_text="CSV or Excel with the headings prefix, destination and per minute; connection fee, first seconds,"
        " next seconds and minimum charge may be there. Prices are before VAT",
        widget=_FILES,
    )
    replace = forms.BooleanField(
        required=False, label="Delete the rates that the file does not name", help_text="Off: they stay"
    )

    def clean_file(self) -> Any:
        file = _small_enough(self.cleaned_data["file"])
        try:
            rates, problems = ratefile.read(file.read(), CallSettings.get().country_code)
        except Unreadable as error:
            raise ValidationError(str(error)) from error
        if problems:
            more = f" And {len(problems) - 5:,} more rows." if len(problems) > 5 else ""
            raise ValidationError([*problems[:5], f"Nothing was taken over.{more}"])
        if not rates:
            raise ValidationError("There are no rates in the file.")
        self.rates: list[Rate] = rates
        return file


class PhoneNumberForm(SeenForm):
    layout = Layout("label", "description", Pair("starts_on", "ends_on"))

    class Meta:
        model = PhoneNumber
        fields = ("label", "description", "starts_on", "ends_on")
        widgets = {"starts_on": DateInput(), "ends_on": DateInput()}
        help_texts = {
            "label": "As it stands in the files of calls: 021 555 0100, +27215550100, or the name of an extension",
            "description": "Where it rings: Reception",
            "starts_on": "Calls from this day on are the customer's",
        }

    @property
    def held(self) -> Held:
        """What was typed."""
        return Held(**{name: self.cleaned_data[name] for name in self.Meta.fields})


class AssignForm(PhoneNumberForm):
    """The same for a number that somebody was seen calling from, and whose it is."""

    account_code = forms.CharField(max_length=20, help_text="Of the customer whose number it is: ALI001")
    layout = Layout("account_code", "label", "description", Pair("starts_on", "ends_on"))

    def clean_account_code(self) -> str:
        code: str = self.cleaned_data["account_code"].strip()
        found = Customer.objects.not_deleted(clock.now()).filter(code__iexact=code).first()
        if found is None:
            raise ValidationError("No customer has this account code.")
        self.customer = found
        return code


class CallFileForm(Form):
    file = forms.FileField(
        label="File of calls",
        help_text="CSV or Excel with any columns, at most 50 MB. Nothing is imported before you confirm.",
        widget=_FILES,
    )

    def clean_file(self) -> Any:
        return _small_enough(self.cleaned_data["file"])


class CallColumnsForm(Form):
    """One choice per column of the file, the row with which the calls begin, and whose clock it is."""

    first = forms.IntegerField(
        label="Calls begin in row", min_value=1, help_text="The row after the headings"
    )
    utc = forms.TypedChoiceField(
        label="Times are",
        choices=[("", "Local times"), ("utc", "UTC")],
        coerce=bool,
        empty_value=False,
        required=False,
        help_text="Times with a zone of their own are read with it",
    )

    def __init__(
        self,
        *args: Any,
        table: Sequence[tuple[int, Sequence[str]]] = (),
        chosen: Columns | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.table = table
        first = chosen.first if chosen else 1
        self.fields["first"].initial = first + 1
        self.fields["utc"].initial = "utc" if chosen and chosen.utc else ""
        for number in range(max((len(cells) for _, cells in table), default=0)):
            some = [
                cells[number]
                for row, cells in table
                if first <= row <= first + 3 and number < len(cells) and cells[number]
            ]
            self.fields[f"column_{number}"] = forms.ChoiceField(
                label=f"Column {number + 1}",
                choices=_PARTS,
                required=False,
                initial=_part(chosen, number),
                help_text=", ".join(text[:_SHOWN] for text in some) or "Empty in the first rows",
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        parts: dict[str, list[int]] = {}
        for number in range(len(self.fields) - 2):
            parts.setdefault(cleaned.get(f"column_{number}", ""), []).append(number)
        for part, numbers in parts.items():
            if part and len(numbers) > 1:
                raise ValidationError(f"Choose one column only as “{_WORDS[part]}”.")
        if missing := [
            _WORDS[part] for part in ("caller", "called", "started", "seconds") if part not in parts
        ]:
            raise ValidationError(f"Choose the column of “{'” and of “'.join(missing)}”.")
        found = {part: numbers[0] for part, numbers in parts.items()}
        first = cleaned.get("first", 1) - 1
        rows = [cells for row, cells in self.table if row > first]
        form = reading.time_format(reading.times(rows, found["started"], found.get("time")))
        if form is None:
            raise ValidationError("There are no times in the column of the start from that row on.")
        cleaned["columns"] = Columns(
            first, found["caller"], found["called"], found["started"], found["seconds"], form, found.get("cost"),
            found.get("time"), bool(cleaned.get("utc")),
        )  # fmt: skip
        return cleaned


class LeaveOutForm(Form):
    reason = forms.CharField(max_length=200, help_text="Such as: a trunk that is no customer's")


class CallSettingsForm(ModelForm):
    """The tab Calls of the billing settings."""

    layout = Layout("default_model", Pair("country_code", "gl_code"))

    class Meta:
        model = CallSettings
        fields = ("default_model", "country_code", "gl_code")


def _small_enough(file: Any) -> Any:
    if file.size > MOST_OCTETS:
        raise ValidationError(f"The file is larger than {format_octets(MOST_OCTETS)}; export a shorter time.")
    return file


def _part(chosen: Columns | None, number: int) -> str:
    if chosen is None:
        return ""
    return next((part for part, _ in _PARTS if part and getattr(chosen, part) == number), "")
