"""Top-ups that are sold: the list, selling one, undoing a sale."""

from typing import Any

from django.db.models import Q, Sum
from django.urls import reverse

from billing.data_sales import grace, quoting, selling
from billing.data_sales.filters import SaleFilter
from billing.data_sales.forms import CancelForm, SellForm
from billing.data_sales.models import (
    BilledWhen,
    DataSalesSettings,
    SaleState,
    SaleWay,
    TopupSale,
)
from billing.data_sales.selling import Order
from billing.data_sales.tables import UNDO, SaleTable, sale_actions
from billing.data_sales.views.lines import HOME, SEARCH, VIEW, OnLine
from billing.documents import dues
from billing.gateways.models import CheckoutState
from billing.recurring.models import BillingSettings
from ispbilling.core import access, clock
from ispbilling.core.clock import local_day
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.parts import Attr, Button, Panel, State
from ispbilling.core.units import counted, format_octets
from ispbilling.core.views import ActionPage, DetailPage, ListPage
from radius.models import DataAccount

SALES = TopupSale.objects.select_related(
    "data_account__customer", "document", "bundle", "checkout__payment", "asked_by", "topup_type"
)
NOT_PAID = Q(state=SaleState.WAITING) & ~Q(checkout__state__in=[CheckoutState.OPEN, CheckoutState.PAID])


class SaleList(ListPage):
    queryset = SALES
    table_class = SaleTable
    filterset_class = SaleFilter
    permission = VIEW
    title = "Top-up Sales"
    confidential = "who bought data, how much and for what"
    search_fields = (*SEARCH, "title")
    search_help = "Account code, name, data account or top-up"
    states = (
        State("sold", "Sold", Q(state=SaleState.SOLD)),
        State("waiting", "Waiting for payment", Q(state=SaleState.WAITING) & ~NOT_PAID),
        State("undone", "Undone", Q(state=SaleState.UNDONE), hidden_word="undone"),
        State("not", "Not paid or failed", NOT_PAID | Q(state=SaleState.FAILED)),
        State("all", "All"),
    )
    empty_icon = "database-plus"
    empty_text = (
        "Top-ups that staff sell, customers buy in the portal and lines buy by themselves are listed here. Sell one on"
        " the page of a data account."
    )

    def sums(self, rows: Any, *, narrowed: bool) -> dict[str, Any]:
        return {"total": rows.order_by().aggregate(total=Sum("total", default=ZERO))["total"]}

    def buttons(self) -> list[Button]:
        return [
            Button("Automatic", reverse("billing:auto_topup_list"), "repeat"),
            Button("Prepaid", reverse("billing:prepaid_switch_list"), "switch-horizontal"),
            Button(
                "Settings",
                reverse("billing:data_sales_settings"),
                "adjustments",
                permission="billing.settings.edit",
            ),
        ]


class SaleDetail(DetailPage):
    queryset = SALES
    permission = VIEW
    panels = (
        Panel(
            "Top-up",
            (
                Attr("title"),
                Attr("data", "Data"),
                Attr("data_account", "Data Account", kind="link"),
                Attr("data_account.customer", "Customer", kind="link"),
                Attr("get_way_display", "Sold by"),
                Attr("asked_by", "By"),
                Attr("asked_at", "When", kind="datetime"),
                Attr("undone_at", "Undone", kind="datetime"),
            ),
            icon="database-plus",
        ),
        Panel(
            "Money",
            (
                Attr("total", "Price", kind="money"),
                Attr("document", "Invoice", kind="link"),
                Attr("recurring_line", "With the next run", kind="link"),
                Attr("checkout", "Online payment", kind="link"),
            ),
            column=2,
            icon="cash",
        ),
        Panel(
            "What is left of it",
            (
                Attr(lambda s: s.bundle and format_octets(s.bundle.left_octets), "Left"),
                Attr(
                    lambda s: s.bundle and s.bundle.starts_at, "From", kind="datetime", empty="its first use"
                ),
                Attr(lambda s: s.bundle and s.bundle.expires_at, "Expires", kind="datetime"),
            ),
            column=3,
            icon="database",
        ),
    )

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Top-up Sales", reverse("billing:topup_sale_list"))]

    def subtitle(self) -> str:
        return str(self.object.status)

    def banners(self) -> list[tuple[str, str]]:
        if self.object.state == SaleState.FAILED:
            kept = "" if self.object.refunded else " What was paid is in credit."
            return [("attention", f"{self.object.reason}{kept}")]
        if self.object.state == SaleState.UNDONE:
            return [("off", f"Undone: {self.object.reason}")]
        return []

    def buttons(self) -> list[Button]:
        return sale_actions(self.object)


