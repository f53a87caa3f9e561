"""Collections on screen: all of them, and what is done with them by hand."""

from typing import Any

from django.db.models import Q
from django.http import Http404
from django.urls import reverse

from billing.debiting import batching, settling
from billing.debiting.filters import RowFilter
from billing.debiting.forms import PaidForm, UnpaidForm
from billing.debiting.models import BatchState, DebitRow, DebitSettings, RowState
from billing.debiting.tables import RowTable
from billing.debiting.views.batches import BACK, HOME, PREPARE, RESULTS, VIEW
from billing.payments.forms import ReasonForm
from ispbilling.core import clock
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.parts import State
from ispbilling.core.units import counted
from ispbilling.core.views import BulkPage, ListPage

ROWS = DebitRow.objects.listed()


class RowList(ListPage):
    """Every collection; previews are on the page of their batch."""

    queryset = ROWS.exclude(batch__state=BatchState.DRAFT)
    table_class = RowTable
    filterset_class = RowFilter
    permission = VIEW
    title = "Collections"
    parents = (HOME,)
    confidential = "who pays by debit order, how much, and from which bank"
    search_fields = ("payer__code", "payer__name", "mandate__reference", "reason")
    search_help = "Reference, account code, name, mandate or reason"
    states = (
        State("all", "All"),
        State("waiting", "Waiting", Q(state__in=[RowState.DRAFT, RowState.SENT])),
        State("paid", "Accepted", Q(state=RowState.ACCEPTED)),
        State("unpaid", "Rejected or returned", Q(state__in=[RowState.REJECTED, RowState.RETURNED])),
        State("out", "Taken out", Q(state=RowState.CANCELLED)),
    )
    empty_icon = "credit-card-pay"
    empty_text = "What is asked of customers by debit order, and what came of it."

    def search(self, rows: Any, text: str) -> Any:
        key = text.strip().upper().removeprefix("D")
        if key.isascii() and key.isdigit() and len(key) == 9:
            return rows.filter(pk=int(key))
        return super().search(rows, text)


class RowAct(BulkPage):
    """What is done with one collection or several: from which state, and back to their batch."""

    queryset = ROWS
    success_url_name = "billing:debit_row_list"
    state = RowState.SENT

    def find(self) -> Any:
        """Those of them that are still there: a preview may be discarded while people read."""
        try:
            return super().find()
        except Http404:
            return []

    def obstacles(self, obj: list[DebitRow]) -> list[str]:
        if not obj:
            return ["None of these collections is there any more."]
        wrong = [row for row in obj if row.state != self.state]
        if len(wrong) < len(obj):
            return []
        return [
            f"{row.payer.code}: the collection is {row.get_state_display().lower()}." for row in wrong[:5]
        ]

    def fitting(self, obj: list[DebitRow]) -> list[DebitRow]:
        return [row for row in obj if row.state == self.state]

    def asked(self, obj: list[DebitRow]) -> str:
        rows = self.fitting(obj)
        total = sum((row.amount for row in rows), ZERO)
        return f"{counted(len(rows), 'collection')} of {format_money(total)}"

    def left(self, obj: list[DebitRow]) -> list[str]:
        other = len(obj) - len(self.fitting(obj))
        return [f"{counted(other, 'other')} in another state stay as they are."] if other else []

    def day(self) -> Any:
        now = clock.now()
        return max((settling.usual_day(row, now) for row in self.object), default=clock.local_day(now))

    def success_url(self, obj: list[DebitRow], result: Any) -> str:
        batches = {row.batch for row in obj}
        return batches.pop().get_absolute_url() if len(batches) == 1 else reverse(self.success_url_name)


class RowAccept(RowAct):
    permission = RESULTS
    title = "Accepted"
    submit_label, submit_icon = "Accepted", "check"
    form_class = PaidForm

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"on": self.day()}}

    def consequences(self, obj: list[DebitRow]) -> list[str]:
        return [
            f"Recorded as payments: {self.asked(obj)}; balances fall by as much.",
            "Each payer is sent the receipt.",
            *self.left(obj),
        ]

    def act(self, obj: DebitRow, form: Any, actor: Any) -> DebitRow:
        return settling.accept(obj, form.cleaned_data["on"], clock.now(), actor=actor)

    def done(self, obj: list[DebitRow], result: int) -> str:
        return f"{counted(result, 'collection')} recorded as paid."


