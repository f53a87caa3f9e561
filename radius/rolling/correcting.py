"""What rolled over follows its parent: counted again after late or corrected accounting, it becomes more or less.

Less at any time, but never less than was drawn from it or given away: what went beyond is forgiven, and the event
says so. More by itself only for the hours after its parent ended, or when somebody has a month counted again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.events import Happening
from ispbilling.core.models import User
from radius.bundles import counting
from radius.bundles.models import DataBundle, Meter
from radius.rolling import sets
from radius.rolling.deciding import corrected

#: Why a rolled over bundle of which nothing is left was taken back; such a one may come back.
NOTHING = "Nothing was left of what it rolled over from"
LATE = "its usage was counted again after it had rolled over"

_WRITE = """
UPDATE radius_databundle b
SET octets = CASE WHEN v.octets > 0 THEN v.octets ELSE b.octets END,
    voided_at = CASE WHEN v.octets > 0 THEN NULL ELSE %(now)s END,
    voided_reason = CASE WHEN v.octets > 0 THEN '' ELSE %(nothing)s END
FROM unnest(%(ids)s::bigint[], %(octets)s::bigint[]) AS v(id, octets)
WHERE b.id = v.id
"""


@dataclass(frozen=True, slots=True)
class Correction:
    """A rolled over bundle that held `rolled` in all and should hold `total`, counting what was given away of it."""

    bundle: int
    line: int
    rolled: int
    total: int
    given: int
    unused: int
    began: datetime

    @property
    def forgiven(self) -> int:
        """What of it its parent never left: used before the correction came."""
        return max(0, self.total - self.unused)


def due(now: datetime, lines: Sequence[int] | None = None, *, grow: bool = False) -> list[Correction]:
    """What should be corrected now, of these lines or of all; `grow`: upwards whenever its parent ended.

    Never upwards where the package limits what rolls over: how much of that others hold is not known any more.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            sets.CORRECTIONS,
            {
                "now": now,
                "grace": now - sets.GRACE,
                "nothing": NOTHING,
                "lines": None if lines is None else list(lines),
                "grow": grow,
            },
        )
        rows = cursor.fetchall()
    found = []
    for bundle, line, rolled, gone, given, unused, may_grow, began in rows:
        total = corrected(unused=unused, rolled=rolled, gone=gone, may_grow=may_grow)
        if total != rolled:
            found.append(Correction(bundle, line, rolled, total, given, unused, began))
    return found


def correct(
    lines: Sequence[int],
    now: datetime,
    *,
    because: str = LATE,
    grow: bool = False,
    actor: User | None = None,
) -> list[Correction]:
    """Correct what has rolled over on these lines, count them again, and record why; inside a transaction."""
    _lock(lines)
    done: list[Correction] = []
    # What rolled on from a corrected one, month after month, is to be corrected in its turn.
    while found := due(now, lines, grow=grow):
        _write(found, now, because, actor)
        done += found
    return done


def _write(found: Sequence[Correction], now: datetime, because: str, actor: User | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            {
                "ids": [one.bundle for one in found],
                "octets": [one.total - one.given for one in found],
                "now": now,
                "nothing": NOTHING,
            },
        )
    rows = DataBundle.objects.select_related("data_account").in_bulk([one.bundle for one in found])
    events.record_many(
        "data_bundle.rollover_adjusted",
        DataBundle,
        Customer,
        [
            Happening(
                one.bundle,
                rows[one.bundle].data_account.customer_id,
                str(rows[one.bundle]),
                {
                    "line": rows[one.bundle].data_account.username,
                    "was_octets": one.rolled,
                    "octets": one.total,
                    "unused_octets": one.unused,
                    "forgiven_octets": one.forgiven or None,
                    "because": because,
                },
            )
            for one in found
        ],
        at=now,
        actor=actor,
    )
    began = min(one.began for one in found)
    counting.count(sorted({one.line for one in found}), now, since=local_day(began))


def _lock(lines: Sequence[int]) -> None:
    """As the drawer does, so that nothing is drawn meanwhile."""
    meters = Meter.objects.filter(pk__in=lines).order_by("pk").select_for_update()
    list(meters.values_list("pk", flat=True))
