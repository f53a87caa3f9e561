"""Forms of selling data: a top-up, automatic top-ups, a switch, and the settings."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from crispy_forms.layout import Layout
from django import forms

from billing.data_sales import quoting, switching
from billing.data_sales.models import AutoTopup, DataSalesSettings
from billing.data_sales.quoting import Quote
from ispbilling.core.clock import local_day
from ispbilling.core.forms import AmountField, Form, OctetsField, Pair, SeenForm
from ispbilling.core.money import format_money
from ispbilling.core.units import format_octets
from radius.models import DataAccount


def offer(quote: Quote, *, later: bool = False) -> str:
    """A top-up as one choice: `Top-up 20 GB: 20.0 GB for R 99.00, valid 30 days`; `later`: whatever is over now."""
    type_ = quote.type
    said = f"{type_.title}: {type_.data} for {format_money(quote.total)}, valid {type_.validity}"
    if later or not quote.over:
        return said
    if quote.usable:
        return f"{said}; {format_octets(quote.usable)} of it can be used"
    return f"{said}; all of it covers what was used over the cap"


class TypeField(forms.ModelChoiceField):
    """The top-ups of a line, each with what it gives and costs there.

    A choice is sent back with what it was when it was shown: what changed meanwhile is shown again before it is bought.
    """

    def __init__(
        self, account: DataAccount, now: datetime, *, portal: bool = False, later: bool = False, **kwargs: Any
    ) -> None:
        self._later = later
        types = quoting.offered(account, portal=portal)
        self.quotes = {type_.pk: quoting.quote(account, type_, now) for type_ in types}
        super().__init__(queryset=types, empty_label=None, **kwargs)
        self.error_messages["invalid_choice"] = "That top-up is not sold any more. Choose another one."

    def _shown(self, pk: int) -> str:
        quote = self.quotes[pk]
        return f"{pk}:{quote.total}:{quote.type.octets}:{quote.type.validity_days or ''}"

    def prepare_value(self, value: Any) -> Any:
        pk = super().prepare_value(value)
        return self._shown(int(pk)) if str(pk).isdecimal() and int(pk) in self.quotes else pk

    def to_python(self, value: Any) -> Any:
        sent = str(value or "")
        found: Any = super().to_python(sent.partition(":")[0])
        if found is not None and ":" in sent and sent != self._shown(found.pk):
            raise forms.ValidationError(
                f"It changed meanwhile: {offer(self.quotes[found.pk])}. Choose again."
            )
        return found

    def label_from_instance(self, obj: Any) -> str:
        return offer(self.quotes[obj.pk], later=self._later) if obj.pk in self.quotes else str(obj)


class SellForm(Form):
    """Which top-up. `token` makes one form one sale, however often it is sent."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(
        self, *args: Any, account: DataAccount, now: datetime, may_owe: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["type"] = TypeField(account, now, label="Top-up", widget=forms.RadioSelect)
        if may_owe:
            self.fields["on_debt"] = forms.BooleanField(
                label="Although it is not in credit",
                required=False,
                help_text="The account then owes what the top-up costs",
            )


class AutoForm(Form):
    """What is bought automatically, when, and how much a month at most."""

    def __init__(
        self, *args: Any, account: DataAccount, now: datetime, portal: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        row = AutoTopup.objects.filter(data_account=account).first()
        self.fields["type"] = TypeField(
            account,
            now,
            portal=portal,
            label="Buy",
            later=True,
            widget=forms.RadioSelect,
            initial=row.topup_type_id if row else None,
        )
        self.fields["when_left"] = OctetsField(
            label="When less is left than",
            required=False,
            initial=(row.when_left_octets or None) if row else None,
            help_text="For example 1 GB; empty: when nothing is left",
        )
        plain = {"widget": forms.TextInput({"inputmode": "decimal", "autocomplete": "off"})} if portal else {}
        self.fields["limit"] = AmountField(
            label="Limit a month, in rand" if portal else "Limit a month",
            initial=row.limit if row else None,
            help_text="The most that is bought so in a calendar month",
            **plain,
        )
        self.fields["agreed"] = forms.BooleanField(
            label="I agree to this" if portal else "The customer agreed to this",
            help_text=""
            if portal
            else "It is written down with your name: nobody is charged for data out of bundle without it",
            error_messages={"required": "Nothing is bought automatically without consent."},
        )
        if not portal:
            self.fields["said"] = forms.CharField(
                label="How", max_length=120, help_text="For example: by telephone from 082 123 4567"
            )


class CancelForm(Form):
    reason = forms.CharField(
        max_length=200, required=False, help_text="Colleagues read it on the timeline; may be empty"
    )


class SwitchForm(Form):
    """When a line becomes prepaid, or monthly again."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    when = forms.ChoiceField(widget=forms.RadioSelect)
    comment = forms.CharField(
        max_length=200, required=False, help_text="Colleagues read it on the timeline; may be empty"
    )

    def __init__(self, *args: Any, now: datetime, may_owe: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today, month = local_day(now), switching.first_of_next_month(now)
        self.days = {"now": today, "month": month}
        when: Any = self.fields["when"]
        when.choices = [("now", f"Now ({today})"), ("month", f"At the end of the month (from {month})")]
        when.initial = "now"
        if may_owe:
            self.fields["on_debt"] = forms.BooleanField(
                label="Although something is owed",
                required=False,
                help_text="What is owed stays owed, and comes off what is paid next",
            )


class SettingsForm(SeenForm):
    layout = Layout(
        Pair("billed", "portal_on_account"),
        Pair("unused_days", "leftover_days"),
        Pair("grace_octets", "grace_hours"),
    )
    grace_octets = OctetsField(
        label="Grace top-up",
        required=False,
        help_text="Data that a prepaid line may take once after its last purchase when nothing is left, for example"
        " 200 MB; empty: off",
    )

    class Meta:
        model = DataSalesSettings
        fields = (
            "billed", "portal_on_account", "unused_days", "leftover_days", "grace_octets", "grace_hours"
        )  # fmt: skip


class PortalTopupForm(forms.Form):
    """Which top-up, and how it is paid."""

    token = forms.UUIDField(widget=forms.HiddenInput, error_messages={"invalid": "Go back and begin again."})

    def __init__(
        self,
        *args: Any,
        account: DataAccount,
        now: datetime,
        ways: Callable[[Sequence[Decimal]], Sequence[tuple[str, str]]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        types = TypeField(
            account,
            now,
            portal=True,
            label="How much?",
            widget=forms.RadioSelect,
            error_messages={"required": "Choose a top-up."},
        )
        self.fields["type"] = types
        to_pay = ways([quote.total for quote in types.quotes.values()])
        self.fields["pay"] = forms.ChoiceField(
            label="How do you pay?",
            choices=to_pay,
            widget=forms.RadioSelect,
            initial=to_pay[0][0] if to_pay else None,
            error_messages={"required": "Choose how you pay."},
        )
        self.fields["token"].initial = str(uuid4())
