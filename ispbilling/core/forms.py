"""Base forms: shape only; a refusal comes from the domain. Several tabs are one form to the page (`Tabs`)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Row
from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models.fields import BLANK_CHOICE_DASH
from django.forms.boundfield import BoundField
from django_filters.widgets import DateRangeWidget

from ispbilling.core import meanwhile
from ispbilling.core.money import CENT
from ispbilling.core.parts import Tab
from ispbilling.core.units import exact_octets, parse_octets

_PLAIN = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)
DASHES = BLANK_CHOICE_DASH[0][1]


class _Helped:
    """Gives a form the crispy helper of this project: the page owns <form>, tokens and buttons."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            _say_none(field)
            if field.widget.attrs.get("rows") == "10":  # Django's own, half a screen for one line
                field.widget.attrs["rows"] = "4"

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        layout = getattr(self, "layout", None)
        if layout is not None:
            helper.layout = layout
        return helper


def _say_none(field: forms.Field) -> None:
    """The empty choice in a word, where Django draws a row of dashes."""
    word = "Choose one" if field.required else "None"
    if isinstance(field, forms.ModelChoiceField):
        if field.empty_label == DASHES:
            field.empty_label = word
    elif isinstance(field, forms.ChoiceField) and ("", DASHES) in (choices := list(field.choices)):
        field.choices = [("", word) if choice == ("", DASHES) else choice for choice in choices]


class Form(_Helped, forms.Form):
    """A plain form; set `layout` (a crispy Layout) to arrange its fields."""

    required_css_class = "required"


class ModelForm(_Helped, forms.ModelForm):
    """A form on a row. Saving an existing row names the columns that changed (never a bare save)."""

    required_css_class = "required"

    def save(self, commit: bool = True) -> Any:
        if self.instance._state.adding or not commit:
            return super().save(commit)
        columns = [
            name for name in self.changed_data
            if name in self.fields and isinstance(_column(self.instance, name), models.Field)
            and not isinstance(_column(self.instance, name), models.ManyToManyField)
        ]  # fmt: skip
        if columns:
            self.instance.save(update_fields=columns)
        self._save_m2m()  # type: ignore[attr-defined]  # Django's own, unknown to the stubs
        return self.instance


class SeenForm(ModelForm):
    """A form that knows what its row was when it was opened: somebody else may save it meanwhile."""

    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.watched()
        if row is None:
            del self.fields["seen"]
        else:
            self.initial["seen"] = meanwhile.latest(row)

    @property
    def helper(self) -> FormHelper:
        helper = super().helper
        helper.render_hidden_fields = True
        return helper

    def watched(self) -> models.Model | None:
        """The row whose events tell what was changed; None for a new one, which nobody can have changed."""
        return self.instance if self.instance.pk is not None else None

    def look_again(self) -> None:
        """After somebody was told what changed: saving again means it."""
        if (row := self.watched()) is not None:
            self.data = self.data.copy()
            self.data["seen"] = str(meanwhile.latest(row))


def Pair(*names: str) -> Row:  # noqa: N802 - reads as a crispy layout object
    """Fields side by side on a wide page: `Layout("name", Pair("from", "until"))`."""
    return Row(*(Column(name, css_class="col-sm") for name in names))


class NoFields(Form):
    """The form of an act that needs nothing but the button."""


class DateInput(forms.DateInput):
    """The browser's own date picker, always exchanged as YYYY-MM-DD."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs=attrs, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """The browser's own picker of a time of day, always exchanged as HH:MM."""

    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs=attrs, format="%H:%M")


class MoneyInput(forms.NumberInput):
    """An amount: decimal keypad on a phone, step of one cent."""

    template_name = "ui/money_input.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"step": "0.01", "inputmode": "decimal", **(attrs or {})})


class DateRangeInput(DateRangeWidget):
    """Two days of a filter, each with its own name for who cannot see that one follows the other."""

    template_name = "ui/date_range.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.widgets = [DateInput({"aria-label": word}) for word in ("From", "To")]


class PlainDecimalField(forms.DecimalField):
    """A number typed plainly: no sign, exponent or separator of thousands. For `Meta.field_classes`."""

    default_error_messages = {"plain": "Write the number plainly, with a point before the decimals: 1234.50"}

    def to_python(self, value: Any) -> Any:
        text = str(value).strip() if value is not None else ""
        if text and not _PLAIN.fullmatch(text):
            raise ValidationError(self.error_messages["plain"], code="plain")
        return super().to_python(text)


