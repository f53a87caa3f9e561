"""The daily anchor: one row per day, a line in a file outside of the database, and a mail.

Whoever owns the database can rewrite all of it, seals, head and anchors included; not the file on another disk and
not the mail. The file catches up by itself with what it missed.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from billing.ledger.digests import digest
from billing.ledger.verification import Anchored, anchored
from billing.proving.models import Anchor
from billing.recurring.models import BillingSettings
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.models import Provider
from ispbilling.core.plans import Plan, Step

FILE = "ledger-anchors.txt"


def plan(now: datetime) -> Plan:
    """The sweep: today's anchor when there is none and something was ever posted, and what the file lacks."""
    steps = []
    today = local_day(now)
    if not Anchor.objects.filter(day=today).exists() and _head()[0]:
        steps.append(Step("anchor", str(today), "write the anchor", "there is none of today"))
    if steps or any(True for _ in _missing()):
        steps.append(Step("file", FILE, "append the anchors it lacks", "LEDGER_ANCHOR_DIR is set"))
    return Plan("anchor_ledger", steps, _apply, chunk=1)


def _apply(steps: Sequence[Step], now: datetime) -> int:
    return sum(_anchor(now) if step.key == "anchor" else _append() for step in steps)


def _anchor(now: datetime) -> int:
    """Write today's anchor; 0 when another worker did."""
    today = local_day(now)
    with transaction.atomic():
        BillingSettings.objects.select_for_update(no_key=True).get(pk=1)
        if Anchor.objects.filter(day=today).exists():
            return 0
        seq, hash_, postings, totals = _head()
        told = [[code, f"{amount:.2f}"] for code, amount in totals]
        anchor = Anchor.objects.create(
            day=today,
            at=now,
            seq=seq,
            hash=hash_,
            postings=postings,
            totals=told,
            digest=digest([today.isoformat(), seq, hash_.hex(), postings, told]),
        )
        mail_to = [] if Provider.get().demonstration else BillingSettings.get().anchor_addresses
        events.record(
            "ledger.anchored",
            anchor,
            at=now,
            anchor=anchor.text,
            postings=postings,
            day=today,
            totals=told,
            mail_to=mail_to or None,
        )
    return 1


def _head() -> tuple[int, bytes, int, list[tuple[str, Decimal]]]:
    """Seal, hash, number of postings and what each account holds, all of one instant: it is one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT h.seq, h.hash, (SELECT count(*) FROM billing_posting),
                   (SELECT json_agg(json_build_array(t.code, t.total::text) ORDER BY t.code) FROM (
                       SELECT a.code, sum(l.amount) AS total FROM billing_line l
                       JOIN billing_account a ON a.id = l.account_id GROUP BY 1) t)
               FROM billing_chainhead h WHERE h.id = 1"""
        )
        seq, hash_, postings, totals = cursor.fetchone()
    return seq, bytes(hash_), postings, [(code, Decimal(total)) for code, total in totals or ()]


def place() -> Path | None:
    """The file outside of the database; None where no directory is set."""
    return Path(settings.LEDGER_ANCHOR_DIR) / FILE if settings.LEDGER_ANCHOR_DIR else None


def line(anchor: Anchor) -> str:
    """One line of the file."""
    return f"{anchor.day} {anchor.text} postings={anchor.postings} digest={bytes(anchor.digest).hex()}\n"


def read(path: Path) -> list[Anchored]:
    """The anchors of a file. Raises ValueError for a line that is none, OSError where it cannot be read."""
    found = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        day, _, rest = text.strip().partition(" ")
        if day:
            found.append(anchored(rest.partition(" ")[0], f"line {number} of {path} ({day})"))
    return found


def _missing() -> Iterator[Anchor]:
    path = place()
    if path is None or Provider.get().demonstration:  # whose books start anew when it is removed
        return
    known = set(path.read_text().splitlines()) if path.exists() else set()
    for anchor in Anchor.objects.order_by("day"):
        if line(anchor).rstrip() not in known:
            yield anchor


def _append() -> int:
    """Append what the file lacks, and have the disk take it."""
    path, lines = place(), [line(anchor) for anchor in _missing()]
    if path is None or not lines:
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    return 1
