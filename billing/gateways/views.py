"""Online payments for staff: who went to pay and what came of it, what gateways told, the account there."""

from functools import cached_property
from typing import Any

from django.db.models import Q
from django.http import Http404
from django.urls import reverse

from billing.gateways import accounts, acting, checkouts
from billing.gateways.forms import AccountForm, SettleForm
from billing.gateways.models import Checkout, CheckoutState, GatewayAccount, GatewayDelivery, Outcome
from billing.gateways.tables import OUTCOMES, CheckoutTable, DeliveryTable, state_words
from billing.payments.models import Payment
from customers.profile import timeline
from ispbilling.core import clock
from ispbilling.core.forms import Tabs
from ispbilling.core.models import Event
from ispbilling.core.money import format_money
from ispbilling.core.parts import Attr, Button, Panel, State, Tab
from ispbilling.core.tables import badge, url_or_none
from ispbilling.core.views import ActionPage, DetailPage, FormPage, ListPage

ROWS = Checkout.objects.select_related("payer", "document", "payment")
DELIVERIES = GatewayDelivery.objects.select_related("checkout__payer", "payment")
VIEW = "billing.payments.view"


class CheckoutList(ListPage):
    queryset = ROWS
    table_class = CheckoutTable
    permission = VIEW
    title = "Online Payments"
    confidential = "who paid online and how much"
    search_fields = ("payer__code", "payer__name", "document__reference", "payment__receipt")
    search_help = "Account code, name, invoice or receipt"
    template_name = "billing/checkouts.html"
    empty_icon = "credit-card"
    empty_text = "Who pays online in the portal, or by the link in an invoice, is listed here."

    @cached_property
    def states(self) -> tuple[State, ...]:  # type: ignore[override]  # what waits too long depends on the time
        return (
            State("all", "All"),
            State("waiting", "Waiting", Q(state=CheckoutState.OPEN)),
            State("unanswered", "No answer", checkouts.unanswered(clock.now())),
            State("paid", "Paid", Q(state=CheckoutState.PAID)),
            State("not", "Not paid", ~Q(state__in=[CheckoutState.OPEN, CheckoutState.PAID])),
        )

    def context(self, **extra: Any) -> dict[str, Any]:
        waits = format_money(acting.with_gateways())
        told = f"{waits} of what was paid lies with gateways and is not paid out yet."
        return super().context(subtitle=told, banners=self.banners(), **extra)

    def banners(self) -> list[tuple[str, str]]:
        gateway = accounts.offered()
        if gateway is None:
            return [("info", "Paying online is switched off: customers do not see Pay now. See Settings.")]
        if gateway.sandbox:
            sentence = (
                f"{gateway.label} is in its sandbox: whoever pays now pays nothing and is credited all the same."
                " Switch it off before customers see it."
            )
            return [("attention", sentence)]
        return []

    def buttons(self) -> list[Button]:
        return [
            Button("What Gateways Told", reverse("billing:delivery_list"), "inbox"),
            Button(
                "Settings",
                reverse("billing:gateway_edit", args=["payfast"]),
                "adjustments",
                permission="billing.settings.edit",
            ),
        ]


class CheckoutDetail(DetailPage):
    queryset = ROWS
    permission = VIEW
    template_name = "billing/checkout.html"
    panels = (
        Panel(
            "Online payment",
            (
                Attr(lambda c: badge(*state_words(c)), "State"),
                Attr("amount", "Amount", kind="money"),
                Attr("payer", "Customer", kind="link"),
                Attr("document", "For", kind="link"),
                Attr("payment", "Receipt", kind="link"),
                Attr(lambda c: accounts.label(c.gateway), "Gateway"),
                Attr("token", "Our number there", kind="mono"),
                Attr("created_at", "Started", kind="datetime"),
                Attr("finished_at", "Finished", kind="datetime"),
            ),
            icon="credit-card",
        ),
    )

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Online Payments", reverse("billing:checkout_list"))]

    def subtitle(self) -> str:
        return f"{format_money(self.object.amount)} from {self.object.payer}"

    def banners(self) -> list[tuple[str, str]]:
        found = []
        label = accounts.label(self.object.gateway)
        if self.object.sandbox:
            found.append(("attention", f"{label} was in its sandbox: no real money moved."))
        if checkouts.is_unanswered(self.object, clock.now()):
            sentence = (
                f"{label} has not told what became of it. Most people just closed the page. If it is paid there,"
                " record it."
            )
            found.append(("attention", sentence))
        payment = self.object.payment
        if payment is not None and payment.taken_back_on is not None:
            found.append(("off", f"{payment} was taken back on {payment.taken_back_on}."))
        return found

    def buttons(self) -> list[Button]:
        found = []
        if profile := url_or_none("customers:customer_detail", self.object.payer_id):
            found.append(Button("Profile", profile, "user", "dark", "customers.view"))
        if self.object.state != CheckoutState.PAID:
            url = reverse("billing:checkout_settle", args=[self.object.pk])
            found.append(Button("Record", url, "cash", "secondary", "billing.gateways.settle", modal=True))
        return found

    def context(self, **extra: Any) -> dict[str, Any]:
        deliveries = DELIVERIES.filter(checkout=self.object)
        happened = Event.objects.filter(subject_type__model="checkout", subject_id=self.object.pk)
        return super().context(
            deliveries=[(one, badge(one.get_outcome_display(), OUTCOMES[one.outcome])) for one in deliveries],
            entries=timeline.entries(happened.select_related("actor").order_by("-pk")),
            **extra,
        )


