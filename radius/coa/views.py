"""Who is online, what is wrong with it, and the buttons that end or change a session."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property

from ispbilling.core import clock
from ispbilling.core.errors import DomainError
from ispbilling.core.parts import BulkAction, Button, State
from ispbilling.core.tables import Table
from ispbilling.core.units import counted
from ispbilling.core.views import ActionPage, BulkPage, ListPage
from radius.coa import answers, asking, comparing, problems
from radius.coa.models import Kind
from radius.coa.problems import PROBLEMS
from radius.coa.tables import ActiveTable, ProblemTable
from radius.usage.addresses import NoAddresses
from radius.usage.filters import SessionFilter
from radius.usage.models import Session

VIEW, DISCONNECT = "radius.sessions.view", "radius.sessions.disconnect"


def _shown() -> Any:
    return Session.objects.select_related("nas", "data_account__customer", "data_account__package")


class _LiveList(NoAddresses, ListPage):
    """A list of sessions that keeps itself current; the address of the page stays as it is."""

    template_name = "radius/session_list.html"
    filterset_class = SessionFilter
    permission = VIEW
    confidential = "who is online, from which address and device"
    search_fields = ("username", "calling_station_id", "data_account__customer__name")
    search_help = "Username, MAC or customer"
    bulk_actions = (
        BulkAction("Apply Settings", "radius:session_apply_bulk", "refresh", DISCONNECT),
        BulkAction("Disconnect", "radius:session_disconnect_bulk", "plug-connected-x", DISCONNECT, "danger"),
    )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().get(request, *args, **kwargs)
        if request.headers.get("HX-Trigger") == "live":
            del response["HX-Push-Url"]
        return response


class ActiveSessions(_LiveList):
    """Active RADIUS sessions (USE-12)."""

    table_class = ActiveTable
    title = "Active Sessions"
    empty_icon = "activity"
    empty_title = "Nobody is online"
    empty_text = "A session appears here as soon as a NAS reports that it has started."

    def get_queryset(self) -> Any:
        return _shown().filter(pk__in=Session.objects.open())

    def table(self, rows: Any) -> Table:
        table = super().table(rows)
        table.refusals, table.answers = {}, {}
        return table

    def results(self) -> dict[str, Any]:
        """With what should become of the sessions of this page, and what became of what staff asked."""
        found = super().results()
        table = found["table"]
        shown = [row.record.pk for row in table.page.object_list]
        now = clock.now()
        table.refusals, table.answers = comparing.refusals(shown, now), answers.lately(shown, now)
        return found

    def buttons(self) -> list[Button]:
        return [
            Button("Problem Sessions", reverse("radius:session_problems"), "alert-triangle"),
            Button("Previous Sessions", reverse("radius:session_history"), "history"),
        ]


class ProblemSessions(_LiveList):
    """Sessions with which something is wrong, each with its worst problem."""

    table_class = ProblemTable
    title = "Problem Sessions"
    states = (
        State("all", "All Problems"),
        *(State(name, problem.label) for name, problem in PROBLEMS.items()),
    )
    empty_icon = "circle-check"
    empty_title = "No session has a problem"
    empty_text = "Sessions that should not be, that a NAS refuses to end, or that nobody reports any more."

    @cached_property
    def problems(self) -> Any:
        """Those of this moment: to tell who should not be online, every open session is compared once."""
        return problems.sessions(clock.now())

    def get_queryset(self) -> Any:
        rows = self.problems.select_related("nas", "data_account__customer")
        chosen = self.state
        return rows.filter(problem=chosen.name) if chosen and chosen.name != "all" else rows

    def context(self, **extra: Any) -> dict[str, Any]:
        counts = (
            {} if self.partial else problems.counts(self.problems)
        )  # they stand outside what is refreshed
        named = [(name, PROBLEMS[name], count) for name, count in counts.items()]
        return super().context(problems=named, **extra)

    def buttons(self) -> list[Button]:
        return [
            Button("Problem Packets", reverse("radius:quarantine_list"), "package-off"),
            Button("Active Sessions", reverse("radius:session_list"), "activity"),
        ]


class Disconnect(ActionPage):
    """Have one session ended now; its line may log in again at once."""

    model = Session
    permission = DISCONNECT
    title, submit_label, submit_icon, danger = "Disconnect", "Disconnect", "plug-connected-x", True
    kind = Kind.DISCONNECT

    def consequences(self, obj: Session) -> list[str]:
        return [
            f"{obj.nas or 'Its NAS'} is asked to end this session; the page shows what it answers.",
            "Nothing else changes: a line that may be online can log in again at once.",
        ]

    def obstacles(self, obj: Session) -> list[str]:
        return ["The session has ended."] if obj.stopped_at else []

    def act(self, obj: Session, form: Any, actor: Any) -> None:
        if obj.stopped_at:
            raise DomainError("The session has ended.")
        asking.ask([obj], self.kind, clock.now(), actor=actor)

    def done(self, obj: Session, result: Any) -> str:
        return f"{obj.nas or 'The NAS'} is being asked about {obj.username}."

    def came_from(self) -> str:
        return str(self.object.get_absolute_url())


class ApplySettings(Disconnect):
    """Have one session given the settings its line should have."""

    title, submit_label, submit_icon, danger = "Apply Settings", "Apply", "refresh", False
    kind = Kind.COA

    def consequences(self, obj: Session) -> list[str]:
        return [
            f"{obj.nas or 'Its NAS'} is sent the speed and the other settings that the package and the line have now.",
            "Nobody is disconnected. An address or a pool is only given at the next log-in.",
        ]


class BulkDisconnect(BulkPage):
    """The same for the sessions ticked in a list."""

    queryset = Session.objects.open()
    permission = DISCONNECT
    title, submit_label, submit_icon, danger = "Disconnect Sessions", "Disconnect", "plug-connected-x", True
    success_url_name = "radius:session_list"

    kind = Kind.DISCONNECT

    def find(self) -> Any:
        """Those of them that are still open: sessions end while people read."""
        try:
            return super().find()
        except Http404:
            return []

    def obstacles(self, obj: list[Session]) -> list[str]:
        return [] if obj else ["None of these sessions is open any more."]

    def consequences(self, obj: list[Session]) -> list[str]:
        return [
            f"The NASes are asked to end {counted(len(obj), 'session')}.",
            "Nothing else changes: a line that may be online can log in again at once.",
        ]

    def act(self, obj: Session, form: Any, actor: Any) -> None:
        asking.ask([obj], self.kind, clock.now(), actor=actor)

    def done(self, obj: list[Session], result: Any) -> str:
        return f"Asked to end {counted(result, 'session')}. Those that end leave this list; the State tells of others."


class BulkApplySettings(BulkDisconnect):
    """Have the sessions ticked in a list given the settings their lines should have."""

    title, submit_label, submit_icon, danger = "Apply Settings", "Apply", "refresh", False
    kind = Kind.COA

    def consequences(self, obj: list[Session]) -> list[str]:
        return [
            f"The NASes are sent the speed and the other settings that {counted(len(obj), 'session')} should have now.",
            "Nobody is disconnected. An address or a pool is only given at the next log-in.",
        ]

    def done(self, obj: list[Session], result: Any) -> str:
        return f"Asked to change {counted(result, 'session')}. The State tells what each NAS answered."
