"""Pages of the NAS list."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, FilteredRelation, Max, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse, reverse_lazy

from ispbilling.core import clock
from ispbilling.core.forms import Tabs
from ispbilling.core.models import User
from ispbilling.core.parts import Attr, Button, Panel, State
from ispbilling.core.tables import Table
from ispbilling.core.views import ActionPage, AddPage, DetailPage, EditPage, ListPage, StaffPage
from radius.nas import devices, posture
from radius.nas.filters import NasFilter
from radius.nas.forms import GeneratedInput, NasForm
from radius.nas.models import Nas
from radius.nas.secrets import generate_secret
from radius.nas.setup import Ports, mikrotik, server_address
from radius.nas.tables import NasTable, PostureTable, StrangerTable

EDIT = "radius.nas.edit"
STRANGERS_SHOWN = 20


def _watched() -> Any:
    """The NASes with `open_sessions` and `last_heard`, both from the small index of open sessions."""
    return Nas.objects.select_related("high_site").annotate(
        live=FilteredRelation("sessions", condition=Q(sessions__stopped_at__isnull=True)),
        open_sessions=Count("live"),
        last_heard=Max("live__updated_at"),
    )


class NasList(ListPage):
    queryset = _watched()
    table_class = NasTable
    filterset_class = NasFilter
    permission = "radius.nas.view"
    title = "NAS"
    search_fields = ("name", "address")
    search_help = "Name or address"
    states = (
        State("enabled", "Enabled", Q(enabled=True)),
        State("disabled", "Disabled", Q(enabled=False), hidden_word="disabled"),
        State("all", "All"),
    )
    add_url_name, add_permission, add_label, add_modal = "radius:nas_add", EDIT, "Add NAS", True
    empty_icon = "router"
    empty_text = (
        "A network access server is a router that asks us who may log in. A packet from any other is dropped."
    )

    def buttons(self) -> list[Button]:
        return [Button("Posture", reverse("radius:nas_posture"), "shield-check")]

    def table(self, rows: Any) -> Table:
        return _with_findings(super().table(rows), rows)


def _with_findings(table: Table, rows: Any) -> Table:
    """The table with the lights of its rows; NASes are never many."""
    setattr(table, "findings", posture.findings(list(rows), clock.now()))  # noqa: B010 - not every table has them
    return table


class PostureList(ListPage):
    """How safe and how healthy each NAS is, and who knocks without being one (W-11)."""

    queryset = Nas.objects.all()
    table_class = PostureTable
    filterset_class = NasFilter
    permission = "radius.nas.view"
    template_name = "radius/nas_posture.html"
    title = "NAS Posture"
    parents = (("NAS", reverse_lazy("radius:nas_list")),)
    search_fields = ("name", "address")
    search_help = "Name or address"
    states = NasList.states
    empty_icon = "shield-check"
    empty_text = "Once there are NASes, their signing, secret, clock and updates are judged here."

    def table(self, rows: Any) -> Table:
        return _with_findings(super().table(rows), rows)

    def context(self, **extra: Any) -> dict[str, Any]:
        found = posture.strangers()
        table = StrangerTable(list(found[:STRANGERS_SHOWN]), orderable=False)
        table.request = self.request
        return super().context(strangers=table, total=found.count(), **extra)


class NasDetail(DetailPage):
    queryset = _watched()
    permission = "radius.nas.view"
    template_name = "radius/nas_detail.html"
    panels = (
        Panel(
            "NAS",
            (
                Attr("address", kind="mono", empty="known by its certificate"),
                Attr("kind"),
                Attr(lambda nas: "set; never shown", "Secret"),
                Attr("message_authenticator", "Message-Authenticator"),
                Attr("signed_since", "Signed Since", kind="datetime", empty="not seen to sign"),
                Attr("fingerprint", "Certificate (RadSec)", kind="mono", empty="none: UDP"),
                Attr("coa_port", "CoA Port", empty=f"{settings.RADIUS_COA_PORT} (default)"),
                Attr("high_site", "High Site"),
                Attr("enabled", kind="yes", empty="No"),
            ),
            icon="router",
        ),
        Panel(
            "Now",
            (
                Attr("open_sessions", "Open Sessions"),
                Attr("last_heard", "Last Session Update", kind="datetime", empty="no open session"),
            ),
            column=2,
            icon="activity",
        ),
    )

    def crumbs(self) -> list[tuple[str, str]]:
        return [("NAS", reverse("radius:nas_list"))]

    def subtitle(self) -> str:
        if not self.object.enabled:
            return "Disabled: its packets are dropped like a stranger's"
        return f"{self.object.open_sessions} sessions open"

    def buttons(self) -> list[Button]:
        sessions = reverse("radius:session_list") + f"?nas={self.object.pk}"
        edit = reverse("radius:nas_edit", args=[self.object.pk])
        found = [Button("Active Sessions", sessions, "activity", permission="radius.sessions.view")]
        if self.object.signed_since:
            forget = reverse("radius:nas_forget_signing", args=[self.object.pk])
            found.append(Button("Forget That It Signed", forget, "eraser", permission=EDIT, modal=True))
        return [*found, Button("Edit", edit, "pencil", "primary", EDIT, modal=True)]

    def context(self, **extra: Any) -> dict[str, Any]:
        ports = Ports(
            settings.RADIUS_AUTH_PORT,
            settings.RADIUS_ACCT_PORT,
            self.object.coa_port or settings.RADIUS_COA_PORT,
        )
        address = server_address(settings.RADIUS_ADDRESS, urlsplit(settings.BASE_URL).hostname or "")
        return super().context(setup=mikrotik(address, ports), **extra)


class NasAdd(AddPage):
    model = Nas
    permission = EDIT
    title = "Add NAS"
    submit_label = "Add NAS"
    form_class = NasForm

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"address": self.request.GET.get("address", "")}}

    def act(self, obj: Nas, form: Tabs, actor: User) -> Nas:
        return devices.add(obj, clock.now(), actor=actor)

    def done(self, obj: Nas, result: Nas) -> str:
        return f"{result} is added. Below is what to type on the router."

    def came_from(self) -> str:
        return "" if self.request.method == "POST" else super().came_from()

    def close_url(self) -> str:
        return reverse("radius:nas_list")


class NasEdit(EditPage):
    model = Nas
    permission = EDIT
    form_class = NasForm

    def act(self, obj: Nas, form: Tabs, actor: User) -> Nas:
        return devices.edit(obj, form.changed, clock.now(), actor=actor, seen=form.seen)


class NasForgetSigning(ActionPage):
    """A router was exchanged for one that does not sign: back to waiting for its first signature."""

    queryset = Nas.objects.all()
    permission = EDIT
    title, submit_label, submit_icon = "Forget That It Signed", "Forget It", "eraser"

    def consequences(self, obj: Nas) -> list[str]:
        return [
            "Its requests are answered without Message-Authenticator again, until it next sends one.",
            "Meanwhile somebody between the router and this server could forge an answer (CVE-2024-3596). "
            "Update the router rather than leave it so.",
        ]

    def act(self, obj: Nas, form: Tabs, actor: User) -> Nas:
        return devices.forget_signing(obj, clock.now(), actor=actor)

    def done(self, obj: Nas, result: Nas) -> str:
        return f"{result} may ask without signing until it next signs."


class SecretGenerate(StaffPage):
    """Another random secret for a form that is being filled: the input with its buttons, for HTMX."""

    permission = "radius.accounts.edit"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        name, element = request.GET.get("name", "secret"), request.GET.get("id", "id_secret")
        classes = {"id": element, "class": "textinput form-control"}
        response = HttpResponse(GeneratedInput(classes).render(name, generate_secret()))
        response["Cache-Control"] = "no-store"
        return response
