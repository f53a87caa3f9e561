"""Who is looked at for a batch, and what is known of each: one question to PostgreSQL, then the pure decision."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from billing.allocating.open_items import open_query
from billing.debiting.deciding import Authority, Collect, LeaveOut, Payer, Terms, decide
from billing.debiting.models import DebitBatch, DebitSettings, MandateState
from customers.models import Customer
from groups.models import BillingGroup


@dataclass(frozen=True, slots=True)
class Planned:
    """One payer and what becomes of it."""

    payer: Payer
    decision: Collect | LeaveOut


def plan(on: date, billing_group: BillingGroup | None, now: datetime) -> list[Planned]:
    """Everybody who has a mandate or something due by that day, and what a new batch does with each."""
    where = "" if billing_group is None else "AND c.billing_group_id = %(group)s"
    named = {} if billing_group is None else {"group": billing_group.pk}
    return _decided(on, where, named, None, None, now)


def again(batch: DebitBatch, payers: Collection[int], now: datetime) -> dict[int, Collect | LeaveOut]:
    """What would be collected now from payers of a batch, as if it did not ask anything of them yet."""
    found = _decided(batch.action_on, "AND c.id = ANY(%(payers)s)", {}, batch, list(payers), now)
    return {one.payer.key: one.decision for one in found}


def _decided(
    on: date,
    where: str,
    named: dict[str, Any],
    batch: DebitBatch | None,
    payers: Sequence[int] | None,
    now: datetime,
) -> list[Planned]:
    settings = DebitSettings.get()
    terms = Terms(settings.smallest, settings.collect_part)
    return [Planned(one, decide(one, on, terms)) for one in _load(on, where, named, batch, payers, now)]


def _load(
    on: date,
    where: str,
    named: dict[str, Any],
    batch: DebitBatch | None,
    payers: Sequence[int] | None,
    now: datetime,
) -> list[Payer]:
    opened, params = open_query(on, payers)
    params = {**params, **named, "action_on": on, "batch": batch.pk if batch else 0, "payers": payers or []}
    with connection.cursor() as cursor:
        cursor.execute(_PAYERS.format(open=opened, where=where), params)
        rows = cursor.fetchall()
    deleted = set(
        Customer.objects.deleted(now).filter(pk__in=[row[0] for row in rows]).values_list("pk", flat=True)
    )
    return [_payer(row, row[0] in deleted) for row in rows]


def _payer(row: Sequence[Any], deleted: bool) -> Payer:
    key, due, in_flight, batch, mandate, state, reason, since, until, maximum = row
    authority = (
        Authority(mandate, MandateState(state), reason, since, until, maximum)
        if mandate is not None
        else None
    )
    name = DebitBatch.name_of(batch) if batch is not None else ""
    return Payer(key, Decimal(due), Decimal(in_flight), name, deleted, authority)


#: What is due is the debt that is open and due by the action day, not the balance. Rows that may still bring money
#: count for whoever the record belongs to now; a merged record itself asks nothing.
_PAYERS = """
SELECT c.id, coalesce(d.due, 0), coalesce(f.amount, 0), own.batch_id,
    m.id, m.state, m.reason, m.valid_from, m.valid_until, m.maximum
FROM customers_customer c
LEFT JOIN (
    SELECT payer, sum(open) AS due FROM ({open}) o WHERE open > 0 AND due_on <= %(action_on)s GROUP BY 1
) d ON d.payer = c.id
LEFT JOIN billing_mandate m ON m.customer_id = c.id AND m.state <> 'cancelled'
LEFT JOIN (
    SELECT billing_payer_of(payer_id) AS payer, sum(amount) AS amount FROM billing_debitrow
    WHERE state IN ('draft', 'sent') AND batch_id <> %(batch)s GROUP BY 1
) f ON f.payer = c.id
LEFT JOIN billing_debitrow own
    ON own.payer_id = c.id AND own.state IN ('draft', 'sent') AND own.batch_id <> %(batch)s
WHERE (d.due > 0 OR m.id IS NOT NULL)
    AND NOT EXISTS (SELECT FROM customers_merge g WHERE g.loser_id = c.id AND g.undone_at IS NULL)
    {where}
ORDER BY c.code"""
