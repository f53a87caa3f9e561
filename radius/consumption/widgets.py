"""The lines of a customer and what they used, on the profile and on the page of a line (PRO-6, PRO-7, USE-4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from ispbilling.core import clock
from ispbilling.core.parts import Button
from ispbilling.core.registries import Widget
from ispbilling.core.tables import allowed, url_or_none
from ispbilling.core.units import counted
from radius.accounts.models import DataAccount
from radius.accounts.states import MEANINGS, RadiusStatus, with_status
from radius.changes.models import PackageChange
from radius.consumption import limits, periods
from radius.consumption.charts import daily_chart, monthly_chart
from radius.consumption.limits import Limit
from radius.consumption.tables import usage_url
from radius.usage import totals


@dataclass(frozen=True, slots=True)
class Line:
    """A data account as its customer's profile shows it (PRO-6)."""

    account: Any
    limit: Limit | None
    status: str
    meaning: str
    usage_url: str
    changes_url: str | None
    buttons: list[Button]

    @property
    def changes(self) -> str:
        """How often its package was changed; empty for never."""
        return counted(self.account.changes, "package change") if self.account.changes else ""


class DataAccountsWidget(Widget):
    """The lines of a customer, with what each has used of what it has."""

    name, title, icon = "data_accounts", "Data Accounts", "plug-connected"
    template_name = "radius/_lines_widget.html"
    permission = "radius.accounts.view"
    column, weight = 2, 10

    def context(self) -> Mapping[str, Any]:
        now = clock.now()
        month = clock.month_of(clock.local_day(now))
        rows = DataAccount.objects.filter(customer=self.obj).select_related("package__service")
        rows = limits.with_limits(totals.with_usage(with_status(rows, now), month), month)
        mine = PackageChange.objects.filter(data_account=OuterRef("pk")).order_by()
        changes = mine.values("data_account").annotate(n=Count("pk")).values("n")
        rows = rows.annotate(changes=Coalesce(Subquery(changes), 0))
        return {"lines": [_line(row, self.request.user) for row in rows]}

    def buttons(self) -> list[Button]:
        add = reverse("radius:data_account_add", args=[self.obj.pk])
        return [Button("Add", add, "plus", permission="radius.accounts.edit", modal=True)]

    def view_all(self) -> str:
        return reverse("radius:data_account_list") + f"?customer={self.obj.code}"


class DataUsageWidget(Widget):
    """A month or year of a customer, or of one line, by days or months (USE-4)."""

    name, title, icon = "data_usage", "Data Usage", "chart-bar"
    template_name = "radius/_usage_widget.html"
    permission = "radius.usage.view"
    column, weight = 2, 20

    def context(self) -> Mapping[str, Any]:
        today = clock.local_day(clock.now())
        chosen = self.chosen(today)
        days = (totals.monthly if chosen.yearly else totals.daily)(chosen.period, **self.scope())
        title = f"{self.title} {chosen.words}"
        chart = monthly_chart(days, title) if chosen.yearly else daily_chart(days, title)
        return {
            "chosen": chosen,
            "used": sum(day.total for day in days),
            "chart": chart,
            "chart_id": f"{self.name}-chart".replace("data_usage", "usage"),
            "periods": self.spans(chosen, today),
            "usage_url": self.usage_url(chosen),
        }

    def chosen(self, today: Any) -> periods.Chosen:
        """What is asked for in the address; the present month for what means nothing."""
        try:
            return periods.chosen(self.request.GET.dict(), today)
        except ValueError:
            return periods.month(today, today)

    def spans(self, chosen: periods.Chosen, today: Any) -> list[tuple[str, str, bool]]:
        """(words, query, chosen) of this and the last month and year."""
        month, year = periods.month(today, today), periods.year(today, today)
        named = (
            ("This month", month),
            ("Last month", month.before),
            ("This year", year),
            ("Last year", year.before),
        )
        return [(words, f"?widget={self.name}&{one.query}", one.name == chosen.name) for words, one in named]

    def scope(self) -> dict[str, Any]:
        return {"data_account__customer": self.obj}

    def usage_url(self, chosen: periods.Chosen) -> str:
        return usage_url(self.obj.pk) + f"?{chosen.query}"

    def buttons(self) -> list[Button]:
        """To the page with all of it (USE-4)."""
        chosen = self.chosen(clock.local_day(clock.now()))
        return [Button("View", self.usage_url(chosen), "eye")]

    def view_all(self) -> str | None:
        return reverse("radius:usage_list") + f"?customer={self.obj.code}"


class LineUsageWidget(DataUsageWidget):
    """The same for one data account, with its limit."""

    column, weight = 2, 10

    def scope(self) -> dict[str, Any]:
        return {"data_account": self.obj}

    def usage_url(self, chosen: periods.Chosen) -> str:
        return f"{usage_url(self.obj.customer_id)}?{chosen.query}&account={self.obj.pk}"

    def context(self) -> Mapping[str, Any]:
        found = dict(super().context())
        if found["chosen"].yearly:
            return found
        rows = DataAccount.objects.filter(pk=self.obj.pk)
        return {**found, "limit": limits.of(limits.with_limits(rows, found["chosen"].period).get())}

    def view_all(self) -> None:
        return None


def _line(account: Any, user: Any) -> Line:
    status = RadiusStatus(account.radius_status)
    url = usage_url(account.customer_id, account=account.pk)
    changes = url_or_none("billing:package_change_list")
    return Line(
        account,
        limits.of(account),
        str(status.label),
        MEANINGS[status],
        url,
        f"{changes}?line={quote(account.username)}&state=all" if changes else None,
        [button for button in _verbs(account) if allowed(button, user)],
    )


def _verbs(account: Any) -> list[Button]:
    """Switch to Prepaid and Top Up, of the app above that sells data."""
    found = []
    if not account.prepaid and (there := url_or_none("billing:prepaid_switch", account.pk)):
        found.append(
            Button("Switch to Prepaid", there, "coins", "link", "billing.data_sales.switch", modal=True)
        )
    if account.package.sells_topups and (there := url_or_none("billing:topup_sell", account.pk)):
        found.append(Button("Top Up", there, "plus", "link", "billing.data_sales.sell", modal=True))
    return found
