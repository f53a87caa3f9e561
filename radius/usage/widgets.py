"""The sessions of a customer and of a data account on their pages (PRO-9)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from ispbilling.core import clock
from ispbilling.core.registries import Widget
from ispbilling.core.units import format_seconds
from radius.accounts.models import DataAccount
from radius.usage.models import Session

SHOWN = 5


class ActiveSessionsWidget(Widget):
    """Who of this customer is online now."""

    name, title, icon = "active_sessions", "Active Data Sessions", "activity"
    template_name = "radius/_sessions_widget.html"
    permission = "radius.sessions.view"
    column, weight = 2, 30
    refresh = 60

    def sessions(self) -> Any:
        rows = Session.objects.select_related("nas", "data_account")
        return rows.filter(data_account__in=DataAccount.objects.filter(customer=self.obj))

    def query(self) -> str:
        return f"?customer={self.obj.code}"

    def context(self) -> Mapping[str, Any]:
        return {"sessions": _timed(self.sessions().open()[:SHOWN]), "empty": "Not online now."}

    def view_all(self) -> str:
        return reverse("radius:session_list") + self.query()


class PreviousSessionsWidget(ActiveSessionsWidget):
    """The last sessions of this customer."""

    name, title, icon = "previous_sessions", "Previous Data Sessions", "history"
    weight = 40
    refresh = None

    def context(self) -> Mapping[str, Any]:
        rows = self.sessions().filter(stopped_at__isnull=False)[:SHOWN]
        return {"sessions": _timed(rows), "empty": "No session has ended yet."}

    def view_all(self) -> str:
        return reverse("radius:session_history") + self.query()


class LineActiveSessionsWidget(ActiveSessionsWidget):
    """The same for one data account."""

    def sessions(self) -> Any:
        return Session.objects.select_related("nas", "data_account").filter(data_account=self.obj)

    def query(self) -> str:
        return "?" + urlencode({"username": self.obj.username})


class LinePreviousSessionsWidget(PreviousSessionsWidget, LineActiveSessionsWidget):
    """The same for one data account."""


def _timed(sessions: Any) -> list[tuple[Session, str]]:
    """Each session with how long it has lasted."""
    now = clock.now()
    return [
        (one, format_seconds(max(0, int(((one.stopped_at or now) - one.started_at).total_seconds()))))
        for one in sessions
    ]
