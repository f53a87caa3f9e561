"""The verbs of the profile; each page says what will happen before the button (LIF-3..LIF-8, PWD-1)."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from customers.accounts import deletion, editing, gates, listing
from customers.accounts.models import Customer, GateKind
from customers.profile.forms import CancelForm, OptionalReasonForm, ReasonForm
from ispbilling.core import clock, events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import format_money
from ispbilling.core.parts import Button
from ispbilling.core.views import ActionPage


class CustomerAct(ActionPage):
    """What they share: the customer with its balance and number of data accounts, and the way back."""

    undo_name = ""

    def get_queryset(self) -> Any:
        return listing.with_row(Customer.objects.all(), clock.now())

    def undo_url(self, obj: Customer, result: Any) -> str | None:
        return reverse(f"customers:{self.undo_name}", args=[obj.pk]) if self.undo_name else None

    def network(self, obj: Any, sentence: str) -> str:
        """What it does to the data accounts: the sentence with their number in words."""
        count = len(obj.lines)
        if not count:
            return "There is no data account, so nothing changes on the network."
        return sentence.format("its data account" if count == 1 else f"its {count} data accounts")


class CustomerSuspend(CustomerAct):
    permission = "customers.suspend"
    title = submit_label = "Suspend Now"
    submit_icon = "player-pause"
    danger = True
    form_class = ReasonForm
    undo_name = "customer_unsuspend"

    def consequences(self, obj: Any) -> list[str]:
        return [
            self.network(obj, "Blocked at once: {}; who is online is disconnected."),
            "The customer can still log in to the portal, view usage and ask for help.",
            "The customer is not notified.",
            f"Billing does not stop. The balance is {format_money(listing.balance(obj))}.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> None:
        reason = form.cleaned_data["reason"]
        gates.close(obj, GateKind.SUSPENDED, clock.now(), actor=actor, reason=reason)

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is suspended."


class CustomerUnsuspend(CustomerAct):
    permission = "customers.suspend"
    title = submit_label = "Un-suspend"
    submit_icon = "player-play"

    def consequences(self, obj: Any) -> list[str]:
        return [
            self.network(obj, "Can authenticate again, unless another gate is closed: {}."),
            "The customer is not notified.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> None:
        gates.open_(obj, GateKind.SUSPENDED, clock.now(), actor=actor)

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is no longer suspended."


class CustomerDisable(CustomerAct):
    permission = "customers.disable"
    title = submit_label = "Disable"
    submit_icon = "plug-connected-x"
    danger = True
    form_class = ReasonForm
    undo_name = "customer_enable"

    def consequences(self, obj: Any) -> list[str]:
        return [
            self.network(
                obj, "No service at all for {}, capped service included; sessions are disconnected."
            ),
            f"Billing does not stop; only a cancellation stops it. Balance: {format_money(listing.balance(obj))}.",
            "The customer is greyed out in the list, and is not notified.",
        ]

    def buttons(self) -> list[Button]:
        url = reverse("customers:customer_cancel", args=[self.object.pk])
        return [
            Button("Cancel Service instead", url, "calendar-x", permission="customers.suspend", modal=True)
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> None:
        gates.close(obj, GateKind.DISABLED, clock.now(), actor=actor, reason=form.cleaned_data["reason"])

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is disabled."


class CustomerEnable(CustomerAct):
    permission = "customers.disable"
    title = submit_label = "Enable"
    submit_icon = "plug-connected"

    def consequences(self, obj: Any) -> list[str]:
        return [
            self.network(obj, "Can authenticate again: {}."),
            "A suspension or cancellation stays as it is.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> None:
        gates.open_(obj, GateKind.DISABLED, clock.now(), actor=actor)

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is enabled."


class CustomerCancel(CustomerAct):
    """The last day of service with its reason (LIF-8, D-9, D-10)."""

    permission = "customers.suspend"
    title = submit_label = "Cancel Service"
    submit_icon = "calendar-x"
    danger = True
    form_class = CancelForm
    undo_name = "customer_cancel_clear"

    def consequences(self, obj: Any) -> list[str]:
        return [
            self.network(obj, "Access ends at midnight after the last day for {}."),
            "Time through that day is billed, recurring entries after it are not. Best is a month's end.",
            f"What is owed stays owed. The balance is {format_money(listing.balance(obj))}.",
            "Clear the date any time before to go on as if nothing had been.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> Any:
        day, reason = form.cleaned_data["last_day"], form.cleaned_data["reason"]
        return gates.cancel(obj, day, clock.now(), actor=actor, reason=reason)

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is cancelled; the last day of service is {result.last_day}."

    def success_url(self, obj: Customer, result: Any) -> str:
        return obj.get_absolute_url()


class CustomerCancelClear(CustomerAct):
    permission = "customers.suspend"
    title = submit_label = "Clear Cancellation"
    submit_icon = "calendar-check"

    def consequences(self, obj: Any) -> list[str]:
        return ["Service and billing go on without an end date.", "The customer is not notified."]

    def act(self, obj: Customer, form: Any, actor: User) -> None:
        gates.open_(obj, GateKind.CANCELLED, clock.now(), actor=actor)

    def done(self, obj: Customer, result: Any) -> str:
        return f"The cancellation of {obj} is cleared."


class CustomerDelete(CustomerAct):
    """Hide the customer; consider disabling first (LIF-5, D-14)."""

    permission = "customers.delete"
    title = submit_label = "Delete"
    submit_icon = "trash"
    danger = True
    form_class = OptionalReasonForm
    undo_name = "customer_undelete"

    def obstacles(self, obj: Any) -> list[str]:
        against = deletion.refusals(obj, clock.now())
        return [*against, "To stop the service meanwhile, disable the customer."] if against else []

    def consequences(self, obj: Any) -> list[str]:
        return [
            self.network(obj, "Access ends at once for {}."),
            "Nothing new is billed.",
            "The record is hidden, not destroyed: code, username, invoices and payments are kept.",
            "Undelete brings everything back as it was. To stop service for a while, disable instead.",
            "The customer is not notified.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> None:
        deletion.delete(obj, clock.now(), actor=actor, reason=form.cleaned_data["reason"])

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is deleted."


class CustomerUndelete(CustomerAct):
    permission = "customers.delete"
    title = submit_label = "Undelete"
    submit_icon = "restore"

    def consequences(self, obj: Any) -> list[str]:
        return [
            "The customer is back in the list.",
            self.network(obj, "Can authenticate again, unless something else stops it: {}."),
            "What else had closed its access (disabled, suspended, cancelled) stays closed.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> None:
        deletion.undelete(obj, clock.now(), actor=actor)

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is back."


class CustomerPasswordReset(CustomerAct):
    """Mail the link to set a portal password (PWD-1), to an address confirmed by phone (PWD-2)."""

    permission = "customers.password"
    title = "Password Reset"
    submit_label = "Send the Link"
    submit_icon = "mail-forward"

    def login(self, obj: Customer) -> Any:
        return obj.portal_logins.select_related("user").first()

    def obstacles(self, obj: Any) -> list[str]:
        if self.login(obj) is None:
            return ["There is no portal login yet: give it a username on the Portal Login tab first."]
        return []

    def consequences(self, obj: Any) -> list[str]:
        login = self.login(obj)
        if login is None:
            return []
        return [
            f"A link to set a new password goes to {login.user.email or '(no e-mail address)'}.",
            "On the phone? Confirm that e-mail address first, so that the right person gets the link.",
            f"The username is {login.user.username}. The present password works until a new one is set.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> str:
        login = self.login(obj)
        if login is None:
            raise DomainError("There is no portal login yet.")
        editing.request_reset(login, clock.now(), actor=actor)
        return str(login.user.email)

    def done(self, obj: Customer, result: Any) -> str:
        return f"The link is on its way to {result}."


class CustomerIdNumber(CustomerAct):
    """Show the ID number to somebody who says why; that is recorded."""

    permission = "customers.edit"
    title = "Show ID Number"
    submit_label = "Show"
    submit_icon = "eye"
    form_class = ReasonForm

    def get_queryset(self) -> Any:
        return Customer.objects.all()

    def consequences(self, obj: Customer) -> list[str]:
        return ["Your name, the time and the reason are recorded on the customer's timeline."]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answered at once and kept nowhere: a message would leave the number in the session."""
        self.object = self.find()
        form = self.form()
        if not form.is_valid():
            return self.show(form)
        reason = form.cleaned_data["reason"]
        events.record(
            "customer.id_number_shown", self.object, actor=self.actor, at=clock.now(), reason=reason
        )
        response: HttpResponse = self.answer(
            "customers/_id_number.html" if self.partial == "dialog-content" else "customers/id_number.html"
        )
        response["Cache-Control"] = "no-store"
        return response
