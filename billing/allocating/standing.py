"""Whether documents are paid on a day: derived for the payers of a page, or for all of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, Q

from billing.allocating.open_items import open_query
from billing.allocating.states import PaidState, paid_state
from billing.recurring.models import BillingSettings
from customers.accounts.finding import Among
from ispbilling.core.money import ZERO


@dataclass(frozen=True, slots=True)
class Standing:
    """How much of a document is open, and what that is called."""

    open: Decimal
    state: PaidState


class Standings:
    """Of documents as at a day. With `payers` only of what these pay, which costs little; without, of all."""

    def __init__(self, on: date, payers: Collection[int] | None = None) -> None:
        self.on = on
        self.overdue_days = BillingSettings.get().overdue_days
        query, params = open_query(on, payers)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT document_id, open, amount, due_on FROM ({query}) o WHERE document_id IS NOT NULL",  # noqa: S608
                params,
            )
            self._open = {row[0]: row[1:] for row in cursor.fetchall()}

    def of(self, document: Any, *, credited: bool) -> Standing | None:
        """Of one document; None for a credit note, which settles its own invoice and nothing else."""
        if document.corrects_id is not None or document.issued_on > self.on:
            return None
        rest, amount, due_on = self._open.get(document.pk, (ZERO, document.total, document.due_on))
        if credited and not rest:
            return Standing(ZERO, PaidState.CREDITED)
        return Standing(rest, paid_state(amount, rest, due_on, self.on, self.overdue_days))

    def where(self, state: PaidState) -> Q:
        """Documents in that state, as a condition on rows that know whether they are `credited`."""
        if state == PaidState.CREDITED:
            return Q(credited=True)
        found = [
            pk
            for pk, (rest, amount, due_on) in self._open.items()
            if paid_state(amount, rest, due_on, self.on, self.overdue_days) == state
        ]
        if state == PaidState.PAID:
            unpaid = Q(Among(F("pk"), sorted(self._open)))
            return Q(total__gt=0, corrects=None, credited=False, issued_on__lte=self.on) & ~unpaid
        return Q(Among(F("pk"), sorted(found)))
