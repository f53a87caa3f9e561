"""Data > Access When Closed."""

from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from ispbilling.core import clock
from ispbilling.core.forms import Tabs
from ispbilling.core.models import User
from ispbilling.core.views import EditPage, StaffPage
from radius.degrading import choosing
from radius.degrading.forms import AccessActionForm
from radius.degrading.models import AccessAction, AccessKind
from radius.degrading.tables import EDIT, AccessActionTable
from radius.nas.models import NasKind
from radius.policy import replies


class AccessActionList(StaffPage):
    """Every reason with what it means, and what each kind of NAS is told about those that are no reject."""

    permission = "radius.catalogue.view"
    title = "Access When Closed"
    template_name = "radius/access_actions.html"

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(subtitle="What lines get instead of a reject, reason by reason", **extra)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        rows = choosing.rows()
        previews = [(row, preview(row)) for row in rows if row.kind != AccessKind.REJECT]
        table = AccessActionTable(rows, request=request, orderable=False)
        return self.answer(table=table, previews=previews)


def preview(action: AccessAction) -> list[tuple[str, list[str]]]:
    """The attributes each kind of NAS is sent in the place of a line's own."""
    return [
        (str(label), [f"{name} = {value!s}" for name, value in replies.degraded(action.action, kind)])
        for kind, label in NasKind.choices
    ]


class AccessActionEdit(EditPage):
    permission = EDIT
    form_class = AccessActionForm
    success_url_name = "radius:access_action_list"

    def find(self) -> AccessAction:
        found = {row.code: row for row in choosing.rows()}.get(self.kwargs["code"])
        if found is None:
            raise Http404
        self.title = f"Access When Closed - {found}"
        return found

    def act(self, obj: AccessAction, form: Tabs, actor: User) -> AccessAction:
        return choosing.choose(obj, clock.now(), actor=actor, seen=form.seen)

    def close_url(self) -> str:
        return self.came_from() or reverse("radius:access_action_list")
