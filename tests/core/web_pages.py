"""Pages for tests of the generic pages: a detail page with widgets, tabs, a bulk act, a fault."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from ispbilling import urls
from ispbilling.core import registries
from ispbilling.core.errors import DomainError
from ispbilling.core.forms import Form, ModelForm
from ispbilling.core.models import Provider, User
from ispbilling.core.parts import Attr, BulkAction, Button, Chart, Panel, Series, Tab
from ispbilling.core.staff.tables import StaffTable
from ispbilling.core.views import ActionPage, BulkPage, DetailPage, EditPage, ListPage


class Person(DetailPage):
    queryset = User.objects.staff()
    permission = "staff.use"
    panels = (
        Panel(
            "Details", (Attr("username", "Username"), Attr("role"), Attr("email", kind="email")), icon="user"
        ),
        Panel("More", (Attr("is_active", kind="yes"), Attr("last_login", kind="datetime"))),
    )

    def subtitle(self) -> str:
        return "Working here"

    def buttons(self) -> list[Button]:
        return [
            Button("Everybody", "/a/b/", "users"),
            Button("Owners only", "/c/d/", "crown", permission="staff.manage"),
        ]


class Usage(registries.Widget):
    name, title, icon = "usage", "Usage", "chart-bar"
    template_name = "web_pages/usage.html"
    permission = "staff.use"
    column = 2

    def context(self) -> dict[str, Any]:
        up = Series("Upload", (1.5, 2, 0.5), "info")
        down = Series("Download", (10, 12.25, 9), "working")
        return {"chart": Chart("Usage by day", "bar", ("Mon", "Tue", "Wed"), (up, down), "GB", stacked=True)}

    def view_all(self) -> str:
        return "/all/"


class Secret(Usage):
    name, permission = "secret", "staff.manage"


class NamesForm(ModelForm):
    class Meta:
        model = User
        fields = ("first_name", "last_name")


class MailForm(ModelForm):
    class Meta:
        model = User
        fields = ("email",)


class NoteForm(Form):
    note = forms.CharField(required=False, max_length=20)


class PersonEdit(EditPage):
    queryset = User.objects.staff()
    permission = "staff.manage"
    tabs = (Tab("names", "Names", NamesForm), Tab("mail", "Mail", MailForm))

    def success_url(self, obj: User, result: User) -> str:
        return "/staff/"


NOTES: list[str] = []
NOTE_TAB = Tab(
    "note", "Note", NoteForm, save=lambda form, obj, actor: NOTES.append(form.cleaned_data["note"])
)


class Refuse(ActionPage):
    queryset = User.objects.staff()
    permission = "staff.use"
    title = "Refuse"
    form_class = NoteForm

    def act(self, obj: User, form: NoteForm, actor: User) -> None:
        Provider.objects.update(name="half done")
        raise DomainError("Not while the moon is full.")

    def close_url(self) -> str:
        return "/staff/"


class Promote(BulkPage):
    queryset = User.objects.staff()
    permission = "staff.manage"
    title = "Mark"
    success_url_name = "core:staff_list"

    def act(self, obj: User, form: Any, actor: User) -> None:
        if obj == actor:
            raise DomainError("not yourself")
        User.objects.filter(pk=obj.pk).update(last_name="Marked")


class Markable(ListPage):
    queryset = User.objects.staff()
    table_class = StaffTable
    permission = "staff.use"
    title = "Markable"
    bulk_actions = (BulkAction("Mark", "mark", permission="staff.manage"),)


def register() -> None:
    """What an app does in `apps.ready`."""
    registries.add_widget("person", Usage)
    registries.add_widget("person", Secret)
    registries.add_tab("person_edit", NOTE_TAB)


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a bug")


urlpatterns = [
    path("person/<int:pk>/", Person.as_view(), name="person"),
    path("person/<int:pk>/edit/", PersonEdit.as_view(), name="person_edit"),
    path("person/<int:pk>/refuse/", Refuse.as_view(), name="refuse"),
    path("mark/", Promote.as_view(), name="mark"),
    path("markable/", Markable.as_view(), name="markable"),
    path("broken/", broken),
    path("", include(urls)),
]
register()
