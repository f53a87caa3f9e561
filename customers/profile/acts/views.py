"""The verbs of the profile; each page says what will happen before the button (LIF-3..LIF-8, PWD-1)."""

from typing import Any

from django.urls import reverse

from customers.accounts import deletion, editing, gates, listing
from customers.accounts.models import Customer, Gate, GateKind
from customers.profile.forms import CancelForm, DeleteOwingForm, OptionalReasonForm, ReasonForm
from customers.relations import paying
from ispbilling.core import access, clock, events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import format_money
from ispbilling.core.parts import Button, Tab
from ispbilling.core.views import ActionPage, RevealPage


class CustomerAct(ActionPage):
    """What they share: the customer with its balance and number of data accounts, and the way back."""

    undo_name = ""

    def get_queryset(self) -> Any:
        rows = listing.with_row(Customer.objects.all(), clock.now())
        return rows.select_related("master__balance_row")

    def owes(self, obj: Any) -> str:
        """The balance of whoever pays for it, as a sentence."""
        payer = paying.payer(obj)
        if payer.pk == obj.pk:
            return f"The balance is {format_money(listing.balance(obj))}."
        return f"{payer} pays for it; the balance there is {format_money(listing.balance(payer))}."

    def undo_url(self, obj: Customer, result: Any) -> str | None:
        return reverse(f"customers:{self.undo_name}", args=[obj.pk]) if self.undo_name else None

    def network(self, obj: Any, sentence: str) -> str:
        """What it does to the data accounts: the sentence with their number in words."""
        count = obj.line_count
        if not count:
            return "There is no data account, so nothing changes on the network."
        return sentence.format("its data account" if count == 1 else f"its {count} data accounts")


