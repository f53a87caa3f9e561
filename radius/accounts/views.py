"""Pages of data accounts."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse

from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.errors import DomainError
from ispbilling.core.forms import Tabs
from ispbilling.core.models import User
from ispbilling.core.money import format_money
from ispbilling.core.parts import Attr, Button, Panel, Tab
from ispbilling.core.tables import url_or_none
from ispbilling.core.units import format_kbps
from ispbilling.core.views import ActionPage, AddPage, DetailPage, EditPage, ListPage, scoped
from radius.accounts import lines
from radius.accounts.filters import DataAccountFilter
from radius.accounts.forms import LastDayForm, LineForm, NetworkForm, ReasonForm, SecretForm
from radius.accounts.models import DataAccount
from radius.accounts.states import MEANINGS, RadiusStatus, with_status
from radius.accounts.tables import EDIT, DataAccountTable
from radius.catalogue.models import CapKind
from radius.nas.secrets import generate_secret

VIEW = "radius.accounts.view"
REVEAL = "radius.accounts.reveal"
TABS = (
    Tab("line", "Data Account", LineForm, icon="plug-connected"),
    Tab("network", "Network", NetworkForm, icon="network"),
)


def _full(accounts: Any) -> Any:
    rows = accounts.select_related("customer", "package__service", "nas_lock")
    return with_status(rows, clock.now())


class DataAccountList(ListPage):
    table_class = DataAccountTable
    filterset_class = DataAccountFilter
    permission = VIEW
    title = "Data Accounts"
    confidential = "usernames and the names of their customers"
    search_fields = ("username", "customer__code", "customer__name")
    search_help = "Username, code or customer"
    empty_icon = "plug-connected"
    empty_text = "A data account is a line that logs in. Add the first one on the profile of its customer."

    def get_queryset(self) -> Any:
        return _full(DataAccount.objects.all())

    def buttons(self) -> list[Button]:
        there = url_or_none("customers:customer_list")
        return [Button("Customers", there, "users", permission="customers.view")] if there else []


class DataAccountDetail(DetailPage):
    model = DataAccount
    permission = VIEW
    panels = (
        Panel(
            "Data Account",
            (
                Attr("customer", kind="link"),
                Attr("username", kind="mono"),
                Attr("medium"),
                Attr("package", kind="link"),
                Attr(lambda a: format_kbps(a.package.service.down_kbps), "Speed Down"),
                Attr(lambda a: format_kbps(a.package.service.up_kbps), "Speed Up"),
                Attr("package.cap", "Monthly Cap"),
                Attr("price", "Monthly Cost", kind="money"),
                Attr(
                    lambda a: a.custom_price is not None,
                    "Custom Price",
                    kind="yes",
                    empty="No, the package's",
                ),
                Attr("custom_topup_price", "Top-up Price per GB", kind="money", empty="each top-up's own"),
                Attr("starts_on", "First Day", kind="date"),
                Attr("ends_on", "Last Day", kind="date", empty="open"),
            ),
            icon="plug-connected",
        ),
        Panel(
            "Network",
            (
                Attr("framed_ip", "Static IPv4", kind="mono", empty="from the pool"),
                Attr("package.framed_pool", "Pool", kind="mono", empty="the NAS's own"),
                Attr("framed_ipv6_prefix", "IPv6 Prefix of the Link", kind="mono", empty="from the pool"),
                Attr("delegated_ipv6_prefix", "Delegated IPv6 Prefix", kind="mono", empty="from the pool"),
                Attr("package.framed_ipv6_pool", "IPv6 Pool", kind="mono", empty="the NAS's own"),
                Attr(
                    "package.delegated_ipv6_pool", "IPv6 Delegation Pool", kind="mono", empty="the NAS's own"
                ),
                Attr("mac_authentication", "MAC Authentication", kind="yes"),
                Attr("mac_lock", "MAC Lock", kind="mono", empty="any device"),
                Attr("nas_lock", "NAS Lock", kind="link", empty="any NAS"),
                Attr("port_lock", "Port Lock", kind="mono", empty="any port"),
            ),
            icon="network",
            weight=60,
        ),
    )

    def get_queryset(self) -> Any:
        return _full(DataAccount.objects.all())

    def crumbs(self) -> list[tuple[str, str]]:
        profile = url_or_none("customers:customer_detail", self.object.customer_id)
        above = [("Data Accounts", reverse("radius:data_account_list"))]
        return above + ([(str(self.object.customer), profile)] if profile else [])

    def subtitle(self) -> str:
        return f"{RadiusStatus(self.object.radius_status).label} · {self.object.customer}"

    def banners(self) -> list[tuple[str, str]]:
        found = []
        if self.object.blocked:
            found.append(("stopped", f"Blocked: {self.object.blocked_reason or 'no reason was given'}."))
        status = RadiusStatus(self.object.radius_status)
        if status == RadiusStatus.CAPPED and self.object.package.cap_kind == CapKind.SOFT:
            found.append((MEANINGS[status], "Capped: slower until the month ends or more is bought."))
        elif status not in (RadiusStatus.DEFAULT, RadiusStatus.BLOCKED, RadiusStatus.TOPUP):
            found.append((MEANINGS[status], f"{status.label}: this line cannot log in."))
        return found

    def buttons(self) -> list[Button]:
        def verb(label: str, name: str, icon: str, look: str = "secondary", permission: str = EDIT) -> Button:
            url = reverse(f"radius:data_account_{name}", args=[self.object.pk])
            return Button(label, url, icon, look, permission, modal=True)

        block = (
            verb("Unblock", "unblock", "lock-open")
            if self.object.blocked
            else verb("Block", "block", "lock", "danger")
        )
        change = url_or_none("billing:package_change_add", self.object.customer_id)
        return [
            *(
                [Button("Change Package", f"{change}?line={self.object.pk}", "switch-3", permission=EDIT)]
                if change and not self.object.prepaid
                else []
            ),
            verb("Show Password", "reveal", "eye", permission=REVEAL),
            verb("New Password", "secret", "key"),
            verb("Last Day", "end", "calendar-x"),
            block,
            verb("Edit", "edit", "pencil", "primary"),
        ]


class DataAccountAdd(AddPage):
    """Adds a line to the customer of the URL (DAT-3)."""

    model = DataAccount
    permission = EDIT
    title = "Add Data Account"
    submit_label = "Add Data Account"
    tabs = TABS

    def find(self) -> DataAccount:
        customer = get_object_or_404(scoped(Customer.objects, self.actor), pk=self.kwargs["customer"])
        self.title = f"Add Data Account - {customer}"
        return DataAccount(customer=customer)

    def form_kwargs(self) -> dict[str, Any]:
        if self.request.method == "POST":
            return {}
        return {
            "initial": {
                "username": self.request.GET.get("username") or lines.suggest_username(self.object.customer),
                "secret": generate_secret(),
                "starts_on": clock.local_day(clock.now()),
            }
        }

    def act(self, obj: DataAccount, form: Tabs, actor: User) -> DataAccount:
        return lines.add(obj, clock.now(), actor=actor)

    def close_url(self) -> str:
        profile = url_or_none("customers:customer_detail", self.object.customer_id)
        return self.came_from() or profile or reverse("radius:data_account_list")

    def about(self, obj: DataAccount) -> Customer:
        return obj.customer


class _OnLine:
    """What every page about one line shares."""

    model = DataAccount
    permission = EDIT

    def get_queryset(self) -> Any:
        return DataAccount.objects.select_related("customer", "package__service")


class DataAccountEdit(_OnLine, EditPage):
    tabs = TABS

    def act(self, obj: DataAccount, form: Tabs, actor: User) -> DataAccount:
        return lines.edit(obj, form.changed, clock.now(), actor=actor, seen=form.seen)


class DataAccountBlock(_OnLine, ActionPage):
    title = "Block Data Account"
    submit_label = "Block"
    submit_icon = "lock"
    danger = True
    form_class = ReasonForm

    def consequences(self, obj: DataAccount) -> list[str]:
        return [
            "It cannot log in from now on; a session that is open is disconnected.",
            "The customer's other data accounts keep working.",
            f"Billing goes on: {format_money(obj.price)} a month. Only a last day stops it.",
        ]

    def act(self, obj: DataAccount, form: Any, actor: User) -> DataAccount:
        return lines.block(obj, clock.now(), actor=actor, reason=form.cleaned_data["reason"])

    def done(self, obj: DataAccount, result: DataAccount) -> str:
        return f"{obj} is blocked."

    def undo_url(self, obj: DataAccount, result: DataAccount) -> str:
        return reverse("radius:data_account_unblock", args=[obj.pk])


class DataAccountUnblock(_OnLine, ActionPage):
    title = "Unblock Data Account"
    submit_label = "Unblock"
    submit_icon = "lock-open"

    def consequences(self, obj: DataAccount) -> list[str]:
        return ["It can log in again, unless something else stops it."]

    def act(self, obj: DataAccount, form: Any, actor: User) -> DataAccount:
        return lines.unblock(obj, clock.now(), actor=actor)

    def done(self, obj: DataAccount, result: DataAccount) -> str:
        return f"{obj} is unblocked."

    def undo_url(self, obj: DataAccount, result: DataAccount) -> str:
        return reverse("radius:data_account_block_again", args=[obj.pk])


class DataAccountBlockAgain(DataAccountBlock):
    """Takes back an unblocking."""

    title = "Block Again"
    submit_label = "Undo"
    submit_icon = "arrow-back-up"
    form_class = None

    def act(self, obj: DataAccount, form: Any, actor: User) -> DataAccount:
        return lines.block_again(obj, clock.now(), actor=actor)


class DataAccountEnd(_OnLine, ActionPage):
    title = "Last Day of Service"
    submit_label = "Set Last Day"
    submit_icon = "calendar-x"
    danger = True
    form_class = LastDayForm

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"ends_on": self.object.ends_on}}

    def consequences(self, obj: DataAccount) -> list[str]:
        return [
            "It works until midnight after the last day, and cannot log in after that.",
            "The date can be moved or cleared until it has passed.",
        ]

    def act(self, obj: DataAccount, form: Any, actor: User) -> DataAccount:
        return lines.end(obj, form.cleaned_data["ends_on"], clock.now(), actor=actor)

    def done(self, obj: DataAccount, result: DataAccount) -> str:
        return (
            f"{obj} stays open." if result.ends_on is None else f"The last day of {obj} is {result.ends_on}."
        )


class DataAccountSecret(_OnLine, ActionPage):
    title = "New RADIUS Password"
    submit_label = "Set Password"
    submit_icon = "key"
    danger = True
    form_class = SecretForm

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"secret": generate_secret()}}

    def consequences(self, obj: DataAccount) -> list[str]:
        return [
            "The router can log in only with the new password; set it there as well.",
            "An open session goes on until it ends by itself.",
        ]

    def act(self, obj: DataAccount, form: Any, actor: User) -> DataAccount:
        return lines.change_secret(obj, form.cleaned_data["secret"], clock.now(), actor=actor)

    def done(self, obj: DataAccount, result: DataAccount) -> str:
        return f"{obj} has a new RADIUS password."


class DataAccountReveal(_OnLine, ActionPage):
    """Shows the RADIUS password once, after the reason is on record; nothing keeps the page that shows it."""

    permission = REVEAL
    title = "Show RADIUS Password"
    submit_label = "Show Password"
    submit_icon = "eye"
    form_class = ReasonForm

    def consequences(self, obj: DataAccount) -> list[str]:
        return ["Your name, the time and the reason are recorded on the customer's timeline."]

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        self.object = self.find()
        form = self.form()
        if not form.is_valid():
            return self.show(form)
        reason = form.cleaned_data["reason"]
        try:
            secret = lines.reveal_secret(self.object, clock.now(), actor=self.actor, reason=reason)
        except DomainError as refusal:
            form.add_error(str(refusal))
            return self.show(form)
        dialog = self.partial == "dialog-content"
        response = self.answer(
            "radius/_secret_dialog.html" if dialog else "radius/secret.html",
            secret=secret,
            close_url=self.close_url(),
        )
        response["Cache-Control"] = "no-store"
        return response
