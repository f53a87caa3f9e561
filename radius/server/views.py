"""Rejects, and why."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from ispbilling.core import clock
from ispbilling.core.parts import Attr, Button, Panel
from ispbilling.core.tables import url_or_none
from ispbilling.core.views import DetailPage, ListPage, StaffPage
from radius import subscribers
from radius.accounts.models import DataAccount
from radius.policy.codes import sentence
from radius.server.checking import check
from radius.server.explaining import explain
from radius.server.filters import RejectFilter
from radius.server.forms import LoginCheckForm
from radius.server.models import AuthAttempt
from radius.server.tables import RejectTable

VIEW = "radius.sessions.view"


def _rejects() -> Any:
    return AuthAttempt.objects.filter(accepted=False).select_related("nas", "data_account__customer")


class RejectList(ListPage):
    """Log-ins that were refused, newest first."""

    queryset = _rejects()
    table_class = RejectTable
    filterset_class = RejectFilter
    permission = VIEW
    title = "Rejects"
    search_fields = ("username", "calling_station_id", "data_account__customer__name")
    search_help = "Username, MAC or customer"
    empty_icon = "ban"
    empty_title = "Nobody was refused"
    empty_text = "A login that is refused is listed here with the reason and what every gate said."

    def buttons(self) -> list[Button]:
        return [Button("Login Check", reverse("radius:login_check"), "help-circle")]


class RejectDetail(DetailPage):
    queryset = _rejects()
    permission = VIEW
    template_name = "radius/reject.html"
    panels = (
        Panel(
            "Login",
            (
                Attr("at", "Time", kind="datetime"),
                Attr("username", kind="mono"),
                Attr("data_account", "Data Account", kind="link", empty="none of ours"),
                Attr(lambda r: r.data_account and r.data_account.customer, "Customer", kind="link"),
                Attr("nas", "NAS", kind="link", empty="a NAS that is gone"),
                Attr("calling_station_id", "MAC", kind="mono"),
                Attr("code", "Reject Code", kind="mono"),
            ),
            icon="login",
        ),
    )

    def heading(self) -> str:
        return f"Reject of {self.object.username}"

    def subtitle(self) -> str:
        return sentence(self.object.code)

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Rejects", reverse("radius:reject_list"))]

    def buttons(self) -> list[Button]:
        account = self.object.data_account
        if account is None:
            return []
        profile = url_or_none("customers:customer_detail", account.customer_id)
        found = [Button("Customer", profile, "user", "dark", "customers.view")] if profile else []
        return [*found, Button("Data Account", account.get_absolute_url(), "plug-connected")]

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(gates=explain(self.object.trace), **extra)


class LoginCheck(StaffPage):
    """ "Can X log in now?": the decision of the server, asked on what is stored (W-3)."""

    permission = VIEW
    title = "Login Check"
    template_name = "radius/login_check.html"

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(subtitle="Can this username log in now, and if not, why not?", **extra)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        form = LoginCheckForm(request.GET if "username" in request.GET else None)
        if not form.is_valid():
            return self.answer(form=form)
        username, asked = form.cleaned_data["username"], form.cleaned_data
        now = clock.now()
        subscriber = subscribers.find(username, now)
        account = DataAccount.objects.filter(pk=subscriber.account_id).first() if subscriber else None
        attempts = _rejects().filter(username__iexact=username)[:5]
        hidden = ("username", "account_code", "customer", "reject_code")
        table = RejectTable(list(attempts), exclude=hidden, orderable=False)
        return self.answer(
            form=form,
            username=username,
            account=account,
            result=check(subscriber, now, asked["mac"], asked["nas"]),
            table=table,
            empty="No login with this username was refused.",
        )
