"""What this app shows on the customer's profile and on the page of a data account (PRO-6, PRO-7, PRO-9)."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.urls import reverse

from ispbilling.core import clock
from ispbilling.core.parts import Button
from ispbilling.core.registries import Widget
from radius.accounts.models import DataAccount
from radius.accounts.states import with_status
from radius.usage import totals
from radius.usage.charts import daily_chart
from radius.usage.models import Session
from radius.usage.tables import LinesTable, PreviousSessionTable, SessionTable

SHOWN = 5
# A panel is narrow: what it shows of a session, all lines of a customer and one line.
_ACTIVE = ("username", "framed_ip", "duration", "download_octets", "upload_octets")
_PREVIOUS = ("username", "framed_ip", "stopped_at", "download_octets", "upload_octets")
_LINE_ACTIVE = ("framed_ip", "nas", "duration", "download_octets", "upload_octets")
_LINE_PREVIOUS = ("framed_ip", "stopped_at", "duration", "download_octets", "upload_octets")


def _narrow(table: type[SessionTable], rows: Any, columns: tuple[str, ...]) -> SessionTable:
    hidden = [name for name in table.base_columns if name not in columns]
    return table(list(rows), exclude=hidden, orderable=False)


class DataAccountsWidget(Widget):
    """The lines of a customer, with what each has used of its cap."""

    name, title, icon = "data_accounts", "Data Accounts", "plug-connected"
    template_name = "radius/_table_widget.html"
    permission = "radius.accounts.view"
    column, weight = 2, 10

    def context(self) -> Mapping[str, Any]:
        month = clock.month_of(clock.local_day(clock.now()))
        rows = DataAccount.objects.filter(customer=self.obj).select_related("package__service")
        rows = list(totals.with_usage(with_status(rows, clock.now()), month))
        return {"table": LinesTable(rows), "empty": "No data account yet."}

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
    template_name = "radius/_table_widget.html"
    permission = "radius.sessions.view"
    column, weight = 2, 30
    refresh = 60
    columns: ClassVar[tuple[str, ...]] = _ACTIVE

    def sessions(self) -> Any:
        rows = Session.objects.select_related("nas", "data_account")
        return rows.filter(data_account__in=DataAccount.objects.filter(customer=self.obj))

    def query(self) -> str:
        return f"?customer={self.obj.code}"

    def context(self) -> Mapping[str, Any]:
        table = _narrow(SessionTable, self.sessions().open()[:SHOWN], self.columns)
        return {"table": table, "empty": "Not online now."}

    def view_all(self) -> str:
        return reverse("radius:session_list") + self.query()


class PreviousSessionsWidget(ActiveSessionsWidget):
    """The last sessions of this customer."""

    name, title, icon = "previous_sessions", "Previous Data Sessions", "history"
    weight = 40
    refresh = None
    columns = _PREVIOUS

    def context(self) -> Mapping[str, Any]:
        rows = self.sessions().filter(stopped_at__isnull=False)[:SHOWN]
        table = _narrow(PreviousSessionTable, rows, self.columns)
        return {"table": table, "empty": "No session has ended yet."}

    def view_all(self) -> str:
        return reverse("radius:session_history") + self.query()


class LineActiveSessionsWidget(ActiveSessionsWidget):
    """The same for one data account."""

    columns = _LINE_ACTIVE

    def sessions(self) -> Any:
        return Session.objects.select_related("nas", "data_account").filter(data_account=self.obj)

    def query(self) -> str:
        return "?" + urlencode({"username": self.obj.username})


class LinePreviousSessionsWidget(PreviousSessionsWidget, LineActiveSessionsWidget):
    """The same for one data account."""

    columns = _LINE_PREVIOUS
