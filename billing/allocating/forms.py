"""Saying what a credit settles: an amount per debit."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms

from ispbilling.core.forms import Form, MoneyInput
from ispbilling.core.money import CENT


@dataclass(frozen=True, slots=True)
class Choice:
    """A debit that may be settled: its posting, what it is called, and what was said so far."""

    key: int
    label: str
    told: str
    pinned: Decimal | None


class PlainAmount(forms.DecimalField):
    """Rand and cents as people write them; `1e3` is refused, not read in some way."""

    def to_python(self, value: Any) -> Decimal | None:
        text = str(value or "").strip()
        if text and not set(text) <= set("0123456789.-"):
            raise forms.ValidationError("Enter an amount like 1000.00, without letters, spaces or commas.")
        return super().to_python(text)


class AllocateForm(Form):
    """One field per debit; an empty one leaves it to the usual way."""

    def __init__(self, *args: Any, choices: Sequence[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in choices:
            self.fields[f"debit_{one.key}"] = PlainAmount(
                label=one.label,
                help_text=one.told,
                initial=one.pinned,
                required=False,
                min_value=CENT,
                max_digits=14,
                decimal_places=2,
                widget=MoneyInput(),
            )

    def shares(self) -> dict[int, Decimal]:
        """What was filled in, by posting."""
        return {
            int(name.removeprefix("debit_")): amount
            for name, amount in self.cleaned_data.items()
            if amount is not None
        }
