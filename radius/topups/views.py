"""Pages of top-up groups and types."""

from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from ispbilling.core import clock
from ispbilling.core.models import User
from ispbilling.core.parts import Button, State
from ispbilling.core.using import users
from ispbilling.core.views import ActionPage, AddPage, EditPage, ListPage
from radius.topups import offering
from radius.topups.filters import TypeFilter
from radius.topups.forms import GroupForm, TypeForm
from radius.topups.models import TopupGroup, TopupType
from radius.topups.tables import EDIT, GroupTable, TypeTable

VIEW = "radius.catalogue.view"


def _count(name: str) -> Coalesce:
    own = TopupGroup.objects.filter(pk=OuterRef("pk")).order_by().values("pk")
    return Coalesce(Subquery(own.annotate(count=Count(name)).values("count")), 0)


class TypeList(ListPage):
    queryset = TopupType.objects.select_related("group")
    table_class = TypeTable
    filterset_class = TypeFilter
    permission = VIEW
    title = "Top-ups"
    search_fields = ("title", "group__title")
    search_help = "Title or group"
    states = (
        State("active", "Sold", Q(active=True)),
        State("inactive", "Not sold", Q(active=False), hidden_word="not sold"),
        State("all", "All"),
    )
    add_url_name, add_permission, add_label, add_modal = "radius:topup_add", EDIT, "Add Top-up", True
    empty_icon = "database-plus"
    empty_text = (
        "A top-up is data that a line buys when its cap is near: an amount, a price and how long it is valid. Top-ups"
        " stand in groups; a package names the group that its lines may buy from."
    )

    def buttons(self) -> list[Button]:
        return [Button("Groups", reverse("radius:topup_group_list"), "folders")]


class _OnTopups:
    """Pages below the list of top-ups."""

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Top-ups", reverse("radius:topup_list"))]


class TypeAdd(_OnTopups, AddPage):
    model = TopupType
    permission = EDIT
    title = "Add Top-up"
    submit_label = "Add Top-up"
    form_class = TypeForm
    success_url_name = "radius:topup_list"


class TypeClone(TypeAdd):
    """A new top-up that starts as a copy of another one."""

    title = "Clone Top-up"

    def find(self) -> TopupType:
        copy: TopupType = self.get_object()
        copy.pk, copy._state.adding = None, True
        copy.title = f"{copy.title} (copy)"[:80]
        return copy


class TypeEdit(_OnTopups, EditPage):
    model = TopupType
    permission = EDIT
    form_class = TypeForm
    success_url_name = "radius:topup_list"


class TypeDeactivate(_OnTopups, ActionPage):
    model = TopupType
    permission = EDIT
    title = "Stop Selling"
    submit_label = "Stop Selling"
    submit_icon = "ban"
    danger = True
    success_url_name = "radius:topup_list"

    def consequences(self, obj: TopupType) -> list[str]:
        return [
            "It is offered neither to staff nor in the portal any more.",
            "What was sold stays with who bought it until it expires.",
        ]

    def act(self, obj: TopupType, form: Any, actor: User) -> TopupType:
        return offering.set_sold(obj, False, clock.now(), actor=actor)

    def done(self, obj: TopupType, result: TopupType) -> str:
        return f"{obj} is not sold any more."

    def undo_url(self, obj: TopupType, result: TopupType) -> str:
        return reverse("radius:topup_activate", args=[obj.pk])


class TypeActivate(_OnTopups, ActionPage):
    model = TopupType
    permission = EDIT
    title = "Sell Again"
    submit_label = "Sell Again"
    success_url_name = "radius:topup_list"

    def consequences(self, obj: TopupType) -> list[str]:
        return [f"Lines whose package names {obj.group} may buy it again."]

    def act(self, obj: TopupType, form: Any, actor: User) -> TopupType:
        return offering.set_sold(obj, True, clock.now(), actor=actor)

    def done(self, obj: TopupType, result: TopupType) -> str:
        return f"{obj} is sold again."


class _Deletion(_OnTopups, ActionPage):
    """What both deletions share: while something uses the row there is no button."""

    permission = EDIT
    submit_label = "Delete"
    submit_icon = "trash"
    danger = True

    def obstacles(self, obj: Any) -> list[str]:
        return [f"It is used by {' and '.join(found)}, so it stays."] if (found := users(obj)) else []

    def consequences(self, obj: Any) -> list[str]:
        return ["Nothing uses it; nobody's data changes.", "What is deleted cannot be recovered."]

    def done(self, obj: Any, result: None) -> str:
        return f"{obj} is deleted."

    def success_url(self, obj: Any, result: None) -> str:
        return reverse(self.success_url_name)


class TypeDelete(_Deletion):
    model = TopupType
    title = "Delete Top-up"
    success_url_name = "radius:topup_list"

    def act(self, obj: TopupType, form: Any, actor: User) -> None:
        offering.delete_type(obj, clock.now(), actor=actor)


class GroupList(_OnTopups, ListPage):
    queryset = TopupGroup.objects.annotate(num_types=_count("types"), num_packages=_count("packages"))
    table_class = GroupTable
    permission = VIEW
    title = "Top-up Groups"
    search_fields = ("title",)
    search_help = "Title"
    add_url_name, add_permission, add_label, add_modal = "radius:topup_group_add", EDIT, "Add Group", True
    empty_icon = "folders"
    empty_text = "A group holds the top-ups that are offered together. Packages name it."


class GroupAdd(_OnTopups, AddPage):
    model = TopupGroup
    permission = EDIT
    title = "Add Top-up Group"
    submit_label = "Add Group"
    form_class = GroupForm
    success_url_name = "radius:topup_group_list"


class GroupEdit(_OnTopups, EditPage):
    model = TopupGroup
    permission = EDIT
    form_class = GroupForm
    success_url_name = "radius:topup_group_list"


class GroupDelete(_Deletion):
    model = TopupGroup
    title = "Delete Top-up Group"
    success_url_name = "radius:topup_group_list"

    def act(self, obj: TopupGroup, form: Any, actor: User) -> None:
        offering.delete_group(obj, clock.now(), actor=actor)
