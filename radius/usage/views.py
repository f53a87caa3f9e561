"""The Total Usage List, sessions, and the usage of one line."""

from datetime import date
from typing import Any

from django.db.models import Count, DecimalField, Exists, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse

from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.parts import Attr, Button, Panel, State
from ispbilling.core.tables import Table, url_or_none
from ispbilling.core.units import format_octets, format_seconds
from ispbilling.core.views import DetailPage, ListPage
from radius.accounts.filters import DataAccountFilter
from radius.accounts.models import DataAccount
from radius.accounts.states import with_status
from radius.usage import totals
from radius.usage.addresses import NoAddresses
from radius.usage.filters import PreviousSessionFilter
from radius.usage.finding import matching
from radius.usage.models import Session
from radius.usage.tables import CustomerUsageTable, PreviousSessionTable, UsageTable

VIEW = "radius.usage.view"
SESSIONS, DISCONNECT = "radius.sessions.view", "radius.sessions.disconnect"
MONTHS_BACK = 24
#: Adding up more accounts than this may take a noticeable time.
TOTAL_AT_ONCE = 2000


class _MonthPage(ListPage):
    """A list of one month; the selector in the toolbar chooses it, the present month first."""

    permission = VIEW

    @property
    def states(self) -> tuple[State, ...]:  # type: ignore[override]
        this = clock.local_day(clock.now()).replace(day=1)
        firsts = [clock.add_months(this, -n) for n in range(MONTHS_BACK + 1)]
        return tuple(State(f"{first:%Y-%m}", f"{first:%B %Y}") for first in firsts)

    @property
    def month(self) -> clock.Period:
        """The chosen month."""
        chosen = self.state
        assert chosen is not None  # noqa: S101 - there is always a present month
        year, month = chosen.name.split("-")
        return clock.month_of(date(int(year), int(month), 1))

    def table(self, rows: Any) -> Table:
        table = super().table(rows)
        table.month = self.month
        return table


class UsageList(_MonthPage):
    """Total Usage List (USE-1..3)."""

    table_class = UsageTable
    filterset_class = DataAccountFilter
    title = "Total Usage List"
    confidential = "usernames, the names of customers and what they used"
    search_fields = ("username", "customer__code", "customer__name")
    search_help = "Code, username or customer"
    empty_icon = "chart-bar"
    empty_text = "What each data account used in the month, once there are data accounts."
    keys_first = True

    def get_queryset(self) -> Any:
        rows = totals.in_service(DataAccount.objects.all(), self.month)
        rows = rows.select_related("customer__high_site", "package__service")
        if self.asked_for("radius_status"):
            rows = with_status(rows, clock.now())
        return totals.with_usage(rows, self.month) if self.asked_for("used") else rows

    def dressed(self, rows: Any) -> Any:
        """With the status, where it is not there already."""
        return rows if self.asked_for("radius_status") else with_status(rows, clock.now())

    def asked_for(self, name: str) -> bool:
        """Whether that of every row is needed at once: to filter or sort by it, or to write it to a file."""
        query = self.request.GET
        return (
            "export" in query
            or name in query
            or any(key.lstrip("-") == name for key in query.getlist("sort"))
        )

    def results(self) -> dict[str, Any]:
        """Otherwise it is summed for the rows of this page alone, however deep the page is.

        The total of a short list comes with it; that of a long one is asked for afterwards (`?total=1`).
        """
        found = super().results()
        table = found["table"]
        if "total" in self.request.GET or table.paginator.count <= TOTAL_AT_ONCE:
            table.total = totals.of_month(table.data.data.matching, self.month)
        if not self.asked_for("used"):
            rows = [row.record for row in table.page.object_list]
            used = totals.used_by_account(rows, self.month)
            for account in rows:
                account.used = used[account.pk]
        return found

    def buttons(self) -> list[Button]:
        query = f"?state={self.month.start:%Y-%m}"
        return [Button("Total per Customer", reverse("radius:customer_usage_list") + query, "users")]


