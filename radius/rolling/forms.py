"""Forms of the settings, of a customer's choices, of transfers and consent."""

from typing import Any
from uuid import UUID, uuid4

from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError

from ispbilling.core.forms import DateInput, Form, OctetsField, Pair, SeenForm
from radius.accounts.models import DataAccount
from radius.rolling.models import MOST_MONTHS, CustomerDataExpiry, DataSettings, Door, NoticeChoice
from radius.rolling.regulation import LEVELS

#: What somebody agrees to, as it is shown and as it is kept.
AGREED = (
    "When the data of {line} is used up, more may be added and charged without asking again, up to the limit that is "
    "set for it. This can be withdrawn at any time."
)
WITHDRAWN = "Nothing is added to {line} or charged without asking when its data is used up."


def month_choices(otherwise: str) -> list[tuple[str, str]]:
    """For how long unused data lasts; the first choice is to have none of one's own."""
    months = [(str(n), f"Rollover for {n} month{'' if n == 1 else 's'}") for n in range(1, MOST_MONTHS + 1)]
    return [("", f"As for everybody: {otherwise}"), ("0", "No rollover: it expires"), *months]


class DataSettingsForm(SeenForm):
    """What holds where nothing more particular is said (SET-1), and the law."""

    layout = Layout(
        Pair("rollover_months", "rollover_topup_months"),
        Pair("group_months", "rollover_soft_capped"),
        Pair("transfer_zero_rated", "transfers_in_portal"),
        "regulation_from",
    )

    class Meta:
        model = DataSettings
        fields = (
            "rollover_months",
            "rollover_topup_months",
            "group_months",
            "rollover_soft_capped",
            "transfer_zero_rated",
            "transfers_in_portal",
            "regulation_from",
        )
        widgets = {"regulation_from": DateInput()}


def _months(label: str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(label=label, required=False, coerce=int, empty_value=None)


class ExpiryForm(Form):
    """After how long this customer's unused data expires; `otherwise` is what holds without it, by field."""

    monthly_months = _months("Unused monthly data")
    topup_months = _months("Unused top-ups")
    layout = Layout("monthly_months", "topup_months")

    def __init__(self, *args: Any, otherwise: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, words in otherwise.items():
            self.fields[name].choices = month_choices(words)

    @staticmethod
    def of(stored: CustomerDataExpiry | None) -> dict[str, Any]:
        """What the form shows of a customer's choice."""
        if stored is None:
            return {}
        return {"monthly_months": stored.monthly_months, "topup_months": stored.topup_months}


class NoticesForm(Form):
    """Which notices of used bundles a customer wants (reg. 8A(2)(a))."""

    levels = forms.TypedMultipleChoiceField(
        label="Tell the customer when a bundle is used",
        choices=[(level, f"to {level} %") for level in LEVELS],
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="By mail, or by SMS where that is switched on; each bundle and level once",
    )

    @staticmethod
    def of(stored: NoticeChoice | None) -> dict[str, Any]:
        """What the form shows of a customer's choice."""
        return {"levels": list(LEVELS if stored is None else stored.wanted)}


class TransferForm(Form):
    """What of a bundle goes to which line; the other line is named as its owner knows it."""

    token = forms.CharField(widget=forms.HiddenInput, max_length=36)
    username = forms.CharField(
        label="To the data account",
        max_length=128,
        help_text="Its username, such as alice@wonderland.com",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    octets = OctetsField(label="How much", help_text="For example 5 GB or 500 MB")
    note = forms.CharField(required=False, max_length=200, help_text="Both customers' timelines keep it")
    layout = Layout("token", "username", Pair("octets", "note"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["token"].initial = str(uuid4())

    def clean_token(self) -> UUID:
        try:
            return UUID(self.cleaned_data["token"])
        except ValueError as error:
            raise ValidationError("Open this page again.") from error

    def clean_username(self) -> DataAccount:
        typed = str(self.cleaned_data["username"]).strip()
        found = DataAccount.objects.filter(username__iexact=typed).select_related("package", "customer")
        if (line := found.first()) is None:
            raise ValidationError("There is no data account of that username.")
        return line


class ConsentForm(Form):
    """Who said it to staff, and how."""

    door = forms.ChoiceField(
        label="Said",
        choices=[(Door.STAFF, "To staff, by telephone or in writing"), (Door.SMS, Door.SMS.label)],
    )
    words = forms.CharField(
        label="What was said",
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text="Kept as it stands here; nobody can change it afterwards",
    )
    layout = Layout("door", "words")


class RecountForm(Form):
    """The month to count again, and why."""

    month = forms.ChoiceField()
    reason = forms.CharField(max_length=200, help_text="The customer's timeline keeps it")
    layout = Layout(Pair("month", "reason"))

    def __init__(self, *args: Any, months: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["month"].choices = months
