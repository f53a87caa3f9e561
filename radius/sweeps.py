"""The periodic plans of this app; `ispbilling/schedule.py` says when each runs."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from ispbilling.core.plans import Plan, Step
from radius.catalogue.models import Service
from radius.coa import pruning as asked_long_ago
from radius.coa.models import CoaAttempt
from radius.coa.reconcile import due
from radius.consumption import months
from radius.nas import posture
from radius.policy.codes import sentence
from radius.quarantine.pruning import old as old_packets
from radius.rolling import noticing, sweeping
from radius.server import pruning
from radius.usage import closing, partitions
from radius.usage.models import Session

# Updates as old as this have been counted before.
RECENT = timedelta(minutes=3)


def stale_sessions(now: datetime) -> Plan:
    """Close sessions whose Interim-Updates stopped coming, and those that their device has replaced."""

    def act(steps: Sequence[Step], at: datetime) -> int:
        return closing.close_over([step.key for step in steps], at)

    found = {one.pk: (one, "not heard of") for one in closing.stale(now)}
    found |= {
        one.pk: (one, "its device has begun another session; not heard of") for one in closing.replaced()
    }
    steps = [
        Step(pk, one.username, "close", f"{why} since {one.updated_at:%Y-%m-%d %H:%M} UTC")
        for pk, (one, why) in sorted(found.items(), key=lambda item: item[1][0].updated_at)
    ]
    return Plan("stale_sessions", steps, act)


def reconcile(now: datetime) -> Plan:
    """Wake the RADIUS service for live sessions that should be disconnected; only it may speak to a NAS."""

    def act(steps: Sequence[Step], at: datetime) -> int:
        still = {one.live.pk for one in due(at)} & {step.key for step in steps}
        if still:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_notify('radius', 'reconcile')")
        return len(still)

    steps = [Step(one.live.pk, one.live.username, "disconnect", sentence(one.because)) for one in due(now)]
    return Plan("reconcile", steps, act)


def prune_rejects(now: datetime) -> Plan:
    """Delete log-ins older than RADIUS_KEEP_REJECTS_DAYS, one block of identifiers a transaction, then what
    they alone were decided from.
    """

    def act(steps: Sequence[Step], at: datetime) -> int:
        return sum(_prune(step.key, at) > 0 for step in steps)

    steps = [
        Step(block, f"log-ins {block[0]} to {block[1]}", "delete", "kept for long enough")
        for block in pruning.blocks(now)
    ]
    facts = pruning.unused(now).count()
    steps += [
        Step(None, f"facts of log-ins, part {part + 1}", "delete", "no log-in that is kept needs them")
        for part in range(-(-facts // pruning.SPAN))
    ]
    steps += [
        Step(name, f"{count} {name}", "delete", "kept for long enough")
        for name, old in _KEPT_AS_LONG.items()
        if (count := old(now).count())
    ]
    return Plan("prune_rejects", steps, act, chunk=1)


_KEPT_AS_LONG: dict[str, Callable[[datetime], QuerySet[Any]]] = {
    "quarantined packets": old_packets,
    "counts of unknown usernames": pruning.old_surplus,
}


def _prune(block: pruning.Block | str | None, now: datetime) -> int:
    if isinstance(block, str):
        return _KEPT_AS_LONG[block](now).delete()[0]
    return pruning.prune_facts(now) if block is None else pruning.prune(block, now)


def partition_months(now: datetime) -> Plan:
    """Make next months' partitions, and drop sessions older than RADIUS_KEEP_SESSIONS_MONTHS."""

    def act(steps: Sequence[Step], at: datetime) -> int:
        (step,) = steps
        if step.action == "create":
            return partitions.create(*step.key)
        CoaAttempt.objects.filter(session__month=step.key).delete()
        return partitions.drop(step.key, at)

    steps = [
        Step(
            (table, month),
            partitions.name(table, month),
            "create",
            "a month to come, or one that was missing",
        )
        for table, month in partitions.missing(now)
    ]
    steps += [
        Step(month, f"{partitions.count(month)} sessions of {month:%B %Y}", "drop", "kept for long enough")
        for month in partitions.droppable(now)
    ]
    return Plan("partition_months", steps, act, chunk=1)


