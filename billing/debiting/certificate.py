"""What a batch is checked by: sentences over its rows, each with whether it holds. Asked anew whenever it is shown."""

from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from billing.debiting.models import BatchState, DebitBatch, RowState
from billing.payments.models import Payment
from ispbilling.core.money import ZERO, format_money

Figures = dict[str, tuple[int, Decimal]]


def figures(batch: DebitBatch) -> Figures:
    """(count, amount) of the rows in each state."""
    rows = batch.rows.order_by().values_list("state").annotate(count=Count("pk"), total=Sum("amount"))
    found = {state: (count, total) for state, count, total in rows}
    return {state: found.get(state, (0, ZERO)) for state in RowState.values}


def checks(batch: DebitBatch) -> list[tuple[str, bool]]:
    """Whoever was looked at is asked or left out with a reason; what is asked is answered or waits; what was paid is
    in the books."""
    by_state = figures(batch)
    rows = sum(count for count, _ in by_state.values())
    left_out = batch.skips.aggregate(count=Count("payer"), due=Sum("due", default=ZERO))
    due = batch.rows.aggregate(due=Sum("due", default=ZERO))["due"]
    found = [
        (
            f"looked at {batch.considered} = collections {rows} + left out {left_out['count']}",
            batch.considered == rows + left_out["count"],
        ),
        (
            f"due {format_money(batch.due)} = of collections {format_money(due)}"
            f" + of whom was left out {format_money(left_out['due'])}",
            batch.due == due + left_out["due"],
        ),
    ]
    if batch.state in (BatchState.SENT, BatchState.DONE):
        found.append(_answered(by_state))
        found.append(_recorded(batch, by_state))
    return found


def _answered(by_state: Figures) -> tuple[str, bool]:
    words = {
        RowState.ACCEPTED: "paid", RowState.RETURNED: "returned", RowState.REJECTED: "rejected",
        RowState.SENT: "waiting",
    }  # fmt: skip
    parts = [(word, by_state[state][1]) for state, word in words.items()]
    asked = sum((amount for _, amount in parts), ZERO)
    said = " + ".join(f"{word} {format_money(amount)}" for word, amount in parts)
    return f"sent {format_money(asked)} = {said}", not by_state[RowState.DRAFT][0]


def _recorded(batch: DebitBatch, by_state: Figures) -> tuple[str, bool]:
    payments: Any = Payment.objects.filter(debit_row__batch=batch)
    recorded = payments.aggregate(total=Sum("amount", default=ZERO))["total"]
    paid = by_state[RowState.ACCEPTED][1] + by_state[RowState.RETURNED][1]
    return (
        f"paid at first {format_money(paid)} = recorded as payments {format_money(recorded)}",
        paid == recorded,
    )
