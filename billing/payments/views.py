"""Payments: the list, what nobody was credited with, adding one, one on screen, and what can be done with it."""

from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from billing.ageing.items import ItemRow, rows_of
from billing.ledger.models import Account, Balance
from billing.payments import finding, proposing, receipts, receiving, returning
from billing.payments.filters import PaymentFilter
from billing.payments.forms import AssignForm, PaymentForm, ReasonForm, TakeBackForm
from billing.payments.models import CREDITED, TAKEN_BACK, UNALLOCATED, Method, Payment, PaymentState
from billing.payments.receiving import Money
from billing.payments.returning import Why
from billing.payments.tables import MEANINGS, PaymentTable, UnallocatedTable
from billing.recurring.models import AgeBy
from customers.accounts import finding as customers
from customers.models import Customer
from customers.profile import timeline
from ispbilling.core import clock
from ispbilling.core.forms import Tabs
from ispbilling.core.models import Event
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.parts import Attr, Button, Panel, State, Tab
from ispbilling.core.tables import badge, url_or_none
from ispbilling.core.views import ActionPage, AddPage, DetailPage, ListPage, ObjectPage

ROWS = Payment.objects.listed()
PERSONAL = "who paid, how much, and what they wrote on the payment"


class PaymentList(ListPage):
    queryset = ROWS
    table_class = PaymentTable
    filterset_class = PaymentFilter
    permission = "billing.payments.view"
    title = "Payments"
    confidential = PERSONAL
    search_fields = ("receipt",)  # and whose they are: see `search`
    search_help = "Receipt, account code, name or reference"
    states = (
        State("normal", "Standing", CREDITED | UNALLOCATED),
        State("taken_back", "Taken back", TAKEN_BACK, hidden_word="taken back"),
        State("all", "All"),
    )
    add_url_name, add_permission, add_label = "billing:payment_add", "billing.payments.add", "Add Payment"
    empty_icon = "cash"
    empty_text = "Money that customers paid, by EFT, cash, card or debit order."

    def search(self, rows: Any, text: str) -> Any:
        return finding.matching(rows, text)

    def sums(self, rows: Any, *, narrowed: bool) -> dict[str, Decimal]:
        return _sum(rows) if narrowed else {}

    def buttons(self) -> list[Button]:
        count = Payment.objects.unallocated().count()
        label = f"Unallocated ({count})" if count else "Unallocated"
        return [Button(label, reverse("billing:payment_unallocated"), "help-circle")]


class PaymentUnallocated(ListPage):
    """What lies in suspense, and who it may be of."""

    queryset = ROWS.unallocated()
    table_class = UnallocatedTable
    permission = "billing.payments.view"
    title = "Unallocated Payments"
    parents = (("Payments", "/billing/payments/"),)
    confidential = PERSONAL
    search_fields = ("receipt", "reference", "note")
    search_help = "Receipt, reference or note"
    empty_icon = "checks"
    empty_title = "Nothing is unallocated"
    empty_text = "Money waits here when nobody knows yet whose it is."

    def sums(self, rows: Any, *, narrowed: bool) -> dict[str, Decimal]:
        return _sum(rows)


def _sum(rows: Any) -> dict[str, Decimal]:
    found: dict[str, Decimal] = rows.order_by().aggregate(amount=Sum("amount", default=ZERO))
    return found


