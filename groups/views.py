"""Customer groups, billing groups, categories, labels and high sites: list, add, edit."""

from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from groups import keeping
from groups.forms import (
    BillingGroupForm,
    CategoryForm,
    GroupBillingForm,
    GroupDetailsForm,
    GroupSuspensionForm,
    HighSiteForm,
    LabelForm,
)
from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from groups.tables import BillingGroupTable, CategoryTable, GroupTable, HighSiteTable, LabelTable
from ispbilling.core import clock
from ispbilling.core.models import User
from ispbilling.core.parts import Button, State, Tab
from ispbilling.core.views import AddPage, EditPage, ListPage


def with_members(queryset: Any) -> Any:
    """The rows with `num_customers`: members that are not deleted."""

    def count(**where: Any) -> Coalesce:
        own = queryset.model._default_manager.filter(pk=OuterRef("pk"), **where).order_by().values("pk")
        return Coalesce(Subquery(own.annotate(count=Count("customers")).values("count")), 0)

    deleted = count(customers__gates__kind="deleted", customers__gates__until__isnull=True)
    return queryset.annotate(num_customers=count() - deleted)


class Keeping:
    """An add or edit page whose act is `groups.keeping.save`."""

    def act(self, obj: Any, form: Any, actor: User) -> Any:
        return keeping.save(obj, form.cleaned_data, clock.now(), actor=actor)


class GroupList(ListPage):
    queryset = with_members(CustomerGroup.objects.all())
    table_class = GroupTable
    permission = "groups.view"
    title = "Customer Groups"
    search_fields = ("title", "description")
    search_help = "Title or description"
    rows = 10
    states = (
        State("normal", "Normal", Q(deleted_at__isnull=True)),
        State("deleted", "Deleted", Q(deleted_at__isnull=False), "deleted"),
    )
    add_url_name, add_permission, add_label, add_modal = "groups:group_add", "groups.add", "Add Group", True
    empty_title = "No customer groups yet"
    empty_text = "Every customer belongs to one group, which carries defaults for billing and suspension."
    empty_icon = "folders"

    def buttons(self) -> list[Button]:
        return [
            Button("Billing Groups", reverse("groups:billing_group_list"), "calendar-dollar"),
            Button("Categories", reverse("groups:category_list"), "tags"),
            Button("Labels", reverse("groups:label_list"), "label"),
            Button("High Sites", reverse("groups:high_site_list"), "building-broadcast-tower"),
        ]


GROUP_TABS = (
    Tab("details", "Group Details", GroupDetailsForm),
    Tab("billing", "Billing", GroupBillingForm),
    Tab("suspension", "Suspension", GroupSuspensionForm),
)


class GroupAdd(Keeping, AddPage):
    model = CustomerGroup
    permission = "groups.add"
    title = "Add a new Customer Group"
    submit_label = "Add Group"
    tabs = GROUP_TABS
    success_url_name = "groups:group_list"


class GroupEdit(Keeping, EditPage):
    queryset = CustomerGroup.objects.live()
    permission = "groups.edit"
    tabs = GROUP_TABS
    success_url_name = "groups:group_list"


class BillingGroupList(ListPage):
    queryset = with_members(BillingGroup.objects.all())
    table_class = BillingGroupTable
    permission = "groups.view"
    title = "Billing Groups"
    search_fields = ("title",)
    search_help = "Title"
    add_url_name, add_permission, add_modal = "groups:billing_group_add", "groups.add", True
    add_label = "Add Billing Group"
    empty_title = "No billing groups yet"
    empty_text = "Customers of one billing group are charged in the same run, for example Netcash Run 1."
    empty_icon = "calendar-dollar"


class BillingGroupAdd(Keeping, AddPage):
    model = BillingGroup
    permission = "groups.add"
    title = "Add Billing Group"
    submit_label = "Add Billing Group"
    form_class = BillingGroupForm
    success_url_name = "groups:billing_group_list"


class BillingGroupEdit(Keeping, EditPage):
    model = BillingGroup
    permission = "groups.edit"
    form_class = BillingGroupForm
    success_url_name = "groups:billing_group_list"


class CategoryList(ListPage):
    queryset = with_members(Category.objects.all())
    table_class = CategoryTable
    permission = "groups.view"
    title = "Categories"
    search_fields = ("title",)
    search_help = "Title"
    add_url_name, add_permission, add_modal = "groups:category_add", "groups.add", True
    add_label = "Add Category"
    empty_title = "No categories yet"
    empty_text = "A customer may have many categories; reports and lists can be narrowed to them."
    empty_icon = "tags"


class CategoryAdd(Keeping, AddPage):
    model = Category
    permission = "groups.add"
    title = "Add Category"
    submit_label = "Add Category"
    form_class = CategoryForm
    success_url_name = "groups:category_list"


class CategoryEdit(Keeping, EditPage):
    model = Category
    permission = "groups.edit"
    form_class = CategoryForm
    success_url_name = "groups:category_list"


class LabelList(ListPage):
    queryset = with_members(Label.objects.all())
    table_class = LabelTable
    permission = "groups.view"
    title = "Labels"
    search_fields = ("title",)
    search_help = "Title"
    add_url_name, add_permission, add_modal = "groups:label_add", "groups.add", True
    add_label = "Add Label"
    empty_title = "No labels yet"
    empty_text = "Labels are free marks on customers, beside their categories."
    empty_icon = "label"


class LabelAdd(Keeping, AddPage):
    model = Label
    permission = "groups.add"
    title = "Add Label"
    submit_label = "Add Label"
    form_class = LabelForm
    success_url_name = "groups:label_list"


class LabelEdit(Keeping, EditPage):
    model = Label
    permission = "groups.edit"
    form_class = LabelForm
    success_url_name = "groups:label_list"


class HighSiteList(ListPage):
    queryset = with_members(HighSite.objects.all())
    table_class = HighSiteTable
    permission = "groups.view"
    title = "High Sites"
    search_fields = ("name",)
    search_help = "Name"
    add_url_name, add_permission, add_modal = "groups:high_site_add", "groups.add", True
    add_label = "Add High Site"
    empty_title = "No high sites yet"
    empty_text = "The towers and sites through which customers connect."
    empty_icon = "building-broadcast-tower"


class HighSiteAdd(Keeping, AddPage):
    model = HighSite
    permission = "groups.add"
    title = "Add High Site"
    submit_label = "Add High Site"
    form_class = HighSiteForm
    success_url_name = "groups:high_site_list"


class HighSiteEdit(Keeping, EditPage):
    model = HighSite
    permission = "groups.edit"
    form_class = HighSiteForm
    success_url_name = "groups:high_site_list"
