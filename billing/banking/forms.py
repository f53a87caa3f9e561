"""Forms of the bank statement pages: the file, and which of its columns is what."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from billing.banking import reading
from billing.banking.amounts import date_format
from billing.banking.payouts import CLEARINGS
from billing.banking.reading import Columns
from ispbilling.core.forms import AmountField, Form

_SHOWN = 40
_PARTS = (
    ("", "Not used"), ("date", "Date"), ("amount", "Amount, in and out"), ("credit", "Money in"),
    ("debit", "Money out"), ("reference", "Reference or description"),
)  # fmt: skip
_WORDS = dict(_PARTS)


class UploadForm(Form):
    file = forms.FileField(
        label="Bank statement",
        help_text="CSV or Excel with any columns, OFX, or MT940; at most 5 MB. Nothing is posted before you confirm.",
        widget=forms.ClearableFileInput(
            attrs={"accept": ".csv,.txt,.tsv,.xlsx,.ofx,.qfx,.sta,.mt940,.940,.mt"}
        ),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > reading.MOST_OCTETS:
            raise ValidationError("The file is larger than 5 MB; export a shorter time from the bank.")
        return file


class PayOutForm(Form):
    payout_of = forms.ChoiceField(
        label="It is",
        choices=[
            *((code, f"a pay-out of {name}") for code, name in CLEARINGS.items()),
            ("", "money of a customer"),
        ],
        required=False,
    )
    fee = AmountField(
        required=False, help_text="What the provider kept, when it is not told otherwise; empty: nothing"
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("fee") and not cleaned.get("payout_of"):
            self.add_error("fee", "Only a pay-out has a fee.")
        return cleaned


class ColumnsForm(Form):
    """One choice per column of the table, and the row with which the entries begin."""

    first = forms.IntegerField(
        label="Entries begin in row", min_value=1, help_text="The row after the headings"
    )

    def __init__(
        self, *args: Any, table: Sequence[Sequence[str]] = (), chosen: Columns | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.table = table
        first = chosen.first if chosen else 0
        self.fields["first"].initial = first + 1
        for number in range(max(map(len, table), default=0)):
            some = [
                row[number]
                for row in table[max(first - 1, 0) : first + 3]
                if number < len(row) and row[number]
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
        parts = {number: cleaned.get(f"column_{number}", "") for number in self._numbers()}
        for part in ("date", "amount", "credit", "debit"):
            if list(parts.values()).count(part) > 1:
                raise ValidationError(f"Choose one column only as “{_WORDS[part]}”.")
        if "date" not in parts.values() or not {"amount", "credit"} & set(parts.values()):
            raise ValidationError("Choose the column of the date, and that of the amount or of money in.")
        if "amount" in parts.values() and {"credit", "debit"} & set(parts.values()):
            raise ValidationError("Choose either one column of amounts, or money in and money out.")
        on, first = next(n for n, part in parts.items() if part == "date"), cleaned.get("first", 1) - 1
        form = date_format([row[on] for row in self.table[first:] if on < len(row)])
        if form is None:
            raise ValidationError("There are no dates in the column of the date from that row on.")
        money = {
            one: next((n for n, part in parts.items() if part == one), None)
            for one in ("amount", "credit", "debit")
        }
        references = tuple(n for n, part in parts.items() if part == "reference")
        cleaned["columns"] = Columns(first, on, form, **money, references=references)
        return cleaned

    def _numbers(self) -> range:
        return range(len(self.fields) - 1)


def _part(chosen: Columns | None, number: int) -> str:
    if chosen is None:
        return ""
    if number in chosen.references:
        return "reference"
    return next(
        (part for part in ("date", "amount", "credit", "debit") if getattr(chosen, part) == number), ""
    )
