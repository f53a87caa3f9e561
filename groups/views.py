"""Customer groups, billing groups, categories, labels and high sites: list, add, edit, delete, take back."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from groups import keeping, removing
from groups.forms import (
    BillingGroupForm,
    CategoryForm,
    GroupBillingForm,
    GroupDetailsForm,
    GroupSuspensionForm,
    HighSiteForm,
    InsteadForm,
    LabelForm,
)
from groups.keeping import NOUNS
from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from groups.tables import (
    BillingGroupTable,
    CategoryTable,
    GroupTable,
    HighSiteTable,
    LabelTable,
    RemovalTable,
    group_actions,
)
from ispbilling.core import clock
from ispbilling.core.models import Event, User
from ispbilling.core.parts import Button, State, Tab
from ispbilling.core.views import ActionPage, AddPage, EditPage, ListPage


def _count(model: Any, name: str, **where: Any) -> Coalesce:
    own = model._default_manager.filter(pk=OuterRef("pk"), **where).order_by().values("pk")
    return Coalesce(Subquery(own.annotate(count=Count(name)).values("count")), 0)


def with_members(queryset: Any) -> Any:
    """The rows with `num_customers`: members that are not deleted."""
    deleted = _count(
        queryset.model, "customers", customers__gates__kind="deleted", customers__gates__until__isnull=True
    )
    return queryset.annotate(num_customers=_count(queryset.model, "customers") - deleted)


class Keeping:
    """An add or edit page whose act is `groups.keeping.save`."""

    def act(self, obj: Any, form: Any, actor: User) -> Any:
        values = form.cleaned_data
        values.pop("seen", None)
        return keeping.save(obj, values, clock.now(), actor=actor, seen=form.seen)


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
        State("disabled", "Disabled", Q(deleted_at__isnull=True, enabled=False)),
        State("deleted", "Deleted", Q(deleted_at__isnull=False), "deleted"),
    )
    add_url_name, add_permission, add_label, add_modal = "groups:group_add", "groups.add", "Add Group", True
    empty_title = "No customer groups yet"
    empty_text = (
        "Every customer belongs to one group, which carries defaults for billing and suspension: for example "
        "business, VIP, resellers, home users. A customer may have many categories besides."
    )
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

    def buttons(self) -> list[Button]:
        """Enable or disable, and delete (GRP-13, GRP-15): where the guide has them, in the dialog."""
        _, *rest = group_actions(self.object)
        return rest


def _delete_button(noun: str, row: Any) -> list[Button]:
    url = reverse(f"groups:{noun}_delete", args=[row.pk])
    return [Button("Delete", url, "trash", permission="groups.delete", modal=True)]


class SmallList(ListPage):
    """What the lists of the smaller tables share."""

    permission = "groups.view"
    add_permission, add_modal = "groups.add", True
    search_fields: ClassVar[Sequence[str]] = ("title",)
    search_help = "Title"

    def crumbs(self) -> Sequence[tuple[str, str]]:
        return [("Customer Groups", reverse("groups:group_list"))]

    def buttons(self) -> list[Button]:
        return [
            Button("Deleted", reverse("groups:removal_list"), "trash", permission="groups.delete"),
        ]


class Removal(ActionPage):
    """Delete one of the smaller tables' rows; what points to it moves to another, or to none."""

    permission = "groups.delete"
    form_class = InsteadForm
    submit_label = "Delete"
    submit_icon = "trash"
    danger = True

    def form_kwargs(self) -> dict[str, Any]:
        return {"row": self.object}

    def consequences(self, obj: Any) -> list[str]:
        found = removing.members(obj)
        who = " and ".join(f"{count:,} {name}" for name, count in found.items())
        tag = isinstance(obj, Category | Label)
        if not found:
            return ["Nothing uses it.", UNDONE]
        lines = [f"{who} {'has' if sum(found.values()) == 1 else 'have'} it and lose it, deleted ones too."]
        if tag:
            lines.append("Pick another to merge it: they get that one instead, once.")
        else:
            lines.append("Pick another to move them there.")
        if isinstance(obj, BillingGroup):
            lines.append("Runs of a billing group charge its members of that day; nobody is charged twice.")
        return [*lines, UNDONE]

    def act(self, obj: Any, form: Any, actor: User) -> removing.Removal:
        return removing.delete(obj, form.cleaned_data["instead"], clock.now(), actor=actor)

    def done(self, obj: Any, result: removing.Removal) -> str:
        count, target = sum(result.members.values()), result.event.data.get("target")
        if not count:
            return f"{obj} is deleted; nothing used it."
        where = f"have {target} instead" if target else "have it no longer"
        return f"{obj} is deleted; {count:,} that had it {where}."

    def undo_url(self, obj: Any, result: removing.Removal) -> str:
        return reverse("groups:removal_undo", args=[result.event.pk])


