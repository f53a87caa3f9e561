"""Forms of the groups' pages; the three tabs of a customer group (GRP-7..GRP-11)."""

from django.core.exceptions import ValidationError

from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from ispbilling.core.forms import ModelForm


class GroupDetailsForm(ModelForm):
    class Meta:
        model = CustomerGroup
        fields = ("title", "description", "vip", "auto_data_rollover")

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


class BillingGroupForm(ModelForm):
    class Meta:
        model = BillingGroup
        fields = ("title", "debit_day")


class CategoryForm(ModelForm):
    class Meta:
        model = Category
        fields = ("title", "colour")


class LabelForm(ModelForm):
    class Meta:
        model = Label
        fields = ("title", "colour")


class HighSiteForm(ModelForm):
    class Meta:
        model = HighSite
        fields = ("name", "latitude", "longitude")
