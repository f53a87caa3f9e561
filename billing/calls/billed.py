"""Which calls a document charged: written as it is issued, set-based, and freed when it is credited."""

from collections.abc import Collection, Sequence

from django.db import connection
from django.db.models import Q

from billing.calls import pricing
from billing.calls.due import Called
from billing.calls.models import CallBill, PhoneNumber
from ispbilling.core.copying import copy, take_ids


def claim(bills: Sequence[tuple[int, Called]]) -> None:
    """Let each (document id, its calls of a number and month) have these calls. Call it inside a transaction.

    Raises IntegrityError when they are not those that were counted any more: PostgreSQL compares.
    """
    if not bills:
        return
    numbers = sorted({called.number_id for _, called in bills})
    list(PhoneNumber.objects.select_for_update(no_key=True).filter(pk__in=numbers).order_by("pk"))
    ids = take_ids(CallBill, len(bills))
    copy(
        CallBill,
        ("id", "number_id", "month", "document_id", "calls", "seconds", "amount"),
        [
            (pk, one.number_id, one.month, document, one.calls, one.seconds, one.amount)
            for pk, (document, one) in zip(ids, bills, strict=True)
        ],
    )
    all_open = [pk for pk, (_, one) in zip(ids, bills, strict=True) if not one.ids]
    named = [(pk, call) for pk, (_, one) in zip(ids, bills, strict=True) for call in one.ids]
    with connection.cursor() as cursor:
        if named:
            cursor.execute(
                """UPDATE billing_call k SET bill_id = n.bill FROM unnest(%s::bigint[], %s::bigint[]) n (bill, call)
                   WHERE k.id = n.call AND k.bill_id IS NULL""",
                [[bill for bill, _ in named], [call for _, call in named]],
            )
        cursor.execute(
            """UPDATE billing_call k SET bill_id = b.id FROM billing_callbill b
               WHERE b.id = ANY(%s) AND k.number_id = b.number_id AND k.bill_id IS NULL AND k.state = 'rated'
                 AND k.day >= b.month AND k.day < (b.month + interval '1 month')::date""",
            [all_open],
        )


def free(documents: Collection[int]) -> None:
    """Let the calls of documents that were just credited be billed again, at what they cost by then."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH freed AS (
                   UPDATE billing_call k SET bill_id = NULL FROM billing_callbill b
                   WHERE b.document_id = ANY(%s) AND k.bill_id = b.id RETURNING k.number_id)
               SELECT DISTINCT number_id FROM freed""",
            [list(documents)],
        )
        numbers = [row[0] for row in cursor.fetchall()]
    if numbers:
        pricing.stale(Q(pk__in=numbers))