class PaymentDetail(DetailPage):
    queryset = ROWS
    permission = "billing.payments.view"
    template_name = "billing/payment.html"
    panels = (
        Panel(
            "Payment",
            (
                Attr(lambda p: badge(p.state.label, MEANINGS[p.state.label]), "State"),
                Attr("amount", "Amount", kind="money"),
                Attr("received_on", "Received", kind="date"),
                Attr("get_method_display", "Method"),
                Attr("reference", "Reference"),
                Attr("note", "Note"),
                Attr(lambda p: Account.objects.get(code=p.into_account), "Lies in"),
                Attr(lambda p: getattr(p, "checkout", None), "Online payment", kind="link"),
                Attr(lambda p: "\n".join(p.item.others) if p.item else None, "Settles", kind="lines"),
                Attr(lambda p: -p.item.open if p.item else None, "Not used yet", kind="money"),
                Attr("recorded_at", "Recorded", kind="datetime"),
                Attr("taken_back_on", "Taken back", kind="date"),
            ),
            icon="cash",
        ),
    )

    def get_object(self) -> Payment:
        """With `item`, what the ledger says of it today: which invoices it settles, and what is left of it."""
        payment: Any = super().get_object()
        credited = payment.state == PaymentState.CREDITED
        rows = rows_of(payment.payer, clock.local_day(clock.now()), AgeBy.DUE) if credited else []
        mine = {posting.pk for posting in receiving.standing(payment)} if rows else set()
        payment.item = next((row for row in rows if row.pk in mine and row.item.amount < 0), None)
        return payment

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Payments", reverse("billing:payment_list"))]

    def subtitle(self) -> str:
        payment = self.object
        of = f"from {payment.payer}" if payment.payer else "from nobody known yet"
        return f"{format_money(payment.amount)} {of}"

    def banners(self) -> list[tuple[str, str]]:
        payment = self.object
        if payment.state == PaymentState.UNALLOCATED:
            return [("attention", "Nobody is credited with it yet: assign it to the customer who paid.")]
        if payment.state == PaymentState.TAKEN_BACK:
            return [("off", f"Taken back on {payment.taken_back_on}: what it had paid is owed again.")]
        return []

    def buttons(self) -> list[Button]:
        def to(name: str) -> str:
            return reverse(f"billing:payment_{name}", args=[self.object.pk])

        found = [Button("Receipt", to("pdf"), "file-type-pdf", new_window=True)]
        profile = url_or_none("customers:customer_detail", self.object.payer_id)
        if self.object.payer_id and profile:
            found.insert(0, Button("Profile", profile, "user", "dark", "customers.view"))
        if self.object.state == PaymentState.TAKEN_BACK:
            return found
        add, back = "billing.payments.add", "billing.payments.take_back"
        if self.object.payer_id is None:
            found.append(Button("Assign", to("assign"), "user-check", "primary", add, modal=True))
        else:
            found += self.allocate()
            found.append(Button("Move", to("assign"), "user-share", "secondary", add, modal=True))
            found.append(Button("Unallocate", to("release"), "user-off", "secondary", add, modal=True))
        return [*found, Button("Take Back", to("take_back"), "arrow-back-up", "danger", back, modal=True)]

    def allocate(self) -> list[Button]:
        """Which invoices it settles, where that can be said."""
        item: ItemRow | None = self.object.item
        if item is None or not item.may_be_pinned:
            return []
        url = reverse("billing:allocation_edit", args=[item.pk])
        return [Button("Allocate", url, "arrows-exchange", "primary", "billing.allocations.edit", modal=True)]

    def context(self, **extra: Any) -> dict[str, Any]:
        happened = Event.objects.filter(subject_id=self.object.pk, kind__startswith="payment.")
        happened = happened.filter(subject_type__model="payment").select_related("actor").order_by("-pk")
        return super().context(entries=timeline.entries(happened), **extra)


class PaymentPdf(ObjectPage):
    """The receipt, shown in the browser."""

    queryset = ROWS
    permission = "billing.payments.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        payment = self.get_object()
        return HttpResponse(
            receipts.render_pdf(payment),
            content_type="application/pdf",
            headers={"Content-Disposition": f'inline; filename="{payment.receipt}.pdf"'},
        )


class PaymentAdd(AddPage):
    """From the menu, or from a profile with the customer filled in."""

    model = Payment
    parents = (("Payments", "/billing/payments/"),)
    permission = "billing.payments.add"
    title = "Add Payment"
    submit_label = "Add Payment"
    form_class = PaymentForm
    success_url_name = "billing:payment_list"

    def form_kwargs(self) -> dict[str, Any]:
        asked = self.request.GET.get("customer", "")
        customer = customers.by_reference(asked) if asked else None
        return {"initial": {"payer": customer, "received_on": clock.local_day(clock.now())}}

    def act(self, obj: Payment, form: Tabs, actor: Any) -> Payment:
        values, payer = form.cleaned_data, form.cleaned_data["payer"]
        money = Money(
            amount=values["amount"],
            received_on=values["received_on"],
            source_key=form.first.source_key,
            payer=receiving.credited(payer) if payer else None,
            method=Method(values["method"]),
            reference=values["reference"],
            note=values["note"],
        )
        return receiving.receive(money, clock.now(), actor=actor, mail_receipt=values["mail"])

    def done(self, obj: Payment, result: Payment) -> str:
        if result.payer is None:
            return f"{result}: {format_money(result.amount)} waits under Unallocated."
        return f"{result}: {format_money(result.amount)} from {result.payer}. {_owes(result.payer)}"