UNDONE = "Nobody is notified, and service does not change. Undo brings it back, also later, under Deleted."


def removals() -> Any:
    """The deletions that have not been taken back."""
    left = Q(pk__in=[])
    for model in removing.REMOVABLE:
        back = model._default_manager.filter(pk=OuterRef("subject_id"))
        left |= Q(kind=f"{NOUNS[model]}.deleted") & ~Q(Exists(back))
    return Event.objects.filter(left).select_related("actor")


class RemovalList(ListPage):
    """What was deleted of the smaller tables, to be taken back."""

    table_class = RemovalTable
    permission = "groups.delete"
    title = "Deleted Groups and Labels"
    search_fields = ("label",)
    search_help = "Title"
    empty_title = "Nothing is deleted"
    empty_text = "Billing groups, categories, labels and high sites that are deleted can be taken back here."
    empty_icon = "trash"

    def get_queryset(self) -> Any:
        return removals()

    def crumbs(self) -> Sequence[tuple[str, str]]:
        return [("Customer Groups", reverse("groups:group_list"))]


class RemovalUndo(ActionPage):
    """Take a deletion back, for those who have not been changed since."""

    permission = "groups.delete"
    title = "Restore"
    submit_label = "Restore"
    submit_icon = "restore"
    success_url_name = "groups:removal_list"

    def get_queryset(self) -> Any:
        return removals()

    def consequences(self, obj: Event) -> list[str]:
        count = sum(map(len, obj.data["moved"].values()))
        return [
            f"{obj.label} comes back as it was.",
            f"Of the {count:,} that had it, those get it back that were not given another since.",
        ]

    def act(self, obj: Event, form: Any, actor: User) -> Any:
        return removing.restore(obj, clock.now(), actor=actor)

    def done(self, obj: Event, result: Any) -> str:
        return f"{result} is back."


class BillingGroupList(SmallList):
    queryset = with_members(BillingGroup.objects.all())
    table_class = BillingGroupTable
    title = "Billing Groups"
    add_url_name, add_label = "groups:billing_group_add", "Add Billing Group"
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

    def buttons(self) -> list[Button]:
        return _delete_button("billing_group", self.object)


class BillingGroupDelete(Removal):
    model = BillingGroup
    title = "Delete Billing Group"
    success_url_name = "groups:billing_group_list"


class CategoryList(SmallList):
    queryset = with_members(Category.objects.all())
    table_class = CategoryTable
    title = "Categories"
    add_url_name, add_label = "groups:category_add", "Add Category"
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

    def buttons(self) -> list[Button]:
        return _delete_button("category", self.object)


class CategoryDelete(Removal):
    model = Category
    title = "Delete Category"
    success_url_name = "groups:category_list"


class LabelList(SmallList):
    queryset = with_members(Label.objects.all())
    table_class = LabelTable
    title = "Labels"
    add_url_name, add_label = "groups:label_add", "Add Label"
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

    def buttons(self) -> list[Button]:
        return _delete_button("label", self.object)


class LabelDelete(Removal):
    model = Label
    title = "Delete Label"
    success_url_name = "groups:label_list"


class HighSiteList(SmallList):
    queryset = with_members(HighSite.objects.all()).annotate(num_nases=_count(HighSite, "nases"))
    table_class = HighSiteTable
    title = "High Sites"
    search_fields = ("name",)
    search_help = "Name"
    add_url_name, add_label = "groups:high_site_add", "Add High Site"
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

    def buttons(self) -> list[Button]:
        return _delete_button("high_site", self.object)


class HighSiteDelete(Removal):
    model = HighSite
    title = "Delete High Site"
    success_url_name = "groups:high_site_list"
