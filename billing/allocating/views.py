"""Which debits a credit settles, when the usual way is not what the customer meant."""

from decimal import Decimal
from functools import cached_property
from typing import Any

from django.http import Http404
from django.urls import reverse

from billing.allocating import pinning
from billing.allocating.fifo import Allocation, Item
from billing.allocating.forms import AllocateForm, Choice
from billing.allocating.models import Pin
from billing.allocating.open_items import allocation
from billing.ledger.models import Line, Posting
from billing.ledger.posting import RECEIVABLE
from customers.merging.models import merge_of
from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.views import ActionPage, scoped

#: What one dialog holds; older debits that are settled are hardly meant.
MOST = 40


class AllocationEdit(ActionPage):
    """For the posting of a credit: how much of it settles which invoice."""

    queryset = Posting.objects.select_related("document")
    permission = "billing.allocations.edit"
    form_class = AllocateForm
    title = "Allocate"
    submit_label = "Allocate"
    submit_icon = "arrows-exchange"

    def get_object(self) -> Posting:
        posting: Posting = super().get_object()
        line = Line.objects.filter(posting=posting, account__code=RECEIVABLE, amount__lt=0).first()
        if line is None:
            raise Http404("not a credit")
        self.payer = _now(line.customer)
        if not scoped(Customer.objects.all(), self.actor).filter(pk=self.payer.pk).exists():
            raise Http404("not visible")
        return posting

    @cached_property
    def found(self) -> tuple[dict[int, Item], Allocation]:
        return allocation(self.payer, clock.local_day(clock.now()))

    def obstacles(self, obj: Posting) -> list[str]:
        item = self.found[0].get(obj.pk)
        if item is None or item.amount > 0 or not item.whole:
            return ["It was taken back, in whole or in part: there is nothing to allocate."]
        if not self.choices():
            return [f"{self.payer} owes nothing that it could settle; the next invoice takes it."]
        return []

    def consequences(self, obj: Posting) -> list[str]:
        return [
            f"{obj.memo}: {format_money(-self.found[0][obj.pk].amount)} of {self.payer}.",
            "What is left open below is used the usual way: whatever is due first.",
            "The balance stays as it is; which invoices are open, and how old the debt is, may change.",
        ]

    def form_kwargs(self) -> dict[str, Any]:
        return {"choices": self.choices()}

    def choices(self) -> list[Choice]:
        """Debits that are open or settled without anybody having said so, open ones first, then the latest."""
        items, done = self.found
        mine = dict(Pin.objects.filter(credit=self.kwargs["pk"]).values_list("debit", "amount"))
        fixed: dict[int, Decimal] = {}
        for share in done.shares:
            if share.pinned and share.credit != self.kwargs["pk"]:
                fixed[share.debit] = fixed.get(share.debit, ZERO) + share.amount
        debits = [
            item
            for item in items.values()
            if item.amount > 0 and item.whole and item.amount > fixed.get(item.key, ZERO)
        ]
        debits.sort(
            key=lambda item: (item.key not in mine, item.key not in done.open, -item.due_on.toordinal())
        )
        named = Posting.objects.select_related("document").in_bulk([item.key for item in debits[:MOST]])
        return [
            Choice(
                item.key,
                str(named[item.key].document or named[item.key].memo),
                f"{format_money(item.amount)} of {item.posted_on}, due {item.due_on};"
                f" open {format_money(done.open.get(item.key, ZERO))}",
                mine.get(item.key),
            )
            for item in debits[:MOST]
        ]

    def act(self, obj: Posting, form: AllocateForm, actor: Any) -> list[Pin]:
        return pinning.pin(self.payer, obj.pk, form.shares(), clock.now(), actor=actor)

    def done(self, obj: Posting, result: list[Pin]) -> str:
        return f"{obj.memo} is allocated." if result else f"{obj.memo} is used the usual way."

    def success_url(self, obj: Posting, result: Any) -> str:
        return reverse("billing:open_items", args=[self.payer.pk])

    def close_url(self) -> str:
        return self.came_from() or reverse("billing:open_items", args=[self.payer.pk])


def _now(customer: Customer) -> Customer:
    """Whose record it is now."""
    while merge := merge_of(customer):
        customer = merge.survivor
    return customer
