"""Form fields of the catalogue: a speed typed in Mb/s, hours, weekdays, what rolls over."""

from calendar import day_name
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

_MOST_MBPS = 1_000_000
_MOST_HOURS = 10_000


class SpeedField(forms.Field):
    """Mb/s on screen, kbit/s (int) in Python; zero means zero."""

    widget = forms.NumberInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs |= {"step": "0.001", "min": "0", "inputmode": "decimal"}

    def to_python(self, value: Any) -> int | None:
        if value in (None, ""):
            return None
        if isinstance(value, int):
            return value
        try:
            mbps = Decimal(str(value).strip().replace(",", "."))
        except InvalidOperation:
            raise ValidationError("Write a number of Mb/s, for example 20 or 0.512.") from None
        if not mbps.is_finite() or not 0 <= mbps <= _MOST_MBPS or mbps * 1000 != int(mbps * 1000):
            raise ValidationError("Write 0 or more Mb/s, to three decimals at most.")
        return int(mbps * 1000)

    def prepare_value(self, value: Any) -> Any:
        return f"{(Decimal(value) / 1000).normalize():f}" if isinstance(value, int) else value


class HoursField(forms.Field):
    """Hours on screen, seconds (int) in Python; empty is 0, no limit."""

    widget = forms.NumberInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, **kwargs})
        self.widget.attrs |= {"step": "any", "min": "0", "inputmode": "decimal"}

    def to_python(self, value: Any) -> int:
        if value in (None, ""):
            return 0
        if isinstance(value, int):
            return value
        try:
            hours = Decimal(str(value).strip().replace(",", "."))
        except InvalidOperation:
            raise ValidationError("Write a number of hours, for example 2 or 0.5.") from None
        if not hours.is_finite() or not 0 <= hours <= _MOST_HOURS:
            raise ValidationError(f"Write 0 to {_MOST_HOURS} hours; empty is no limit.")
        return int((hours * 3600).to_integral_value())

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, int):
            return value
        return f"{(Decimal(value) / 3600).quantize(Decimal('0.0001')).normalize():f}" if value else ""

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (initial or 0))
        except ValidationError:
            return True


class WeekdaysField(forms.MultipleChoiceField):
    """Ticked weekdays on screen, ISO digits ("12345") in Python."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        days = [(str(number), name) for number, name in enumerate(day_name, 1)]
        super().__init__(**{"required": False, "choices": days, **kwargs})

    def clean(self, value: Any) -> Any:
        return "".join(sorted(set(super().clean(list(value or ())))))

    def prepare_value(self, value: Any) -> Any:
        return list(value) if isinstance(value, str) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return set(initial or ()) != set(data or ())


class RollsField(forms.TypedChoiceField):
    """Rolls over, expires, or left to those above: True, False or None in Python."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [
            ("", "As category, group or system say"),
            ("True", "Rolls over to the next month"),
            ("False", "Expires at the end of the month"),
        ]
        super().__init__(
            **{"required": False, "choices": choices, "coerce": "True".__eq__, "empty_value": None, **kwargs}
        )

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed("" if initial is None else str(initial), data)
