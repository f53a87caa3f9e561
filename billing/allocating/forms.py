"""Saying what a credit settles: an amount per debit."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ispbilling.core.forms import AmountField, Form


@dataclass(frozen=True, slots=True)
class Choice:
    """A debit that may be settled: its posting, what it is called, and what was said so far."""

    key: int
    label: str
    told: str
    pinned: Decimal | None


class AllocateForm(Form):
    """One field per debit; an empty one leaves it to the usual way."""

    def __init__(self, *args: Any, choices: Sequence[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in choices:
            self.fields[f"debit_{one.key}"] = AmountField(
                label=one.label,
                help_text=one.told,
                initial=one.pinned,
                required=False,
                max_digits=14,
            )

    def shares(self) -> dict[int, Decimal]:
        """What was filled in, by posting."""
        return {
            int(name.removeprefix("debit_")): amount
            for name, amount in self.cleaned_data.items()
            if amount is not None
        }
