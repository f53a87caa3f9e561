"""Sessions that have ended, and one session."""

from typing import Any

from django.db.models import Q
from django.urls import reverse

from ispbilling.core import clock
from ispbilling.core.parts import Attr, Button, Panel
from ispbilling.core.tables import url_or_none
from ispbilling.core.units import format_octets, format_seconds
from ispbilling.core.views import DetailPage, ListPage
from radius.usage.addresses import NoAddresses
from radius.usage.filters import PreviousSessionFilter
from radius.usage.finding import matching
from radius.usage.models import Session
from radius.usage.tables import PreviousSessionTable

SESSIONS, DISCONNECT = "radius.sessions.view", "radius.sessions.disconnect"


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

    def holds(self, rows: Any, word: str) -> Q:
        return matching(word)

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
