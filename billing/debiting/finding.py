"""Finding debit orders by what stands on a bank statement: batch, collection, or the mandate's reference."""

import re
from collections.abc import Iterable
from typing import Any

from django.db.models import F

from billing.debiting.models import DebitBatch, DebitRow, Mandate
from ispbilling.core.money import format_money
from ispbilling.search import Hit, Source

_BATCH = re.compile(r"DEB[- ]?0*([0-9]{1,9})", re.IGNORECASE)
_ROW = re.compile(r"D([0-9]{9})", re.IGNORECASE)


def _found(text: str, user: Any, limit: int) -> Iterable[Hit]:
    asked = text.strip()
    if batch := _BATCH.fullmatch(asked):
        for one in DebitBatch.objects.visible_to(user).defer("file").filter(pk=int(batch[1])):
            words = f"{one.get_state_display()}, collects on {one.action_on}"
            yield Hit(str(one), one.get_absolute_url(), words)
    if row := _ROW.fullmatch(asked):
        for found in DebitRow.objects.visible_to(user).listed().filter(pk=int(row[1])):
            words = f"{found.payer}, {format_money(found.amount)}, {found.get_state_display().lower()}"
            yield Hit(str(found), found.get_absolute_url(), words)
    if len(asked) > 4:
        # One that is the account code is found with its customer.
        mandates = Mandate.objects.visible_to(user).exclude(reference=F("customer__code"))
        mandates = mandates.filter(reference__istartswith=asked)
        for mandate in mandates.select_related("customer")[:limit]:
            words = f"{mandate.customer}, {mandate.account}, {mandate.get_state_display().lower()}"
            yield Hit(mandate.reference, mandate.get_absolute_url(), words)


DEBITS = Source("debits", "Debit Orders", "billing.debits.view", _found, icon="credit-card-pay", weight=55)