class AmountField(PlainDecimalField):
    """An amount of money above zero, typed plainly; two decimals."""

    widget = MoneyInput
    default_error_messages = {"plain": "Write the amount plainly, with a point before the cents: 1234.50"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_digits": 12, "decimal_places": 2, "min_value": CENT, **kwargs})


class OctetsField(forms.CharField):
    """A size above zero as people write it ("150 GB", a bare number is GB); octets in Python, None when empty."""

    default_error_messages = {"positive": "Write more than 0."}

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        if isinstance(value, int):
            return value
        try:
            octets = parse_octets(str(value))
        except ValueError as error:
            raise ValidationError(str(error)) from error
        if octets <= 0:
            raise ValidationError(self.error_messages["positive"])
        if octets >= 2**63:
            raise ValidationError("That is more than can be counted.")
        return octets

    def prepare_value(self, value: Any) -> Any:
        return exact_octets(value) if isinstance(value, int) else value


class ErrorLine:
    """One line of the summary above a form: which tab, which field, what is wrong."""

    def __init__(self, tab: str, label: str, field_id: str, message: str) -> None:
        self.tab, self.label, self.field_id, self.message = tab, label, field_id, message


class Tabs:
    """One or several forms that are filled, checked and saved together (NAV-9, NAV-10).

    Reads like a form: `is_valid`, `cleaned_data` (the page's own tabs merged), `changed_data`, `errors`,
    `add_error`. `tabs["billing"]` is the form of one tab. Registered tabs carry their name as field prefix.
    """

    def __init__(self, own: list[Tab], registered: list[Tab], *, obj: Any, kwargs: Mapping[str, Any]) -> None:
        self.own, self.registered, self.obj = own, registered, obj
        self.forms: dict[str, Any] = {}
        for tab in own:
            self.forms[tab.name] = self._build(tab, obj, kwargs)
        for tab in registered:
            self.forms[tab.name] = self._build(tab, obj, {**kwargs, "prefix": tab.name})

    def _build(self, tab: Tab, obj: Any, kwargs: Mapping[str, Any]) -> Any:
        extra = dict(kwargs)
        if issubclass(tab.form, forms.BaseModelForm):
            extra["instance"] = tab.instance(obj) if tab.instance else obj
        elif tab.instance is not None:
            extra["initial"] = {**tab.instance(obj), **extra.get("initial", {})}
        return tab.form(**extra)

    def __getitem__(self, name: str) -> Any:
        return self.forms[name]

    def __iter__(self) -> Iterator[tuple[Tab, Any]]:
        for tab in sorted((*self.own, *self.registered), key=lambda tab: tab.weight):
            yield tab, self.forms[tab.name]

    def __len__(self) -> int:
        return len(self.forms)

    @property
    def first(self) -> Any:
        """The form of the first tab: for a page with one form, the form."""
        return next(iter(self.forms.values()))

    @property
    def is_multipart(self) -> bool:
        return any(form.is_multipart() for form in self.forms.values())

    def is_valid(self) -> bool:
        valid = not [form for form in self.forms.values() if not form.is_valid()]  # asks every form
        return valid and self._holds_together()

    def _holds_together(self) -> bool:
        """Check the constraints over fields of two tabs, which neither form sees alone."""
        shared = [form for form in self.forms.values() if getattr(form, "instance", None) is self.obj]
        if len(shared) < 2:
            return True
        asked = {name for form in shared for name in form.fields}
        try:
            self.obj.validate_constraints(exclude={f.name for f in self.obj._meta.fields} - asked)
        except ValidationError as error:
            self.add_error(error)
            return False
        return True

    @property
    def cleaned_data(self) -> dict[str, Any]:
        return {key: value for tab in self.own for key, value in self.forms[tab.name].cleaned_data.items()}

    @property
    def changed_data(self) -> list[str]:
        return [name for form in self.forms.values() for name in form.changed_data]

    @property
    def changed(self) -> dict[str, Any]:
        """What is changed on the page's own tabs, by name."""
        own = {name for tab in self.own for name in self.forms[tab.name].changed_data} - {"seen"}
        return {name: value for name, value in self.cleaned_data.items() if name in own}

    @property
    def seen(self) -> int | None:
        """What the form saw of its row when it was opened (`meanwhile`)."""
        found: int | None = self.cleaned_data.get("seen")
        return found

    def look_again(self) -> None:
        """Somebody is told now what changed meanwhile: saving again means it."""
        for form in self.forms.values():
            if isinstance(form, SeenForm):
                form.look_again()

    def add_error(self, error: Any, field: str | None = None) -> None:
        """Show a refusal: at the named field if a tab has it, else above the first tab."""
        owner = next((form for form in self.forms.values() if field in form.fields), self.first)
        known = field if field is None or field in owner.fields else None
        if isinstance(error, ValidationError) and hasattr(error, "error_dict"):
            for name, errors in error.error_dict.items():
                self.add_error(ValidationError(errors), None if name == NON_FIELD_ERRORS else name)
            return
        owner.add_error(known, error)

    def errors(self) -> list[ErrorLine]:
        """The summary: every error with the id of its field, in the order of the page."""
        lines = []
        for tab, form in self:
            title = tab.title if len(self.forms) > 1 else ""
            for name, messages in form.errors.items():
                bound: BoundField | None = form[name] if name in form.fields else None
                label = str(bound.label) if bound is not None else ""
                field_id = bound.id_for_label if bound is not None else ""
                lines += [ErrorLine(title, label, field_id, message) for message in messages]
        return lines

    def active(self, asked: str = "") -> str:
        """The tab to open: the first with an error, else the one asked for in the URL, else the first."""
        for tab, form in self:
            if form.is_bound and form.errors:
                return tab.name
        return asked if asked in self.forms else next(iter(self.forms))


def _column(instance: models.Model, name: str) -> Any:
    try:
        return instance._meta.get_field(name)
    except FieldDoesNotExist:
        return None
