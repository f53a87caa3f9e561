"""Recent rejects and the access decision, on the customer's profile and the page of a data account (PRO-9)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from ispbilling.core import clock
from ispbilling.core.parts import Button
from ispbilling.core.registries import Widget
from radius import subscribers
from radius.accounts.models import DataAccount
from radius.policy.codes import sentence
from radius.server.checking import check
from radius.server.models import AuthAttempt

SHOWN = 5
RECENT = timedelta(days=7)


class ProblemsWidget(Widget):
    """The log-ins of this customer's lines that were refused in the last week."""

    name, title, icon = "problems", "Rejects", "ban"
    template_name = "radius/_rejects_widget.html"
    permission = "radius.sessions.view"
    column, weight = 1, 50

    def rejects(self) -> Any:
        return AuthAttempt.objects.filter(data_account__in=DataAccount.objects.filter(customer=self.obj))

    def query(self) -> str:
        return f"?customer={self.obj.code}"

    def context(self) -> Mapping[str, Any]:
        rows = self.rejects().filter(accepted=False, at__gte=clock.now() - RECENT).select_related("nas")
        return {"rejects": [(row, sentence(row.code)) for row in rows[:SHOWN]]}

    def view_all(self) -> str:
        return reverse("radius:reject_list") + self.query()


class LineRejectsWidget(ProblemsWidget):
    """The same for one data account."""

    name = "rejects"
    column, weight = 1, 90

    def rejects(self) -> Any:
        return AuthAttempt.objects.filter(data_account=self.obj)

    def query(self) -> str:
        return "?" + urlencode({"username": self.obj.username})


class AccessWidget(Widget):
    """Whether this line could log in now, and what every gate says: the server's own decision."""

    name, title, icon = "access", "Can It Log In Now?", "door"
    template_name = "radius/_access_widget.html"
    permission = "radius.sessions.view"
    column, weight = 2, 5

    def context(self) -> Mapping[str, Any]:
        now = clock.now()
        return {"result": check(subscribers.find_accounts([self.obj.pk], now).get(self.obj.pk), now)}

    def buttons(self) -> list[Button]:
        there = reverse("radius:login_check") + "?" + urlencode({"username": self.obj.username})
        return [Button("Explain", there, "help-circle")]
