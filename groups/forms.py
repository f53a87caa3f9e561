"""Forms of the groups' pages; the three tabs of a customer group (GRP-7..GRP-11)."""

from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from ispbilling.core import external, positions
from ispbilling.core.forms import Form, ModelForm, SeenForm
from ispbilling.core.maps import look
from ispbilling.core.models import ExternalKind


class GroupDetailsForm(SeenForm):
    accounting_id = forms.CharField(
        max_length=40, required=False, help_text="What it is called in the accounting system"
    )

    class Meta:
        model = CustomerGroup
        fields = ("title", "description", "vip", "auto_data_rollover")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """The id in the accounting system is asked only where there is such a system (D-22)."""
        super().__init__(*args, **kwargs)
        if system := external.system():
            self.fields["accounting_id"].label = f"{system.short} ID"
            self.initial["accounting_id"] = external.id_of(ExternalKind.GROUP, self.instance.pk)
        else:
            del self.fields["accounting_id"]

    def clean_accounting_id(self) -> str:
        """No second group of that id, not even a deleted one: it may come back."""
        typed = str(self.cleaned_data["accounting_id"]).strip()
        holder = external.holder(ExternalKind.GROUP, typed) if typed else None
        if holder not in (None, self.instance.pk):
            raise ValidationError(f"The group {CustomerGroup.objects.get(pk=holder)} has this ID already.")
        return typed

    def clean_title(self) -> str:
        """No second group of that title; one that is deleted does not count."""
        title = self.cleaned_data["title"].strip()
        others = CustomerGroup.objects.live().exclude(pk=self.instance.pk)
        if others.filter(title__iexact=title).exists():
            raise ValidationError("There is already a group with this title.")
        return title


class GroupBillingForm(ModelForm):
    class Meta:
        model = CustomerGroup
        fields = ("due_days", "sync_to_accounting")


class GroupSuspensionForm(ModelForm):
    class Meta:
        model = CustomerGroup
        fields = ("suspensions_disabled",)
        help_texts = {"suspensions_disabled": "On: nobody in this group is suspended for overdue invoices"}


class BillingGroupForm(SeenForm):
    class Meta:
        model = BillingGroup
        fields = ("title", "debit_day")


class CategoryForm(SeenForm):
    class Meta:
        model = Category
        fields = ("title", "colour", "rollover_months", "rollover_topup_months")


class LabelForm(SeenForm):
    class Meta:
        model = Label
        fields = ("title", "colour")


class PinMap:
    """The map whose pin fills the position of a HighSiteForm."""

    def render(self, form: Any, context: Any, **kwargs: Any) -> SafeString:
        latitude, longitude = form.place
        map_context = look(latitude, longitude, form.instance.name, form["gps"].id_for_label)
        return format_html('<div class="mb-3">{}</div>', render_to_string("ui/map.html", map_context))


class HighSiteForm(SeenForm):
    """A name and a place: dragged on the map or typed, each works without the other."""

    gps = forms.CharField(
        label="GPS position", required=False, max_length=60, help_text="Such as (-34.06752, 18.82971)"
    )

    class Meta:
        model = HighSite
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["gps"] = positions.show(self.instance.latitude, self.instance.longitude)

    @property
    def place(self) -> tuple[Any, Any]:
        """Where the pin stands: what the form holds now."""
        return positions.parse(self["gps"].value() or "") or ("", "")

    @property
    def layout(self) -> Layout:
        """The map whose pin fills the field below it."""
        return Layout("name", PinMap(), "gps")

    def clean(self) -> dict[str, Any]:
        """The two columns instead of the one field."""
        found = super().clean() or self.cleaned_data
        typed = found.pop("gps", "")
        position = positions.parse(typed)
        if typed and position is None:
            self.add_error("gps", "This is no position; one looks like (-34.06752, 18.82971).")
        found["latitude"], found["longitude"] = position or (None, None)
        return found


class InsteadForm(Form):
    """The row that takes the place of a deleted one; none is an answer too."""

    instead = forms.ModelChoiceField(BillingGroup.objects.none(), required=False)

    def __init__(self, *args: Any, row: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field, noun = self.fields["instead"], row._meta.verbose_name
        field.queryset = type(row)._default_manager.exclude(pk=row.pk)
        field.label = f"{noun[:1].upper()}{noun[1:]} instead"
        field.empty_label = f"No {noun}"
