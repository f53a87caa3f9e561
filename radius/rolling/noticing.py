"""Notices of used bundles: each level of each bundle once, and only to those who want it (reg. 8A(1), 8A(2)(a)).

What is written is an event; `notifications` makes the message of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection, transaction

from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.events import Happening
from ispbilling.core.models import User
from radius.bundles.models import DataBundle
from radius.rolling.models import BundleNotice, NoticeChoice
from radius.rolling.regulation import LEVELS, reached, to_tell

#: A bundle that was over for longer is told of no more.
LATE: Final = timedelta(days=1)

#: Bundles that stand higher than what was noted of them.
_DUE: Final = """
SELECT b.id FROM radius_databundle b
WHERE (b.expires_at IS NULL OR b.expires_at > %(late)s) AND b.voided_at IS NULL
  AND b.drawn_octets >= b.octets / 2.0
  AND (SELECT count(*) FROM radius_bundlenotice n WHERE n.bundle_id = b.id)
    < 1 + (b.drawn_octets >= b.octets * 0.8)::int + (b.drawn_octets >= b.octets)::int
ORDER BY b.id
"""


#: What was drawn of bundles for days before they were granted: late, or to cover what was used over the cap.
_BEFORE: Final = """
SELECT d.bundle_id, sum(d.octets) FROM radius_draw d JOIN radius_databundle b ON b.id = d.bundle_id
WHERE d.bundle_id = ANY(%s::bigint[]) AND d.day < (b.created_at AT TIME ZONE %s)::date
GROUP BY d.bundle_id
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A bundle with levels to note, and the one to tell of."""

    bundle: DataBundle
    levels: tuple[int, ...]
    tell: int | None


def waiting(now: datetime) -> list[int]:
    """The bundles that reached a level nobody has noted."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"late": now - LATE})
        return [pk for (pk,) in cursor.fetchall()]


def note(bundles: Iterable[int], now: datetime) -> int:
    """Note the levels these bundles have reached, and record what is to be told; the number of bundles.

    Inside a transaction. A level that a colleague noted meanwhile is left to them.
    """
    rows = list(
        DataBundle.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=list(bundles), voided_at__isnull=True)
        .select_related("data_account__customer")
        .order_by("pk")
    )
    due = _due(rows)
    BundleNotice.objects.bulk_create(
        BundleNotice(bundle=one.bundle, level=level, at=now, told=level == one.tell)
        for one in due
        for level in one.levels
    )
    events.record_many(
        "data_bundle.used", DataBundle, Customer, [_told(one) for one in due if one.tell is not None], at=now
    )
    return len(due)


def _due(rows: Sequence[DataBundle]) -> list[Due]:
    noted: dict[int, set[int]] = {row.pk: set() for row in rows}
    for bundle, level in BundleNotice.objects.filter(bundle__in=rows).values_list("bundle", "level"):
        noted[bundle].add(level)
    wanted = wishes(row.data_account.customer_id for row in rows)
    before = _before(row.pk for row in rows)
    found = []
    for row in rows:
        levels = tuple(sorted(set(reached(row.octets, row.drawn_octets)) - noted[row.pk]))
        if levels:
            wish = wanted.get(row.data_account.customer_id, LEVELS)
            known = noted[row.pk].union(reached(row.octets, before.get(row.pk, 0)))
            found.append(Due(row, levels, to_tell(known, row.octets, row.drawn_octets, wish)))
    return found


def _before(bundles: Iterable[int]) -> dict[int, int]:
    """Octets of bundles that were used on days before they were granted: nobody is told of that late."""
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, [list(bundles), settings.TIME_ZONE])
        return {pk: int(octets) for pk, octets in cursor.fetchall()}


def _told(one: Due) -> Happening:
    bundle = one.bundle
    data = {
        "level": one.tell,
        "line": bundle.data_account.username,
        "title": bundle.title,
        "octets": bundle.octets,
        "left_octets": bundle.left_octets,
        "expires_at": bundle.expires_at and bundle.expires_at.isoformat(),
    }
    return Happening(bundle.pk, bundle.data_account.customer_id, str(bundle), data)


def wishes(customers: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """The levels that those customers want who chose; the others want all."""
    return {row.customer_id: row.wanted for row in NoticeChoice.objects.filter(customer__in=set(customers))}


def choose(customer: Customer, wanted: Iterable[int], now: datetime, *, actor: User | None) -> None:
    """Store which notices a customer wants: 8A(2)(a)."""
    chosen = set(wanted)
    values = {f"at_{level}": level in chosen for level in LEVELS}
    with transaction.atomic():
        Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        before = NoticeChoice.objects.filter(customer=customer).first() or NoticeChoice(customer=customer)
        changed = events.changes({name: getattr(before, name) for name in values}, values)
        if changed:
            NoticeChoice.objects.update_or_create(customer=customer, defaults=values)
            events.record("customer.notices_chosen", customer, actor=actor, at=now, changes=changed)