class CheckoutSettle(ActionPage):
    queryset = ROWS
    permission = "billing.gateways.settle"
    form_class = SettleForm
    title = "Record online payment"
    submit_label = "Record"
    submit_icon = "check"

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"on": clock.local_day(clock.now())}}

    def obstacles(self, obj: Checkout) -> list[str]:
        return [f"It is paid already, with {obj.payment}."] if obj.payment else []

    def consequences(self, obj: Checkout) -> list[str]:
        return [
            f"For what {accounts.label(obj.gateway)} shows as paid and never told us.",
            f"{format_money(obj.amount)} is credited to {obj.payer}, who is sent the receipt.",
            "It lies with the gateway until it is paid out.",
        ]

    def act(self, obj: Checkout, form: SettleForm, actor: Any) -> Payment:
        told = form.cleaned_data
        return acting.settle(
            obj, told["external_id"], told["on"], clock.now(), actor=actor, reason=told["reason"]
        )

    def done(self, obj: Checkout, result: Payment) -> str:
        return f"{result}: {format_money(result.amount)} is recorded."


class DeliveryList(ListPage):
    queryset = DELIVERIES
    table_class = DeliveryTable
    permission = VIEW
    title = "What Gateways Told"
    parents = (("Online Payments", "/billing/online/"),)
    confidential = "who paid online and how much"
    search_fields = ("external_id", "status", "checkout__payer__code", "checkout__payer__name", "source")
    search_help = "Payment there, status, account code, name or address"
    states = (
        State("counted", "Counted", ~Q(outcome__in=[Outcome.REFUSED, Outcome.LATER, Outcome.REPEATED])),
        State("refused", "Refused", Q(outcome=Outcome.REFUSED), hidden_word="refused"),
        State("later", "To come again", Q(outcome=Outcome.LATER), hidden_word="to come again"),
        State("all", "All"),
    )
    empty_icon = "inbox"
    empty_text = "Every request that says to come from a gateway is written down here, refused ones too."


class DeliveryDetail(DetailPage):
    queryset = DELIVERIES
    permission = VIEW
    panels = (
        Panel(
            "What it says",
            (
                Attr("external_id", "Payment there", kind="mono"),
                Attr("status", "Status"),
                Attr("amount", "Amount", kind="money"),
                Attr("fee", "Fee", kind="money"),
                Attr("checkout", "Online payment", kind="link"),
                Attr("payment", "Receipt", kind="link"),
            ),
            icon="inbox",
        ),
        Panel(
            "What became of it",
            (
                Attr(lambda d: badge(d.get_outcome_display(), OUTCOMES[d.outcome]), "Outcome"),
                Attr("reason", "Why"),
                Attr(lambda d: verified(d), "Verified"),
                Attr("received_at", "Received", kind="datetime"),
                Attr("source", "From", kind="mono"),
                Attr(lambda d: accounts.label(d.gateway), "Gateway"),
            ),
            column=2,
            icon="shield-check",
        ),
        Panel(
            "As it was sent",
            (Attr(lambda d: "\n".join(f"{k} = {v}" for k, v in d.fields.items()), "Fields", kind="lines"),),
            icon="code",
            weight=60,
        ),
    )

    def heading(self) -> str:
        one = self.object
        return f"{accounts.label(one.gateway)} {one.external_id} {one.status}".strip()

    def crumbs(self) -> list[tuple[str, str]]:
        return [
            ("Online Payments", reverse("billing:checkout_list")),
            ("What Gateways Told", reverse("billing:delivery_list")),
        ]


def verified(delivery: GatewayDelivery) -> str:
    """What was checked, and what of it did not hold."""
    held = [name for name, holds in delivery.checks.items() if holds]
    wrong = [name for name, holds in delivery.checks.items() if not holds]
    parts = [", ".join(held)] if held else []
    return "; ".join([*parts, f"wrong: {', '.join(wrong)}"] if wrong else parts) or "nothing"


class GatewayEdit(FormPage):
    """The account at a gateway."""

    permission = "billing.settings.edit"
    parents = (("Online Payments", "/billing/online/"),)
    success_url_name = "billing:checkout_list"

    def find(self) -> GatewayAccount:
        row = GatewayAccount.objects.filter(name=self.kwargs["name"], name__in=accounts.ADAPTERS).first()
        if row is None:
            raise Http404(self.kwargs["name"])
        return row

    def own_tabs(self) -> list[Tab]:
        self.title = f"{accounts.label(self.object.name)} Settings"
        return [Tab("account", "Account", AccountForm)]

    def act(self, obj: GatewayAccount, form: Tabs, actor: Any) -> GatewayAccount:
        return accounts.configure(obj, form.cleaned_data, actor=actor)

    def done(self, obj: GatewayAccount, result: GatewayAccount) -> str:
        label = accounts.label(result.name)
        if not result.enabled:
            return f"{label} is off. What was begun there is still recorded when it is told."
        return f"{label} is on" + (" in its sandbox: no real money moves." if result.sandbox else ".")

    def close_url(self) -> str:
        return self.came_from() or reverse(self.success_url_name)