class TopupSell(OnLine):
    """Sell a top-up to a line."""

    form_class = SellForm
    title = "Top Up"
    submit_label, submit_icon = "Sell", "database-plus"

    def form_kwargs(self) -> dict[str, Any]:
        return {**super().form_kwargs(), "may_owe": self.object.prepaid and self.may_owe()}

    def obstacles(self, obj: DataAccount) -> list[str]:
        return [why] if (why := quoting.why_not(obj, clock.now())) else []

    def consequences(self, obj: DataAccount) -> list[str]:
        now = clock.now()
        payer, found = quoting.payer(obj.customer), list[str]()
        if still := quoting.stands_still(obj, now):
            found.append(f"{still} What is bought can be used when that is over.")
        if over := 0 if obj.prepaid else quoting.overrun(obj, now):
            what = (
                "all of what is bought can be used."
                if obj.package.add_overusage_on_topup
                else "a top-up pays for that first, and the rest of it can be used."
            )
            found.append(f"{format_octets(over)} were used over the cap: {what}")
        if obj.prepaid:
            found.append(
                f"{obj} is prepaid: it pays from the account, which has {format_money(quoting.credit(obj.customer))}"
                " in credit."
            )
        elif DataSalesSettings.get().billed == BilledWhen.AT_ONCE:
            due = dues.days_of(payer, BillingSettings.get()).due_on(local_day(now))
            found.append(f"{payer} is invoiced at once, due on {due}, and the invoice is sent.")
        else:
            found.append(f"{payer} is charged with the next month-end run.")
        return [*found, "A line that is online is told within seconds.", f"{self.who_undoes()} can undo it."]

    def who_undoes(self) -> str:
        return "You" if access.may(self.actor, UNDO) else "Somebody who keeps the books"

    def act(self, obj: DataAccount, form: Any, actor: Any) -> TopupSale:
        asked = form.cleaned_data
        order = Order(obj, asked["type"], SaleWay.STAFF, selling.form_source(asked["token"]))
        owes = bool(asked.get("on_debt")) and self.may_owe()
        return selling.sell(order, clock.now(), actor=actor, on_debt=owes)

    def done(self, obj: DataAccount, result: TopupSale) -> str:
        how = f", invoice {result.document}" if result.document else ""
        return f"{result} is sold for {format_money(result.total)}{how}."

    def undo_url(self, obj: DataAccount, result: TopupSale) -> str | None:
        if result.state != SaleState.SOLD or not access.may(self.actor, UNDO):
            return None
        return reverse("billing:topup_sale_undo", args=[result.pk])

    def success_url(self, obj: DataAccount, result: TopupSale) -> str:
        return str(obj.get_absolute_url())


class GraceGive(OnLine):
    """Give a prepaid line the grace top-up that its owner could take in the portal."""

    title = "Grace Top-up"
    submit_label, submit_icon = "Give", "heart-handshake"

    def form_kwargs(self) -> dict[str, Any]:
        return {}

    def obstacles(self, obj: DataAccount) -> list[str]:
        return [why] if (why := grace.why_not(obj, clock.now())) else []

    def consequences(self, obj: DataAccount) -> list[str]:
        settings = DataSalesSettings.get()
        return [
            f"{obj} gets {format_octets(settings.grace_octets or 0)} for nothing, for"
            f" {counted(settings.grace_hours, 'hour')}.",
            "It is there once until the next top-up that is bought, whether staff give it or the customer takes it.",
        ]

    def act(self, obj: DataAccount, form: Any, actor: Any) -> TopupSale:
        return grace.take(obj, clock.now(), actor=actor)

    def done(self, obj: DataAccount, result: TopupSale) -> str:
        return f"{obj} has {result.data} for nothing."

    def undo_url(self, obj: DataAccount, result: TopupSale) -> str:
        return reverse("billing:topup_sale_undo", args=[result.pk])

    def success_url(self, obj: DataAccount, result: TopupSale) -> str:
        return str(obj.get_absolute_url())


class SaleUndo(ActionPage):
    queryset = SALES
    permission = UNDO
    parents = (HOME,)
    form_class = CancelForm
    title = "Undo Top-up"
    submit_label, submit_icon, danger = "Undo", "arrow-back-up", True

    def obstacles(self, obj: TopupSale) -> list[str]:
        if obj.state != SaleState.SOLD:
            return [f"It is {obj.status.lower()}; there is nothing to undo."]
        return []

    def consequences(self, obj: TopupSale) -> list[str]:
        bundle = obj.bundle
        used = bundle.drawn_octets if bundle else 0
        left = format_octets(bundle.left_octets if bundle else 0)
        data = f"The {left} that are left of it end now"
        data += f"; {format_octets(used)} of it were used and stay used." if used else "."
        if not obj.total:
            money = "It was free: no money moves."
        elif obj.document is not None:
            money = f"{obj.document} over {format_money(obj.total)} is credited; what was paid for it stays in credit."
        else:
            money = f"{format_money(obj.total)} are not charged; what a run charged already is credited."
        return [data, money]

    def act(self, obj: TopupSale, form: Any, actor: Any) -> TopupSale:
        reason = form.cleaned_data["reason"] or "No reason given"
        return selling.undo(obj, clock.now(), actor=actor, reason=reason)

    def done(self, obj: TopupSale, result: TopupSale) -> str:
        return f"{result} is undone."