class RowReject(RowAct):
    permission = RESULTS
    title = "Rejected"
    submit_label, submit_icon, danger = "Rejected", "ban", True
    form_class = UnpaidForm
    settle = staticmethod(settling.reject)

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"on": self.day(), "fee": DebitSettings.get().fee or None}}

    def meaning(self, obj: list[DebitRow]) -> str:
        return f"Did not come: {self.asked(obj)}. What is due stays due, and a new batch asks for it."

    def consequences(self, obj: list[DebitRow]) -> list[str]:
        return [
            self.meaning(obj),
            "A code that ends the mandate pauses it, too.",
            "Each payer is told.",
            *self.left(obj),
        ]

    def act(self, obj: DebitRow, form: Any, actor: Any) -> DebitRow:
        asked = form.cleaned_data
        fee = asked["fee"] or ZERO
        return self.settle(
            obj, asked["code"], asked["reason"], asked["on"], clock.now(), actor=actor, fee=fee
        )

    def done(self, obj: list[DebitRow], result: int) -> str:
        return f"{counted(result, 'collection')} recorded as {self.title.lower()}."


class RowReturn(RowReject):
    permission = BACK
    title = "Returned"
    submit_label, submit_icon = "Returned", "arrow-back-up"
    state = RowState.ACCEPTED
    settle = staticmethod(settling.give_back)

    def form_kwargs(self) -> dict[str, Any]:
        today = clock.local_day(clock.now())
        return {"initial": {"on": today, "fee": DebitSettings.get().fee or None}}

    def meaning(self, obj: list[DebitRow]) -> str:
        return (
            f"Taken back: {self.asked(obj)}. The receipts stay with their mirrors, and the debt opens again."
        )


class RowReopen(RowAct):
    permission = RESULTS
    title = "Waiting after all"
    submit_label, submit_icon = "Waiting", "refresh"
    state = RowState.REJECTED

    def consequences(self, obj: list[DebitRow]) -> list[str]:
        return [
            f"Under way again: {self.asked(obj)}; the result is still to come.",
            "A fee that was invoiced, and a mandate that was paused, stay so.",
        ]

    def act(self, obj: DebitRow, form: Any, actor: Any) -> DebitRow:
        return settling.reopen(obj, clock.now(), actor=actor)

    def done(self, obj: list[DebitRow], result: int) -> str:
        return f"{counted(result, 'collection')} wait for a result again."


class RowTakeOut(RowAct):
    permission = PREPARE
    title = "Take out"
    submit_label, submit_icon = "Take out", "x"
    form_class = ReasonForm
    state = RowState.DRAFT

    def consequences(self, obj: list[DebitRow]) -> list[str]:
        return [
            f"Not collected with this batch: {self.asked(obj)}. A new one may ask for it.",
            *self.left(obj),
        ]

    def act(self, obj: DebitRow, form: Any, actor: Any) -> DebitRow:
        return batching.take_out(obj, form.cleaned_data["reason"], clock.now(), actor=actor)

    def done(self, obj: list[DebitRow], result: int) -> str:
        return f"{counted(result, 'collection')} taken out."

    def undo_url(self, obj: list[DebitRow], result: int) -> str | None:
        return f"{reverse('billing:debit_row_put_back')}?pk={obj[0].pk}" if len(obj) == 1 else None


class RowPutBack(RowAct):
    permission = PREPARE
    title = "Put back"
    submit_label, submit_icon = "Put back", "plus"
    state = RowState.CANCELLED

    def consequences(self, obj: list[DebitRow]) -> list[str]:
        return [f"Collected with this batch after all: {self.asked(obj)}."]

    def act(self, obj: DebitRow, form: Any, actor: Any) -> DebitRow:
        return batching.put_back(obj, clock.now(), actor=actor)

    def done(self, obj: list[DebitRow], result: int) -> str:
        return f"{counted(result, 'collection')} put back."
