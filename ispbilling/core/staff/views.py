"""Staff pages (permission `staff.manage`: the owners)."""

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.db.models import Q
from django.urls import reverse

from ispbilling.core import events
from ispbilling.core.forms import Tabs
from ispbilling.core.models import User
from ispbilling.core.parts import State, Tab
from ispbilling.core.staff import logins
from ispbilling.core.staff.filters import StaffFilter
from ispbilling.core.staff.forms import StaffForm
from ispbilling.core.staff.tables import StaffTable
from ispbilling.core.views import ActionPage, AddPage, EditPage, ListPage


class StaffList(ListPage):
    queryset = User.objects.staff().order_by("first_name", "username")
    table_class = StaffTable
    filterset_class = StaffFilter
    permission = "staff.manage"
    title = "Staff"
    search_fields = ("first_name", "last_name", "username", "email")
    search_help = "Name, username or e-mail"
    states = (
        State("active", "Active", Q(is_active=True)),
        State("disabled", "Disabled", Q(is_active=False), hidden_word="disabled"),
        State("all", "All"),
    )
    add_url_name, add_permission, add_label, add_modal = "core:staff_add", "staff.manage", "Add Staff", True
    empty_icon = "id-badge-2"
    empty_text = "The people who work with this system, each with a role that says what they may do."


class StaffAdd(AddPage):
    model = User
    permission = "staff.manage"
    title = "Add Staff"
    submit_label = "Add Staff"
    form_class = StaffForm

    def act(self, obj: User, form: Tabs, actor: User) -> User:
        return logins.add(obj, actor=actor)

    def done(self, obj: User, result: User) -> str:
        return (
            f"{result} is added. Make a link so that {result.first_name or 'the person'} can set a password."
        )

    def came_from(self) -> str:
        return "" if self.request.method == "POST" else super().came_from()

    def success_url(self, obj: User, result: User) -> str:
        return reverse("core:staff_link", args=[result.pk])

    def close_url(self) -> str:
        return reverse("core:staff_list")


class StaffEdit(EditPage):
    queryset = User.objects.staff()
    permission = "staff.manage"
    success_url_name = "core:staff_list"

    def own_tabs(self) -> list[Tab]:
        self.title = f"Edit staff - {self.object}"
        return [Tab("main", "Staff", StaffForm)]

    def act(self, obj: User, form: Tabs, actor: User) -> User:
        return logins.change(obj, form.changed, actor=actor, seen=form.seen)

    def close_url(self) -> str:
        return self.came_from() or reverse("core:staff_list")


class StaffDisable(ActionPage):
    queryset = User.objects.staff()
    permission = "staff.manage"
    title = "Disable staff login"
    submit_label = "Disable"
    submit_icon = "user-off"
    danger = True
    success_url_name = "core:staff_list"

    def consequences(self, obj: User) -> list[str]:
        return [
            f"{obj} is logged out with the next page and cannot log in again.",
            "What they did stays on record under their name.",
            "You can enable the login again at any time, with the same password and role.",
        ]

    def act(self, obj: User, form: Any, actor: User) -> None:
        logins.disable(obj, actor=actor)

    def done(self, obj: User, result: None) -> str:
        return f"{obj} is disabled."

    def undo_url(self, obj: User, result: None) -> str:
        return reverse("core:staff_enable", args=[obj.pk])


class StaffEnable(ActionPage):
    queryset = User.objects.staff()
    permission = "staff.manage"
    title = "Enable staff login"
    submit_label = "Enable"
    submit_icon = "user-check"
    success_url_name = "core:staff_list"

    def consequences(self, obj: User) -> list[str]:
        return [f"{obj} can log in again as {obj.get_role_display().lower()}."]

    def act(self, obj: User, form: Any, actor: User) -> None:
        logins.enable(obj, actor=actor)

    def done(self, obj: User, result: None) -> str:
        return f"{obj} is enabled."


class StaffLink(ActionPage):
    """A link with which the person sets a password; nobody else ever knows it."""

    queryset = User.objects.staff().filter(is_active=True)
    permission = "staff.manage"
    title = "Set-password link"
    submit_label = "Make the link"
    submit_icon = "key"

    def consequences(self, obj: User) -> list[str]:
        return [
            f"Whoever has the link can set the password of {obj} within 3 days, once.",
            "The present password keeps working until then.",
        ]

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        self.object = self.find()
        key = f"{user_pk_to_url_str(self.object)}-{default_token_generator.make_token(self.object)}"
        uid, _, token = key.partition("-")
        link = request.build_absolute_uri(reverse("account_reset_password_from_key", args=[uid, token]))
        events.record("staff.link_made", self.object, actor=self.actor)
        return self.answer("generic/link.html", link=link, close_url=reverse("core:staff_list"))

    def close_url(self) -> str:
        return reverse("core:staff_list")
