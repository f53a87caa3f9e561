"""Forms of the groups' pages; the three tabs of a customer group (GRP-7..GRP-11)."""

from typing import Any

from crispy_forms.layout import HTML, Layout
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from groups import keeping
from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from ispbilling.core.forms import Form, ModelForm, Pair
from ispbilling.core.models import AccountingSystem, Provider


class SeenForm(ModelForm):
    """A form that knows what its row was when it was opened: somebody else may save it meanwhile."""

    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            del self.fields["seen"]
        else:
            self.initial["seen"] = keeping.latest(self.instance)

    def look_again(self) -> None:
        """After somebody was told what changed: saving again means it."""
        self.data = self.data.copy()
        self.data["seen"] = str(keeping.latest(self.instance))


class GroupDetailsForm(SeenForm):
    class Meta:
        model = CustomerGroup
        fields = ("title", "description", "vip", "auto_data_rollover", "accounting_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """The id in the accounting system is asked only where there is such a system (D-22)."""
        super().__init__(*args, **kwargs)
        if Provider.get().accounting_system == AccountingSystem.SAGEONE:
            self.fields["accounting_id"].label = "SageOne ID"
        else:
            del self.fields["accounting_id"]

    def clean_accounting_id(self) -> str:
        """No second group of that id, not even a deleted one: it may come back."""
        typed = str(self.cleaned_data["accounting_id"]).strip()
        other = CustomerGroup.objects.filter(accounting_id=typed).exclude(pk=self.instance.pk).first()
        if typed and other is not None:
            raise ValidationError(f"The group {other} has this ID already.")
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
        fields = ("title", "colour")


class LabelForm(SeenForm):
    class Meta:
        model = Label
        fields = ("title", "colour")


class HighSiteForm(SeenForm):
    class Meta:
        model = HighSite
        fields = ("name", "latitude", "longitude")
        help_texts = {"latitude": "Degrees, south is negative", "longitude": "Degrees, west is negative"}

    @property
    def layout(self) -> Layout:
        """The map whose pin fills the two fields, where this installation has map tiles."""
        place = (
            "{% load ui %}{% map form.instance.latitude form.instance.longitude form.instance.name 'id_' %}"
        )
        hidden = ["seen"] if "seen" in self.fields else []
        return Layout(
            *hidden, "name", Pair("latitude", "longitude"), *([HTML(place)] if settings.MAP_TILES else [])
        )

    def clean(self) -> dict[str, Any]:
        """A position has both or neither, and lies on the earth."""
        found = super().clean() or self.cleaned_data
        if (found.get("latitude") is None) != (found.get("longitude") is None) and not self.errors:
            raise ValidationError("A position needs both latitude and longitude.")
        for name, limit in (("latitude", 90), ("longitude", 180)):
            if found.get(name) is not None and abs(found[name]) > limit:
                self.add_error(name, f"This lies between -{limit} and {limit}.")
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
