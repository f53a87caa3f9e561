"""Rejects, and why."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from ispbilling.core import clock
from ispbilling.core.parts import Attr, Button, Panel, State
from ispbilling.core.tables import url_or_none
from ispbilling.core.views import DetailPage, ListPage, StaffPage
from radius.server import counts
from radius.server.answering import Question, answer
from radius.server.checking import Origin
from radius.server.explaining import Line, explain, explained
from radius.server.filters import RejectFilter
from radius.server.forms import WRONG, AdoptForm, ConnectionForm
from radius.server.models import AuthAttempt
from radius.server.stored import replay_attempt
from radius.server.tables import RejectTable
from radius.server.unknown import RECENT, unknown

VIEW = "radius.sessions.view"


def _parted(gates: list[Line], prefix: str = "") -> dict[str, list[Line]]:
    """What is closed, to be read first, and what is open."""
    return {
        f"{prefix}closed": [line for line in gates if not line.open],
        f"{prefix}opened": [line for line in gates if line.open],
    }


def _attempts() -> Any:
    return AuthAttempt.objects.select_related("nas", "data_account__customer")


class RejectList(ListPage):
    """Log-ins that were refused, newest first, and the accepted ones that are kept."""

    queryset = _attempts()
    table_class = RejectTable
    filterset_class = RejectFilter
    permission = VIEW
    template_name = "radius/rejects.html"
    title = "Rejects"
    confidential = "usernames, devices and the names of customers, with when and where they logged in"
    search_fields = ("username", "calling_station_id", "data_account__customer__name")
    search_help = "Username, MAC or customer"
    states = (
        State("refused", "Refused", Q(accepted=False)),
        State("accepted", "Accepted", Q(accepted=True)),
        State("all", "All"),
    )
    empty_icon = "ban"
    empty_title = "Nobody was refused"
    empty_text = "A log-in that is refused is listed here with the reason and what every gate said."

    def buttons(self) -> list[Button]:
        return [
            Button("Unknown Usernames", reverse("radius:unknown_list"), "user-question"),
            Button("Connection Check", reverse("radius:login_check"), "help-circle"),
        ]

    def context(self, **extra: Any) -> dict[str, Any]:
        now = clock.now()
        return super().context(
            reasons=counts.by_reason(now),
            strangers=counts.strangers(now),
            dropped=counts.dropped(now),
            **extra,
        )


class UnknownList(StaffPage):
    """Usernames that nobody has, and which data accounts they may be meant to be."""

    permission = VIEW
    title = "Unknown Usernames"
    template_name = "radius/unknown.html"

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Rejects", reverse("radius:reject_list"))]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        said = "Routers that tried to log in during the last 7 days with a username no data account has."
        now = clock.now()
        if more := counts.surplus(now - RECENT):
            said += f" {more:,} more log-ins were counted and not kept: a NAS sent too many a minute."
        return self.answer(subtitle=said, usernames=unknown(now))


class UnknownAdopt(StaffPage):
    """Asks whose data account it is to be, and goes to add it with that username."""

    permission = "radius.accounts.edit"
    title = "Add Data Account"
    template_name = "radius/adopt.html"

    def crumbs(self) -> list[tuple[str, str]]:
        return [
            ("Rejects", reverse("radius:reject_list")),
            ("Unknown Usernames", reverse("radius:unknown_list")),
        ]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        username = request.GET.get("username", "")[:128]
        form = AdoptForm(request.GET if "customer" in request.GET else None, initial={"username": username})
        if form.is_valid():
            there = reverse("radius:data_account_add", args=[form.cleaned_data["customer"].pk])
            return self.go(f"{there}?{urlencode({'username': form.cleaned_data['username']})}")
        return self.answer(form=form, subtitle=f"Whose is the line that logs in as {username}?")


class RejectDetail(DetailPage):
    """One log-in that is kept: what it was decided from, the same decided again, and what today's answer is."""

    model = AuthAttempt
    template_name = "radius/reject.html"
    permission = VIEW
    panels = (
        Panel(
            "Log-in",
            (
                Attr("at", "Time", kind="datetime"),
                Attr("username", kind="mono"),
                Attr("data_account", "Data Account", kind="link", empty="none of ours"),
                Attr(lambda r: r.data_account and r.data_account.customer, "Customer", kind="link"),
                Attr(lambda r: r.code or "accepted", "Reject Code", kind="mono"),
            ),
            icon="login",
        ),
        Panel(
            "Where it came from",
            (
                Attr("nas", "NAS", kind="link", empty="a NAS that is gone"),
                Attr("nas_port", "NAS Port", kind="mono"),
                Attr("calling_station_id", "Device (MAC Address)", kind="mono", help="Calling-Station-Id"),
                Attr("called_station_id", "Called Station", kind="mono"),
                Attr("method", "Password", empty="not known"),
            ),
            icon="router",
            column=2,
        ),
    )

    def get_queryset(self) -> Any:
        return _attempts().select_related("facts")

    def heading(self) -> str:
        return f"{'Log-in' if self.object.accepted else 'Reject'} of {self.object.username}"

    def subtitle(self) -> str:
        return explained(self.object.code)

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Rejects", reverse("radius:reject_list"))]

    def buttons(self) -> list[Button]:
        attempt = self.object
        nas = attempt.nas.pk if attempt.nas else ""
        asked = (
            ("username", attempt.username),
            ("mac", attempt.calling_station_id),
            ("nas", nas),
            ("port", attempt.nas_port),
        )
        again = reverse("radius:login_check") + "?" + urlencode([pair for pair in asked if pair[1]])
        found = [Button("Ask again now", again, "help-circle", "primary")]
        account = attempt.data_account
        if account is None:
            return found
        if profile := url_or_none("customers:customer_detail", account.customer_id):
            found.append(Button("Customer", profile, "user", "dark", "customers.view"))
        return [*found, Button("Data Account", account.get_absolute_url(), "plug-connected")]

    def context(self, **extra: Any) -> dict[str, Any]:
        attempt = self.object
        known = attempt.known
        told = [*known.answer] if known else []
        if attempt.session_timeout:
            told.append(("Session-Timeout", attempt.session_timeout))
        came_from = Origin(attempt.calling_station_id, attempt.nas, attempt.nas_port)
        today = answer(Question(attempt.username, origin=came_from), clock.now())
        return super().context(
            **_parted(explain(attempt.trace)),
            told=told,
            again=replay_attempt(attempt),
            today=today,
            **_parted(today.gates, "today_"),
            **extra,
        )


class ConnectionCheck(StaffPage):
    """ "Can this line connect now, at that time, with this change?": the server's own decision (W-3)."""

    permission = VIEW
    title = "Connection Check"
    template_name = "radius/connection_check.html"

    def context(self, **extra: Any) -> dict[str, Any]:
        said = "Can this line connect now, at another time, or with a change? And if not, why not?"
        return super().context(subtitle=said, **extra)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        form = ConnectionForm(request.GET if "username" in request.GET else None)
        if not form.is_valid():
            return self.answer(form=form)
        asked = form.cleaned_data
        question = Question(
            username=asked["username"],
            at=asked["at"],
            origin=Origin(asked["mac"], asked["nas"], asked["port"]),
            right=asked["password"] != WRONG,
            change=form.change(),
        )
        found = answer(question, clock.now())
        return self.answer(
            form=form,
            question=question,
            found=found,
            **_parted(found.gates),
            remedies=self.permitted(found.remedies),
            attempts=[(row, explained(row.code)) for row in found.attempts],
        )
