"""Prepaid lines: the list of switches, switching there and back, cancelling what is to come."""

from typing import Any

from django.db.models import Q
from django.urls import reverse

from billing.data_sales import quoting, switching
from billing.data_sales.filters import SwitchFilter
from billing.data_sales.forms import CancelForm, SwitchForm
from billing.data_sales.models import (
    DataSalesSettings,
    PrepaidSwitch,
    SwitchState,
    UnusedDays,
)
from billing.data_sales.switching import Wanted
from billing.data_sales.tables import SWITCH, SwitchTable
from billing.data_sales.views.lines import HOME, SEARCH, VIEW, OnLine
from ispbilling.core import clock
from ispbilling.core.clock import local_day
from ispbilling.core.money import format_money
from ispbilling.core.parts import State
from ispbilling.core.units import format_octets
from ispbilling.core.views import ActionPage, ListPage
from radius.models import DataAccount


class SwitchList(ListPage):
    queryset = PrepaidSwitch.objects.select_related("data_account__customer", "leftover", "created_by")
    permission = VIEW
    table_class = SwitchTable
    filterset_class = SwitchFilter
    title = "Prepaid Switches"
    parents = (HOME,)
    confidential = "who is prepaid"
    search_fields = (*SEARCH, "comment")
    search_help = "Account code, name, data account or comment"
    states = (
        State("all", "All"),
        State("scheduled", "Scheduled", Q(state=SwitchState.SCHEDULED)),
        State("applied", "Applied", Q(state=SwitchState.APPLIED)),
        State("failed", "Failed", Q(state=SwitchState.FAILED)),
        State("cancelled", "Cancelled", Q(state=SwitchState.CANCELLED)),
    )
    empty_icon = "switch-horizontal"
    empty_text = "Lines that became prepaid, or monthly again. Switch one on the page of its data account."


class _Switch(OnLine):
    """What both directions share."""

    permission = SWITCH
    form_class = SwitchForm
    submit_icon = "switch-horizontal"
    to_prepaid: bool

    def form_kwargs(self) -> dict[str, Any]:
        may_owe = bool(switching.owing(self.object)) and self.may_owe()
        return {"now": clock.now(), "may_owe": may_owe}

    def obstacles(self, obj: DataAccount) -> list[str]:
        if why := switching.why_not(obj, self.to_prepaid, clock.now()):
            return [why]
        if (debt := switching.owing(obj)) and not self.may_owe():
            return [
                f"{quoting.payer(obj.customer)} owes {format_money(debt)}. It is paid first, or a colleague who may"
                " decides otherwise."
            ]
        return []

    def owed(self, obj: DataAccount) -> list[str]:
        debt = switching.owing(obj)
        return [f"{quoting.payer(obj.customer)} owes {format_money(debt)}."] if debt else []

    def act(self, obj: DataAccount, form: Any, actor: Any) -> PrepaidSwitch:
        asked = form.cleaned_data
        source = f"switch:{asked['token']}"
        wanted = Wanted(obj, self.to_prepaid, form.days[asked["when"]], source, asked["comment"])
        owes = bool(asked.get("on_debt")) and self.may_owe()
        return switching.request(wanted, clock.now(), actor=actor, on_debt=owes)

    def done(self, obj: DataAccount, result: PrepaidSwitch) -> str:
        if result.state == SwitchState.SCHEDULED:
            return f"{obj} becomes {result.words} on {result.effective_on}."
        given = f"; {format_money(result.credited)} came back" if result.credited else ""
        kept = f"; {result.leftover} is kept" if result.leftover else ""
        return f"{obj} is {result.words} now{given}{kept}."

    def undo_url(self, obj: DataAccount, result: PrepaidSwitch) -> str | None:
        if result.state != SwitchState.SCHEDULED:
            return None
        return reverse("billing:prepaid_switch_cancel", args=[result.pk])

    def success_url(self, obj: DataAccount, result: PrepaidSwitch) -> str:
        return str(obj.get_absolute_url())


class SwitchToPrepaid(_Switch):
    title = "Switch to Prepaid"
    submit_label = "Switch to Prepaid"
    to_prepaid = True

    def consequences(self, obj: DataAccount) -> list[str]:
        now, settings = clock.now(), DataSalesSettings.get()
        today = switching.preview(obj, local_day(now), now)
        month = switching.preview(obj, switching.first_of_next_month(now), now)
        found = self.owed(obj)
        names = ", ".join(str(line) for line in today.ended)
        if names:
            found.append(
                f"{names}: charged up to {today.last_day} when it is now, else up to {month.last_day}; then no more."
            )
        if settings.unused_days == UnusedDays.CREDITED:
            found.append(
                f"Days that were billed after that are credited: {format_money(today.credited)} when it is now,"
                f" {format_money(month.credited)} at the end of the month."
            )
        else:
            found.append("Days that were billed after that are forfeited, as the settings say.")
        if today.left_octets:
            found.append(
                f"Now: the {format_octets(today.left_octets)} left of the month are kept for"
                f" {settings.leftover_days} days. At the end of the month they roll over or expire as always."
            )
        return [
            *found,
            "From then on it lives from what it buys: without data it cannot log in.",
            "Top-ups that were bought stay, with their own expiry. You can switch it back.",
        ]


class SwitchToMonthly(_Switch):
    title = "Switch to Monthly"
    submit_label = "Switch to Monthly"
    to_prepaid = False

    def consequences(self, obj: DataAccount) -> list[str]:
        return [
            *self.owed(obj),
            f"From then on it is charged {format_money(obj.price)} a month again, with the next run; of a month that"
            " has begun, the days that are left.",
            f"The cap of the month ({obj.package.cap}) counts again; what is left of bought data stays.",
        ]


class SwitchCancel(ActionPage):
    queryset = PrepaidSwitch.objects.select_related("data_account__customer")
    permission = SWITCH
    parents = (HOME,)
    form_class = CancelForm
    title = "Cancel Switch"
    submit_label, submit_icon, danger = "Cancel the Switch", "x", True
    success_url_name = "billing:prepaid_switch_list"

    def obstacles(self, obj: PrepaidSwitch) -> list[str]:
        if obj.state == SwitchState.SCHEDULED:
            return []
        return [f"It is {obj.get_state_display().lower()} already; switch the line back instead."]

    def consequences(self, obj: PrepaidSwitch) -> list[str]:
        stays = "monthly" if obj.to_prepaid else "prepaid"
        found = [f"{obj.data_account} stays {stays}."]
        if obj.to_prepaid:
            found.append("Its recurring lines go on; days that were credited are charged with the next run.")
        return found

    def act(self, obj: PrepaidSwitch, form: Any, actor: Any) -> PrepaidSwitch:
        return switching.cancel(obj, clock.now(), actor=actor, reason=form.cleaned_data["reason"])

    def done(self, obj: PrepaidSwitch, result: PrepaidSwitch) -> str:
        return f"The switch of {obj.data_account} is cancelled."
