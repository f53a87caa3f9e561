"""What this app shows on the customer's profile and on the page of a data account (PRO-6, PRO-7, PRO-9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from ispbilling.core import clock
from ispbilling.core.parts import Button
from ispbilling.core.registries import Widget
from ispbilling.core.units import format_seconds
from radius.accounts.models import DataAccount
from radius.accounts.states import MEANINGS, RadiusStatus, with_status
from radius.usage import totals
from radius.usage.charts import daily_chart
from radius.usage.models import Session

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Line:
    """A data account as its customer's profile shows it (PRO-6)."""

    account: DataAccount
    used: int
    percent: int | None
    status: str
    meaning: str


class DataAccountsWidget(Widget):
    """The lines of a customer, with what each has used of its cap."""

    name, title, icon = "data_accounts", "Data Accounts", "plug-connected"
    template_name = "radius/_lines_widget.html"
    permission = "radius.accounts.view"
    column, weight = 2, 10

    def context(self) -> Mapping[str, Any]:
        month = clock.month_of(clock.local_day(clock.now()))
        rows = DataAccount.objects.filter(customer=self.obj).select_related("package__service")
        return {"lines": [_line(row) for row in totals.with_usage(with_status(rows, clock.now()), month)]}

    def buttons(self) -> list[Button]:
        add = reverse("radius:data_account_add", args=[self.obj.pk])
        return [Button("Add", add, "plus", permission="radius.accounts.edit", modal=True)]

    def view_all(self) -> str:
        return reverse("radius:data_account_list") + f"?customer={self.obj.code}"


class DataUsageWidget(Widget):
    """The month of a customer, or of one line, day by day."""

    name, title, icon = "data_usage", "Data Usage", "chart-bar"
    template_name = "radius/_usage_widget.html"
    permission = "radius.usage.view"
    column, weight = 2, 20

    def context(self) -> Mapping[str, Any]:
        month = clock.month_of(clock.local_day(clock.now()))
        days = totals.daily(month, **self.scope())
        used = sum(day.total for day in days)
        return {"month": month, "used": used, "chart": daily_chart(days, f"{self.title} {month}")}

    def scope(self) -> dict[str, Any]:
        return {"data_account__customer": self.obj}

    def view_all(self) -> str:
        return reverse("radius:usage_list") + f"?customer={self.obj.code}"


class LineUsageWidget(DataUsageWidget):
    """The same for one data account, with its cap."""

    column, weight = 2, 10

    def scope(self) -> dict[str, Any]:
        return {"data_account": self.obj}

    def context(self) -> Mapping[str, Any]:
        found = dict(super().context())
        cap = self.obj.package.cap_octets
        return {**found, "cap": cap, "percent": totals.percent(found["used"], cap)}

    def view_all(self) -> None:
        return None


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


def _line(account: Any) -> Line:
    status = RadiusStatus(account.radius_status)
    share = totals.percent(account.used, account.package.cap_octets)
    return Line(account, account.used, share, status.label, MEANINGS[status])


def _timed(sessions: Any) -> list[tuple[Session, str]]:
    """Each session with how long it has lasted."""
    now = clock.now()
    return [
        (one, format_seconds(max(0, int(((one.stopped_at or now) - one.started_at).total_seconds()))))
        for one in sessions
    ]