def archive_sessions(now: datetime) -> Plan:
    """Move sessions that ended RADIUS_ARCHIVE_DAYS ago into their month, one block a transaction."""

    def act(steps: Sequence[Step], at: datetime) -> int:
        return sum(partitions.archive(step.key, at) > 0 for step in steps)

    steps = [
        Step(block, f"{block.count} sessions", "archive", "ended long enough ago")
        for block in partitions.archivable(now)
    ]
    return Plan("archive_sessions", steps, act, chunk=1)


def prune_posture(now: datetime) -> Plan:
    """Delete what was counted of NASes and strangers long ago."""
    found = {"days": posture.old_days(now), "strangers": posture.old_strangers(now)}

    def act(steps: Sequence[Step], at: datetime) -> int:
        return sum(found[step.key].delete()[0] > 0 for step in steps)

    steps = [
        Step(name, f"{count} {name}", "delete", "kept for long enough")
        for name, rows in found.items()
        if (count := rows.count())
    ]
    return Plan("prune_posture", steps, act, chunk=1)


def prune_coa(now: datetime) -> Plan:
    """Delete what NASes were asked longer ago than RADIUS_KEEP_COA_DAYS, one part a transaction."""

    def act(steps: Sequence[Step], at: datetime) -> int:
        return sum(asked_long_ago.prune(step.key, at) > 0 for step in steps)

    steps = [
        Step(name, f"{name}, part {part + 1}", "delete", "kept for long enough")
        for name, rows in asked_long_ago.old(now).items()
        for part in range(-(-rows.count() // asked_long_ago.SPAN))
    ]
    return Plan("prune_coa", steps, act, chunk=1)


def time_limits(now: datetime) -> Plan:
    """Have the RADIUS service count again how long the lines of services with a time limit were online.

    Usage is not told line by line: that would cost every update of every line.
    """

    def act(steps: Sequence[Step], at: datetime) -> int:
        with connection.cursor() as cursor:
            for step in steps:
                cursor.execute("SELECT pg_notify('radius', %s)", [f"service:{step.key}"])
        return len(steps)

    used = Session.objects.open().filter(
        data_account__package__service=OuterRef("pk"), updated_at__gt=now - RECENT, updated_at__lte=now
    )
    limited = Service.objects.filter(Exists(used), time_limit__gt=0)
    steps = [Step(one.pk, str(one), "count", "its lines were online in the last minutes") for one in limited]
    return Plan("time_limits", steps, act)


def usage_months(now: datetime) -> Plan:
    """Add up what each line used in the month: lists sort and filter by it."""

    def act(steps: Sequence[Step], at: datetime) -> int:
        (step,) = steps
        return int(months.store(step.key) > 0)

    steps = [Step(month, str(month), "add up", "lists sort and filter by it") for month in months.due(now)]
    return Plan("usage_months", steps, act, chunk=1)


def new_bundles(now: datetime) -> Plan:
    """Grant the month's bundles, and roll over what ended with data left."""
    return sweeping.plan("new_bundles", now)


def roll_over(now: datetime) -> Plan:
    """The same through the day: what ended since, what late accounting changed, what new_bundles missed."""
    return sweeping.plan("roll_over", now)


def bundle_notices(now: datetime) -> Plan:
    """Note the bundles that reached 50, 80 and 100 %, and have their customers told."""

    def act(steps: Sequence[Step], at: datetime) -> int:
        return noticing.note([step.key for step in steps], at)

    steps = [Step(pk, f"bundle {pk}", "note", "reached a level of use") for pk in noticing.waiting(now)]
    return Plan("bundle_notices", steps, act)