class PaymentAssign(ActionPage):
    queryset = ROWS
    permission = "billing.payments.add"
    form_class = AssignForm
    submit_label = "Assign"
    submit_icon = "user-check"

    def own_tabs(self) -> list[Tab]:
        self.title = "Move payment" if self.object.payer_id else "Assign payment"
        return super().own_tabs()

    def proposals(self) -> list[proposing.Proposal]:
        found = proposing.of_payments([self.object], clock.now()).get(self.object.pk, [])
        return [one for one in found if one.customer.pk != self.object.payer_id]

    def form_kwargs(self) -> dict[str, Any]:
        asked = self.request.GET.get("customer", "")
        proposed = self.proposals()
        payer = customers.by_reference(asked) if asked else proposed[0].customer if proposed else None
        return {"initial": {"payer": payer, "on": receiving.changeable_since(self.object)}}

    def obstacles(self, obj: Payment) -> list[str]:
        return _taken_back(obj)

    def consequences(self, obj: Payment) -> list[str]:
        amount = format_money(obj.amount)
        found = [f"{amount}, received on {obj.received_on}, is credited to the customer you choose."]
        if obj.reference:
            found.append(f"The reference says: {obj.reference}")
        found += [f"It may be of {proposal}" for proposal in self.proposals()]
        if obj.payer:
            found.append(f"{obj.payer} loses the credit: {amount} more is owed there.")
        return found

    def act(self, obj: Payment, form: AssignForm, actor: Any) -> Payment:
        values = form.cleaned_data
        return receiving.assign(
            obj,
            receiving.credited(values["payer"]),
            values["on"],
            clock.now(),
            actor=actor,
            mail_receipt=values["mail"],
        )

    def done(self, obj: Payment, result: Payment) -> str:
        payer: Customer = result.payer  # type: ignore[assignment]  # just assigned
        return f"{result}: {format_money(result.amount)} is credited to {payer}. {_owes(payer)}"


class PaymentRelease(ActionPage):
    queryset = ROWS
    permission = "billing.payments.add"
    form_class = ReasonForm
    title = "Unallocate payment"
    submit_label = "Unallocate"
    submit_icon = "user-off"

    def obstacles(self, obj: Payment) -> list[str]:
        return _taken_back(obj) or ([] if obj.payer else ["Nobody is credited with it."])

    def consequences(self, obj: Payment) -> list[str]:
        return [
            f"{obj.payer} loses the credit: {format_money(obj.amount)} more is owed there.",
            "The money waits under Unallocated until it is assigned.",
        ]

    def act(self, obj: Payment, form: ReasonForm, actor: Any) -> Payment:
        return receiving.release(obj, clock.now(), actor=actor, reason=form.cleaned_data["reason"])

    def done(self, obj: Payment, result: Payment) -> str:
        return f"{result} waits under Unallocated."


class PaymentTakeBack(ActionPage):
    queryset = ROWS
    permission = "billing.payments.take_back"
    form_class = TakeBackForm
    title = "Take back payment"
    submit_label = "Take back"
    submit_icon = "arrow-back-up"
    danger = True

    def form_kwargs(self) -> dict[str, Any]:
        today, first = clock.local_day(clock.now()), receiving.changeable_since(self.object)
        return {"initial": {"on": max(today, first), "why": Why.RETURNED}}

    def obstacles(self, obj: Payment) -> list[str]:
        return _taken_back(obj)

    def consequences(self, obj: Payment) -> list[str]:
        amount = format_money(obj.amount)
        if obj.payer is None:
            return [f"{amount} leaves the unallocated money; nobody's balance changes."]
        return [
            f"{obj.payer} owes {amount} again.",
            f"{obj.receipt} stays in the books with its mirror; it cannot be used again.",
            "A returned payment is told by e-mail; one recorded by mistake is not.",
        ]

    def act(self, obj: Payment, form: TakeBackForm, actor: Any) -> Payment:
        values = form.cleaned_data
        return returning.take_back(
            obj,
            Why(values["why"]),
            values["on"],
            clock.now(),
            actor=actor,
            reason=values["reason"],
            fee=values["fee"] or ZERO,
        )

    def done(self, obj: Payment, result: Payment) -> str:
        return f"{result} is taken back." + (f" {_owes(result.payer)}" if result.payer else "")


def _owes(customer: Customer) -> str:
    """How the customer stands now."""
    amount = Balance.objects.filter(customer=customer).values_list("amount", flat=True).first() or ZERO
    if amount < 0:
        return f"{customer.code} has {format_money(-amount)} in credit."
    return f"{customer.code} owes {format_money(amount)}."


def _taken_back(payment: Payment) -> list[str]:
    if payment.taken_back_on is None:
        return []
    return [f"It was taken back on {payment.taken_back_on}."]
