"""Mandates on screen: the list, one, and what can be done with it; and the settings of debit orders."""

from typing import Any

from django.db.models import Q
from django.urls import reverse

from billing.debiting import mandates
from billing.debiting.filters import MandateFilter
from billing.debiting.forms import MandateForm, SettingsForm
from billing.debiting.models import DebitRow, DebitSettings, Mandate, MandateState, RowState
from billing.debiting.tables import MANDATES, LatestRowsTable, MandateTable
from billing.payments.forms import ReasonForm
from customers.models import Customer
from customers.profile import timeline
from customers.relations import paying
from ispbilling.core import clock
from ispbilling.core.forms import Tabs
from ispbilling.core.models import Event
from ispbilling.core.money import format_money
from ispbilling.core.parts import Attr, Button, Panel, State, Tab
from ispbilling.core.tables import badge, url_or_none
from ispbilling.core.views import ActionPage, DetailPage, EditPage, FormPage, ListPage, RevealPage

VIEW, EDIT = "billing.debits.view", "billing.mandates.edit"
ROWS = Mandate.objects.select_related("customer__billing_group")

LATEST = 12


class MandateList(ListPage):
    queryset = ROWS
    table_class = MandateTable
    filterset_class = MandateFilter
    permission = VIEW
    title = "Mandates"
    parents = (("Debit Orders", "/billing/debits/"),)
    confidential = "account holders, banks and the last digits of account numbers"
    search_fields = ("reference", "holder", "customer__code", "customer__name")
    search_help = "Reference, account holder, account code or name"
    states = (
        State("standing", "Standing", ~Q(state=MandateState.CANCELLED)),
        State("paused", "Paused", Q(state=MandateState.PAUSED)),
        State("cancelled", "Cancelled", Q(state=MandateState.CANCELLED), hidden_word="cancelled"),
        State("all", "All"),
    )
    empty_icon = "writing-sign"
    empty_text = "A customer's authority to collect from its bank account is added on the customer's profile."


class MandateDetail(DetailPage):
    queryset = ROWS
    permission = VIEW
    template_name = "billing/mandate.html"
    panels = (
        Panel(
            "Mandate",
            (
                Attr(lambda m: badge(m.get_state_display(), MANDATES[m.state]), "State"),
                Attr("reason", "Why"),
                Attr("customer", "Customer", kind="link"),
                Attr("reference", "Reference", kind="mono"),
                Attr("signed_on", "Signed", kind="date"),
                Attr("valid_from", "Valid from", kind="date"),
                Attr("valid_until", "Valid until", kind="date", empty="until it is cancelled"),
                Attr("maximum", "Most per collection", kind="money", empty="whatever is due"),
            ),
            icon="writing-sign",
        ),
        Panel(
            "Bank account",
            (
                Attr("holder", "Account holder"),
                Attr("bank", "Bank"),
                Attr("branch_code", "Branch code", kind="mono"),
                Attr(lambda m: f"•••{m.ending}" if m.ending else "", "Account number", kind="mono"),
                Attr("get_account_type_display", "Account type"),
            ),
            column=2,
            icon="building-bank",
        ),
    )

    def crumbs(self) -> list[tuple[str, str]]:
        return [
            ("Debit Orders", reverse("billing:debit_batch_list")),
            ("Mandates", reverse("billing:mandate_list")),
        ]

    def subtitle(self) -> str:
        return f"{self.object.account}, of {self.object.customer}"

    def banners(self) -> list[tuple[str, str]]:
        mandate = self.object
        if mandate.state == MandateState.PAUSED:
            return [("attention", f"Nothing is collected: {mandate.reason}")]
        if mandate.state == MandateState.CANCELLED:
            return [("off", f"Cancelled: {mandate.reason}")]
        return []

    def buttons(self) -> list[Button]:
        def to(label: str, act: str, icon: str, look: str = "secondary", permission: str = EDIT) -> Button:
            url = reverse(f"billing:mandate_{act}", args=[self.object.pk])
            return Button(label, url, icon, look, permission, modal=True)

        found = []
        if profile := url_or_none("customers:customer_detail", self.object.customer_id):
            found.append(Button("Profile", profile, "user", "dark", "customers.view"))
        found.append(to("Show number", "number", "eye", permission="billing.mandates.reveal"))
        if self.object.state == MandateState.CANCELLED:
            return [*found, to("Restore", "restore", "arrow-back-up")]
        found.append(to("Edit", "edit", "pencil"))
        if self.object.state == MandateState.PAUSED:
            found.append(to("Resume", "resume", "player-play", "primary"))
        else:
            found.append(to("Pause", "pause", "player-pause"))
        return [*found, to("Cancel", "cancel", "ban", "danger")]

    def context(self, **extra: Any) -> dict[str, Any]:
        rows = DebitRow.objects.listed().filter(mandate=self.object)[:LATEST]
        happened = Event.objects.of(self.object).select_related("actor").order_by("-pk")
        return super().context(
            table=LatestRowsTable(rows, request=self.request), entries=timeline.entries(happened), **extra
        )