class CustomerUsageList(_MonthPage):
    """The quick total per customer over all their data accounts (USE-3, DAT-4)."""

    table_class = CustomerUsageTable
    title = "Usage per Customer"
    confidential = "the names of customers and what they used"
    search_fields = ("code", "name")
    search_help = "Code or name"
    empty_icon = "chart-bar"
    empty_text = "What each customer used in the month over all their data accounts."

    def get_queryset(self) -> Any:
        mine = totals.in_service(DataAccount.objects.filter(customer=OuterRef("pk")), self.month).order_by()
        grouped = mine.values("customer")
        money = DecimalField(max_digits=14, decimal_places=2)
        cost = grouped.annotate(n=Sum(Coalesce("custom_price", "package__price"))).values("n")
        rows = Customer.objects.filter(Exists(mine)).select_related("high_site")
        return totals.with_customer_usage(rows, self.month).annotate(
            lines=Subquery(grouped.annotate(n=Count("pk")).values("n")),
            cost=Subquery(cost, output_field=money),
        )

    def buttons(self) -> list[Button]:
        query = f"?state={self.month.start:%Y-%m}"
        return [Button("Per Data Account", reverse("radius:usage_list") + query, "plug-connected")]


def sessions() -> Any:
    """Sessions with all that lists show of them."""
    return Session.objects.select_related("nas", "data_account__customer")


class SessionHistory(NoAddresses, ListPage):
    """Sessions that have ended."""

    queryset = sessions().filter(stopped_at__isnull=False)
    table_class = PreviousSessionTable
    filterset_class = PreviousSessionFilter
    most = 10_000
    permission = SESSIONS
    title = "Previous Sessions"
    confidential = "who was online when, from which address and device"
    search_fields = ("username", "calling_station_id")
    search_help = "Username or whole MAC"
    empty_icon = "history"
    empty_text = "A session is listed here when its NAS has reported that it ended."

    def found(self, rows: Any, word: str) -> Any:
        return rows.filter(matching(word))

    def buttons(self) -> list[Button]:
        return [Button("Active Sessions", reverse("radius:session_list"), "activity")]


class SessionDetail(DetailPage):
    queryset = sessions()
    permission = SESSIONS
    panels = (
        Panel(
            "Session",
            (
                Attr("username", kind="mono"),
                Attr("data_account", "Data Account", kind="link", empty="none of ours"),
                Attr("nas", "NAS", kind="link", empty="a NAS that is gone"),
                Attr("framed_ip", "IP Address", kind="mono"),
                Attr("calling_station_id", "Device (MAC Address)", kind="mono", help="Calling-Station-Id"),
                Attr("called_station_id", "Called Station", kind="mono", help="Called-Station-Id"),
                Attr("nas_port", "Port", kind="mono"),
                Attr("acct_session_id", "Session ID", kind="mono"),
            ),
            icon="activity",
        ),
        Panel(
            "Traffic",
            (
                Attr("started_at", "Started", kind="datetime"),
                Attr("updated_at", "Last Update", kind="datetime"),
                Attr("stopped_at", "Ended", kind="datetime", empty="still open"),
                Attr(lambda s: format_seconds(s.seconds), "Online, as last reported"),
                Attr("download_octets", "Download", kind="octets"),
                Attr("upload_octets", "Upload", kind="octets"),
                Attr(
                    "carried_at",
                    "Counters Reset",
                    kind="datetime",
                    empty="never",
                    help="When the NAS last began to count anew; what it had counted is in the sums",
                ),
                Attr("terminate_cause", "Cause of End"),
            ),
            column=2,
            icon="arrows-up-down",
        ),
    )

    def heading(self) -> str:
        return str(self.object.username)

    def crumbs(self) -> list[tuple[str, str]]:
        if self.object.stopped_at:
            return [("Previous Sessions", reverse("radius:session_history"))]
        return [("Active Sessions", reverse("radius:session_list"))]

    def subtitle(self) -> str:
        moved = format_octets(self.object.download_octets + self.object.upload_octets)
        since = f"{self.object.started_at.astimezone(clock.zone()):%Y-%m-%d %H:%M}"
        return f"{'Ended' if self.object.stopped_at else 'Online'} · started {since} · {moved}"

    def buttons(self) -> list[Button]:
        account = self.object.data_account
        profile = url_or_none("customers:customer_detail", account.customer_id) if account else None
        found = [Button("Customer", profile, "user", "dark", "customers.view")] if profile else []
        if not self.object.stopped_at:
            found += [
                Button(label, reverse(name, args=[self.object.pk]), icon, look, DISCONNECT, modal=True)
                for label, name, icon, look in (
                    ("Disconnect", "radius:session_disconnect", "plug-connected-x", "danger"),
                    ("Apply Settings", "radius:session_apply", "refresh", "secondary"),
                )
            ]
        return (
            [*found, Button("Data Account", account.get_absolute_url(), "plug-connected")]
            if account
            else found
        )