class CloseAgain(CustomerAct):
    """Take back an Un-suspend, Enable, Clear Cancellation or Undelete: closed as it was, for the same reason."""

    kind: GateKind
    submit_label = "Undo"
    submit_icon = "arrow-back-up"
    danger = True

    def last(self, obj: Customer) -> Gate | None:
        return obj.gates.filter(kind=self.kind, until__isnull=False).order_by("-id").first()

    def obstacles(self, obj: Any) -> list[str]:
        return [] if self.last(obj) else [f"{obj.code} was never {self.kind.label.lower()}: nothing to undo."]

    def consequences(self, obj: Any) -> list[str]:
        last = self.last(obj)
        reason = f" The reason stays: {last.reason}" if last and last.reason else ""
        return [
            f"{obj} is {self.kind.label.lower()} again, as before.{reason}",
            self.network(obj, "Blocked again: {}; who is online is disconnected."),
            "The customer is not notified. Billing does not change with a suspension or by disabling.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> Any:
        return gates.close_again(obj, self.kind, clock.now(), actor=actor)

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is {self.kind.label.lower()} again."


class CustomerSuspendAgain(CloseAgain):
    permission = "customers.suspend"
    title = "Suspend Again"
    kind = GateKind.SUSPENDED
    undo_name = "customer_unsuspend"


class CustomerDisableAgain(CloseAgain):
    permission = "customers.disable"
    title = "Disable Again"
    kind = GateKind.DISABLED
    undo_name = "customer_enable"


class CustomerCancelAgain(CloseAgain):
    permission = "customers.suspend"
    title = "Restore Cancellation"
    kind = GateKind.CANCELLED
    undo_name = "customer_cancel_clear"

    def consequences(self, obj: Any) -> list[str]:
        last = self.last(obj)
        if last is None:
            return []
        return [
            f"The last day of service is {last.last_day} again: {last.reason or 'no reason was given'}.",
            self.network(obj, "Access ends at midnight after it for {}."),
            "Time through that day is billed, recurring entries after it are not.",
        ]

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is cancelled again; the last day of service is {result.last_day}."


class CustomerSuspend(CustomerAct):
    permission = "customers.suspend"
    title = submit_label = "Suspend Now"
    submit_icon = "player-pause"
    danger = True
    form_class = ReasonForm
    undo_name = "customer_unsuspend"

    def obstacles(self, obj: Any) -> list[str]:
        return gates.taken_over(obj, GateKind.SUSPENDED)

    def consequences(self, obj: Any) -> list[str]:
        return [
            self.network(obj, "Blocked at once: {}; who is online is disconnected."),
            "The customer can still log in to the portal, view usage and ask for help.",
            "The customer is not notified.",
            f"Billing does not stop. {self.owes(obj)}",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> None:
        gates.refuse_taken_over(obj, GateKind.SUSPENDED)
        reason = form.cleaned_data["reason"]
        gates.close(obj, GateKind.SUSPENDED, clock.now(), actor=actor, reason=reason)

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is suspended."


class CustomerUnsuspend(CustomerAct):
    permission = "customers.suspend"
    title = submit_label = "Un-suspend"
    submit_icon = "player-play"
    undo_name = "customer_suspend_again"

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
            f"Billing does not stop; only a cancellation stops it. {self.owes(obj)}",
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
    undo_name = "customer_disable_again"

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

    def undo_url(self, obj: Customer, result: Any) -> str:
        """A first date is cleared, a moved one is put back."""
        return reverse(f"customers:customer_cancel_{'again' if self.moved else 'clear'}", args=[obj.pk])

    def obstacles(self, obj: Any) -> list[str]:
        return gates.taken_over(obj, GateKind.CANCELLED)

    def consequences(self, obj: Any) -> list[str]:
        return [
            self.network(obj, "Access ends at midnight after the last day for {}."),
            "Time through that day is billed, recurring entries after it are not. Best is a month's end.",
            f"What is owed stays owed. {self.owes(obj)}",
            "Clear the date any time before to go on as if nothing had been.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> Any:
        gates.refuse_taken_over(obj, GateKind.CANCELLED)
        day, reason = form.cleaned_data["last_day"], form.cleaned_data["reason"]
        self.moved = obj.gates.standing().filter(kind=GateKind.CANCELLED).exists()
        return gates.cancel(obj, day, clock.now(), actor=actor, reason=reason)

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is cancelled; the last day of service is {result.last_day}."

    def success_url(self, obj: Customer, result: Any) -> str:
        return obj.get_absolute_url()


class CustomerCancelClear(CustomerAct):
    permission = "customers.suspend"
    title = submit_label = "Clear Cancellation"
    submit_icon = "calendar-check"
    undo_name = "customer_cancel_again"

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
    undo_name = "customer_undelete"

    def owing(self) -> list[str]:
        return deletion.owing(self.object)

    def may_insist(self) -> bool:
        return access.may(self.actor, "customers.delete_owing")

    def own_tabs(self) -> list[Tab]:
        insists = self.may_insist() and self.owing()
        return [Tab("main", self.title, DeleteOwingForm if insists else OptionalReasonForm)]

    def obstacles(self, obj: Any) -> list[str]:
        against = deletion.refusals(obj, clock.now())
        if not self.may_insist():
            against += self.owing()
        return [*against, "To stop the service meanwhile, disable the customer."] if against else []

    def consequences(self, obj: Any) -> list[str]:
        return [
            *self.owing(),
            self.network(obj, "Access ends at once for {}."),
            "Nothing new is billed.",
            "The record is hidden, not destroyed: code, username, invoices and payments are kept.",
            "Undelete brings everything back as it was. To stop service for a while, disable instead.",
            "The customer is not notified.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> None:
        values = form.cleaned_data
        insists = self.may_insist() and bool(values.get("despite_balance"))
        deletion.delete(obj, clock.now(), actor=actor, reason=values["reason"], despite_balance=insists)

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is deleted."


class CustomerUndelete(CustomerAct):
    permission = "customers.delete"
    title = submit_label = "Undelete"
    submit_icon = "restore"
    undo_name = "customer_delete_again"

    def obstacles(self, obj: Any) -> list[str]:
        return deletion.obstacles_to_undelete(obj)

    def consequences(self, obj: Any) -> list[str]:
        return [
            "The customer is back in the list.",
            self.network(obj, "Can authenticate again, unless something else stops it: {}."),
            "What else had closed its access (disabled, suspended, cancelled) stays closed.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> None:
        deletion.undelete(obj, clock.now(), actor=actor)

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is back. State: {gates.state_sentence(obj.gates.all(), clock.now())}."


class CustomerDeleteAgain(CloseAgain):
    """Take back an Undelete; what speaks against deleting is asked again."""

    permission = "customers.delete"
    title = "Delete Again"
    kind = GateKind.DELETED
    undo_name = "customer_undelete"

    def obstacles(self, obj: Any) -> list[str]:
        owing = [] if access.may(self.actor, "customers.delete_owing") else deletion.owing(obj)
        return super().obstacles(obj) or deletion.refusals(obj, clock.now()) + owing

    def act(self, obj: Customer, form: Any, actor: User) -> Any:
        last, insists = self.last(obj), access.may(actor, "customers.delete_owing")
        if last is None:
            raise DomainError(f"There is nothing to undo: {obj.code} was never deleted.")
        return deletion.delete(obj, clock.now(), actor=actor, reason=last.reason, despite_balance=insists)


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


class CustomerIdNumber(RevealPage, CustomerAct):
    """Show the ID number to somebody who says why; that is recorded."""

    permission = "customers.edit"
    title = "Show ID Number"
    form_class = ReasonForm
    shown_template = "customers/id_number.html"
    shown_dialog_template = "customers/_id_number.html"

    def get_queryset(self) -> Any:
        return Customer.objects.all()

    def reveal(self, obj: Customer, reason: str) -> dict[str, Any]:
        events.record("customer.id_number_shown", obj, actor=self.actor, at=clock.now(), reason=reason)
        return {}