class MandateAdd(FormPage):
    """For the customer of the URL."""

    queryset = Customer.objects.all()
    permission = EDIT
    title = "Add mandate"
    submit_label = "Add Mandate"
    submit_icon = "plus"

    def own_tabs(self) -> list[Tab]:
        self.title = f"Add mandate of {self.object}"
        return [Tab("main", "Mandate", MandateForm, instance=lambda customer: Mandate(customer=customer))]

    def form_kwargs(self) -> dict[str, Any]:
        today = clock.local_day(clock.now())
        return {
            "initial": {
                "reference": mandates.propose_reference(self.object),
                "holder": self.object.name[:60],
                "signed_on": today,
                "valid_from": today,
            }
        }

    def act(self, obj: Customer, form: Tabs, actor: Any) -> Mandate:
        return mandates.add(obj, form.first.details, clock.now(), actor=actor)

    def done(self, obj: Customer, result: Mandate) -> str:
        told = f"Mandate {result} is added."
        if (payer := paying.payer(obj)) != obj:
            told += f" {payer} pays for {obj.code}: only what {obj.code} owes itself is collected."
        return told

    def success_url(self, obj: Customer, result: Mandate) -> str:
        return obj.get_absolute_url()


class MandateEdit(EditPage):
    queryset = ROWS
    permission = EDIT
    form_class = MandateForm

    def own_tabs(self) -> list[Tab]:
        self.title = f"Edit mandate {self.object}"
        return super().own_tabs()

    def act(self, obj: Mandate, form: Tabs, actor: Any) -> Mandate:
        return mandates.correct(obj, form.first.details, clock.now(), actor=actor, seen=form.seen)


class MandateAct(ActionPage):
    """What the verbs of a mandate share: the states they start from."""

    queryset = ROWS
    permission = EDIT
    states: tuple[MandateState, ...] = (MandateState.ACTIVE, MandateState.PAUSED)

    def obstacles(self, obj: Mandate) -> list[str]:
        return [] if obj.state in self.states else [f"It is {obj.get_state_display().lower()}."]

    def waiting(self, obj: Mandate) -> list[str]:
        """What becomes of collections that are under way."""
        return [
            f"{row.batch} was sent: it collects {format_money(row.amount)} all the same."
            if row.state == RowState.SENT
            else f"{row.batch} leaves out its {format_money(row.amount)} when it is approved or sent."
            for row in mandates.waiting_rows(obj)
        ]


class MandatePause(MandateAct):
    title = "Pause mandate"
    submit_label, submit_icon = "Pause", "player-pause"
    form_class = ReasonForm
    states = (MandateState.ACTIVE,)

    def consequences(self, obj: Mandate) -> list[str]:
        return ["New batches collect nothing until it is resumed.", *self.waiting(obj)]

    def act(self, obj: Mandate, form: Any, actor: Any) -> Mandate:
        return mandates.pause(obj, form.cleaned_data["reason"], clock.now(), actor=actor)

    def done(self, obj: Mandate, result: Mandate) -> str:
        return f"Mandate {result} is paused."

    def undo_url(self, obj: Mandate, result: Mandate) -> str:
        return reverse("billing:mandate_resume", args=[result.pk])


class MandateResume(MandateAct):
    title = "Resume mandate"
    submit_label, submit_icon = "Resume", "player-play"
    states = (MandateState.PAUSED,)

    def consequences(self, obj: Mandate) -> list[str]:
        return [f"It was paused: {obj.reason}", "The next batch collects what is due."]

    def act(self, obj: Mandate, form: Any, actor: Any) -> Mandate:
        return mandates.resume(obj, clock.now(), actor=actor)

    def done(self, obj: Mandate, result: Mandate) -> str:
        return f"Mandate {result} is active."


class MandateCancel(MandateAct):
    title = "Cancel mandate"
    submit_label, submit_icon, danger = "Cancel mandate", "ban", True
    form_class = ReasonForm

    def consequences(self, obj: Mandate) -> list[str]:
        return [
            "Nothing is collected from this account any more; another mandate may be added.",
            *self.waiting(obj),
            "It can be restored until the customer has another one.",
        ]

    def act(self, obj: Mandate, form: Any, actor: Any) -> Mandate:
        return mandates.cancel(obj, form.cleaned_data["reason"], clock.now(), actor=actor)

    def done(self, obj: Mandate, result: Mandate) -> str:
        return f"Mandate {result} is cancelled."

    def undo_url(self, obj: Mandate, result: Mandate) -> str:
        return reverse("billing:mandate_restore", args=[result.pk])


class MandateRestore(MandateAct):
    title = "Restore mandate"
    submit_label, submit_icon = "Restore", "arrow-back-up"
    states = (MandateState.CANCELLED,)

    def consequences(self, obj: Mandate) -> list[str]:
        return [f"It was cancelled: {obj.reason}", "The next batch collects what is due."]

    def act(self, obj: Mandate, form: Any, actor: Any) -> Mandate:
        return mandates.restore(obj, clock.now(), actor=actor)

    def done(self, obj: Mandate, result: Mandate) -> str:
        return f"Mandate {result} is active again."


class MandateNumber(RevealPage):
    """Show the account number to somebody who says why; that is recorded."""

    queryset = ROWS
    permission = "billing.mandates.reveal"
    title = "Show account number"
    form_class = ReasonForm
    shown_template = "billing/account_number.html"
    shown_dialog_template = "billing/_account_number.html"

    def reveal(self, obj: Mandate, reason: str) -> dict[str, Any]:
        return {"number": mandates.show_number(obj, reason, clock.now(), actor=self.actor)}


class DebitSettingsEdit(EditPage):
    queryset = DebitSettings.objects.all()
    permission = "billing.settings.edit"
    title = "Debit Order Settings"
    form_class = SettingsForm
    secret_fields = frozenset({"service_key"})
    success_url_name = "billing:debit_settings_edit"

    def find(self) -> DebitSettings:
        return DebitSettings.get()

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Billing Settings", reverse("billing:settings_edit"))]
