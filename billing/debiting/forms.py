"""Forms of the debit order pages."""

from typing import Any, ClassVar

from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError

from billing.debiting import formats, mandates, reasons
from billing.debiting.formats import netcash
from billing.debiting.mandates import Details
from billing.debiting.models import DebitSettings, Mandate, Service
from groups.models import BillingGroup
from ispbilling.core.forms import AmountField, DateInput, Form, ModelForm, Pair, SeenForm

OTHER = "other"
_BANKS = [*((name, name) for name in mandates.BANKS), (OTHER, "Another bank")]


class MandateForm(SeenForm):
    """What the customer signed. The stored account number is never read into the form."""

    bank = forms.ChoiceField(choices=_BANKS)
    other_bank = forms.CharField(max_length=60, required=False, help_text="When it is not in the list")
    branch_code = forms.CharField(
        max_length=6,
        required=False,
        help_text="Six digits; empty: the universal code of the bank",
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    account_number = forms.CharField(
        max_length=20,
        help_text="Stored encrypted; afterwards only its last three digits are shown",
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    maximum = AmountField(
        label="Most per collection",
        required=False,
        help_text="As the mandate says; empty: whatever is due",
    )
    layout = Layout(
        "seen",
        Pair("reference", "holder"),
        Pair("bank", "other_bank", "branch_code"),
        Pair("account_number", "account_type"),
        Pair("signed_on", "valid_from", "valid_until"),
        "maximum",
    )

    class Meta:
        model = Mandate
        fields = (
            "reference", "holder", "account_type", "signed_on", "valid_from", "valid_until",
        )  # fmt: skip
        widgets: ClassVar[dict[str, Any]] = {
            "signed_on": DateInput(), "valid_from": DateInput(), "valid_until": DateInput(),
        }  # fmt: skip
        help_texts: ClassVar[dict[str, str]] = {
            "reference": "Stands on the customer's bank statement, and is never given again",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["valid_from"].label = "Valid from"
        self.fields["valid_until"].label = "Valid until"
        stored = self.instance
        if stored.pk:
            self.fields["account_number"].required = False
            self.fields["account_number"].help_text = f"Stored: {stored.account}. Empty: it stays"
            known = stored.bank in mandates.BANKS
            self.initial.update(
                bank=stored.bank if known else OTHER,
                other_bank="" if known else stored.bank,
                branch_code=stored.branch_code,
                maximum=stored.maximum,
            )

    def clean_reference(self) -> str:
        return str(self.cleaned_data["reference"]).strip().upper()

    def clean_account_number(self) -> str:
        number = "".join(str(self.cleaned_data["account_number"]).split()).replace("-", "")
        if number and not mandates.is_account_number(number):
            raise ValidationError(mandates.ACCOUNT_NUMBER)
        return number

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        bank = cleaned.get("bank")
        if bank == OTHER and not cleaned.get("other_bank"):
            self.add_error("other_bank", "Say which bank it is.")
        code = cleaned.get("branch_code") or mandates.BANKS.get(bank or "", "")
        if not (code.isascii() and code.isdigit() and len(code) == 6):
            self.add_error("branch_code", "A branch code has six digits.")
        cleaned["branch_code"] = code
        first, last = cleaned.get("valid_from"), cleaned.get("valid_until")
        if first and last and last < first:
            self.add_error("valid_until", "The last day is before the first.")
        return cleaned

    @property
    def details(self) -> Details:
        """What was typed."""
        asked = self.cleaned_data
        return Details(
            reference=asked["reference"],
            holder=asked["holder"],
            bank=asked["other_bank"] if asked["bank"] == OTHER else asked["bank"],
            branch_code=asked["branch_code"],
            account_number=asked["account_number"],
            account_type=asked["account_type"],
            signed_on=asked["signed_on"],
            valid_from=asked["valid_from"],
            valid_until=asked["valid_until"],
            maximum=asked["maximum"],
        )


class BatchForm(Form):
    """Whom to collect from, when, and how."""

    billing_group = forms.ModelChoiceField(
        BillingGroup.objects.all(), required=False, empty_label="Everybody", label="Billing group"
    )
    action_on = forms.DateField(
        label="Action day",
        required=False,
        widget=DateInput(),
        help_text="Empty: the next debit day of the billing group, else the first day that can be reached",
    )
    service = forms.ChoiceField(
        choices=Service.choices,
        help_text="Two-day: to be authorised two business days before; same-day: by 10:59 on the day",
    )
    layout = Layout("billing_group", Pair("action_on", "service"))


_CODES = [("", "None of these"), *((code, f"{code} {words}") for code, words in reasons.REASONS.items())]


class PaidForm(Form):
    on = forms.DateField(label="Received on", widget=DateInput())


class UnpaidForm(Form):
    """Why the bank did not pay, and what the customer is charged for it."""

    code = forms.ChoiceField(label="What the bank says", choices=_CODES, required=False)
    reason = forms.CharField(max_length=200, required=False, help_text="Empty: the words of the code")
    on = forms.DateField(label="Date", widget=DateInput())
    fee = AmountField(
        required=False, help_text="Empty: none. Invoiced to the customer, with the debit order's reference"
    )
    layout = Layout("code", "reason", Pair("on", "fee"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("code") and not cleaned.get("reason"):
            self.add_error("reason", "Say why it was not paid.")
        return cleaned


class ResultForm(Form):
    file = forms.FileField(
        label="Statement of the provider",
        help_text="The daily or bulk statement, as downloaded; at most 5 MB. Nothing is recorded before you confirm.",
        widget=forms.ClearableFileInput(attrs={"accept": ".txt,.csv,.tsv"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > netcash.MOST_OCTETS:
            raise ValidationError("The file is larger than 5 MB; download the statement of a shorter time.")
        return file


class SettingsForm(ModelForm):
    """How debit orders are collected. The stored service key is never read into the form."""

    format = forms.ChoiceField(
        label="Collected by", choices=[(name, one.label) for name, one in formats.FORMATS.items()]
    )
    new_service_key = forms.UUIDField(
        label="Service key", required=False, widget=forms.TextInput({"autocomplete": "off"})
    )
    vendor_key = forms.UUIDField(
        label="Software vendor key",
        required=False,
        help_text="Only for software vendors registered with Netcash; empty: Netcash's default",
    )
    smallest = AmountField(label="Smallest collection", help_text="Who owes less is left out")
    fee = AmountField(
        label="Fee for a returned debit order",
        min_value=0,
        help_text="Invoiced to the customer when the bank does not pay; 0.00: none",
    )
    layout = Layout(
        Pair("format", "service"),
        Pair("new_service_key", "vendor_key"),
        Pair("smallest", "fee"),
        "forward",
        "collect_part",
    )

    class Meta:
        model = DebitSettings
        fields = ("format", "service", "vendor_key", "smallest", "fee", "forward", "collect_part")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = bool(self.instance.service_key)
        self.fields["new_service_key"].help_text = (
            "Stored encrypted. Empty: keep the present one, which is not shown"
            if stored
            else "Of the debit order service, from your Netcash profile; stored encrypted"
        )

    def clean_vendor_key(self) -> str:
        return str(self.cleaned_data["vendor_key"] or "")

    def save(self, commit: bool = True) -> Any:
        made = super().save(commit)
        if key := self.cleaned_data.get("new_service_key"):
            made.service_key = str(key)
            made.save(update_fields=["service_key"])
        return made
