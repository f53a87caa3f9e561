"""THE table of periodic work: what runs, when, and why in this order. `manage.py sweep --list` prints it.

A sweep is named by dotted path, so this module imports no app. Each is a function `(now) -> Plan`
(ispbilling/core/plans.py). None of them must run on time for the truth to be right: access, balances and
due dates are computed from stored facts and the clock; a late sweep only delays a message or a disconnect.
Times that staff may change are settings the sweep itself reads.
"""

from dataclasses import dataclass
from datetime import timedelta

from celery.schedules import crontab


@dataclass(frozen=True, slots=True)
class Sweep:
    """One line of the table. `expires`: seconds after which an unfetched tick is worthless."""

    name: str
    path: str
    when: crontab | timedelta
    why: str

    @property
    def words(self) -> str:
        """`every 15 s`, `daily at 00:05`."""
        if isinstance(self.when, timedelta):
            return f"every {self.when.total_seconds():.0f} s"
        hour, minute = self.when.hour, self.when.minute  # type: ignore[attr-defined]  # celery-types lacks them
        return f"daily at {min(hour):02}:{min(minute):02}"

    @property
    def expires(self) -> int:
        return int(self.when.total_seconds()) if isinstance(self.when, timedelta) else 3600


def every(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


def daily(hour: int, minute: int) -> crontab:
    """At a wall-clock time of the provider's zone."""
    return crontab(hour=hour, minute=minute)


SWEEPS = [
    Sweep(
        "expiry",
        "billing.sweeps.expiry",
        daily(0, 5),
        "records what has passed its last day; before month end",
    ),
    Sweep("month_end", "billing.sweeps.month_end", daily(1, 0), "prepares the month's run and tells people"),
    Sweep(
        "issue_runs",
        "billing.sweeps.issue_runs",
        every(15),
        "issues approved runs and takes back undone ones",
    ),
    Sweep(
        "run_archives",
        "billing.sweeps.run_archives",
        every(15),
        "makes the zips of runs that staff asked for, and deletes those whose days are over",
    ),
    Sweep(
        "bank_imports",
        "billing.sweeps.bank_imports",
        every(15),
        "records the payments of bank statements, and takes them back",
    ),
    Sweep(
        "call_imports",
        "billing.sweeps.call_imports",
        every(15),
        "imports the calls of files that staff confirmed",
    ),
    Sweep(
        "price_calls",
        "billing.sweeps.price_calls",
        every(15),
        "prices calls that are not billed again when a number or a rate changed",
    ),
    Sweep(
        "expire_checkouts",
        "billing.sweeps.expire_checkouts",
        every(300),
        "closes online payments that no gateway has told of for a day",
    ),
    Sweep(
        "paid_topups",
        "billing.sweeps.paid_topups",
        every(60),
        "gives out the top-ups that were paid for online, where the payer did not come back to see it",
    ),
    Sweep(
        "automatic_topups",
        "billing.sweeps.automatic_topups",
        every(60),
        "buys data for lines that run low and agreed to it, up to their limit",
    ),
    Sweep(
        "prepaid_switches",
        "billing.sweeps.prepaid_switches",
        every(30),
        "makes lines prepaid, or monthly again, from their day; before the month's data is granted",
    ),
    Sweep(
        "expiring_bundles",
        "billing.sweeps.expiring_bundles",
        every(900),
        "warns a day before what a prepaid line bought expires",
    ),
    Sweep(
        "debit_results",
        "billing.sweeps.debit_results",
        every(15),
        "records what banks said of the debit orders in a result file",
    ),
    Sweep(
        "import_customers",
        "customers.sweeps.import_customers",
        every(15),
        "checks, imports and undoes files of customers that staff asked for",
    ),
    Sweep(
        "forget_imports",
        "customers.sweeps.forget_imports",
        daily(3, 40),
        "forgets the files and rows of imports 30 days after the last act on them",
    ),
    Sweep(
        "merged_balances",
        "billing.sweeps.merged_balances",
        every(300),
        "carries to the survivor what old paper of a merged customer left there",
    ),
    Sweep(
        "accounting_exports",
        "billing.sweeps.accounting_exports",
        every(15),
        "writes the journals that staff asked for",
    ),
    Sweep(
        "anchor_ledger",
        "billing.sweeps.anchor_ledger",
        every(1800),
        "writes down the end of the ledger's chain, once a day: here, in a file and by mail",
    ),
    Sweep(
        "verify_books",
        "billing.sweeps.verify_books",
        every(15),
        "verifies ledger and paper when staff asked for it",
    ),
    Sweep(
        "send_statements",
        "billing.sweeps.send_statements",
        every(15),
        "tells each recipient of the statements that staff sent to many",
    ),
    Sweep(
        "simulations",
        "billing.sweeps.simulations",
        every(15),
        "answers what-if questions about many customers, and forgets them after a day",
    ),
    Sweep(
        "stale_sessions", "radius.sweeps.stale_sessions", every(300), "closes sessions whose updates stopped"
    ),
    Sweep(
        "time_limits",
        "radius.sweeps.time_limits",
        every(60),
        "counts again how long lines with a time limit were online",
    ),
    Sweep(
        "package_changes",
        "billing.sweeps.package_changes",
        every(15),
        "gives lines the package that was scheduled for them; before the month's bundles are granted",
    ),
    Sweep("reconcile", "radius.sweeps.reconcile", every(30), "re-queues disconnects that were lost"),
    Sweep(
        "new_bundles",
        "radius.sweeps.new_bundles",
        daily(0, 2),
        "grants the month's data to capped lines and rolls over what is left; on the 1st all of them",
    ),
    Sweep(
        "roll_over",
        "radius.sweeps.roll_over",
        every(300),
        "the same for what expires during the day, and corrects rollovers after late accounting",
    ),
    Sweep(
        "usage_months",
        "radius.sweeps.usage_months",
        every(300),
        "adds up what each line used in the month, for lists to sort and filter by",
    ),
    Sweep(
        "bundle_notices",
        "radius.sweeps.bundle_notices",
        every(60),
        "notes the bundles that reached 50, 80 and 100 %, and has their customers told once of each",
    ),
    Sweep(
        "prune_rejects",
        "radius.sweeps.prune_rejects",
        daily(3, 30),
        "forgets refused log-ins after RADIUS_KEEP_REJECTS_DAYS",
    ),
    Sweep(
        "prune_coa",
        "radius.sweeps.prune_coa",
        daily(3, 32),
        "forgets Disconnect- and CoA-Requests after RADIUS_KEEP_COA_DAYS",
    ),
    Sweep(
        "partition_months",
        "radius.sweeps.partition_months",
        daily(2, 30),
        "makes the months of sessions and usage ahead, and forgets sessions after RADIUS_KEEP_SESSIONS_MONTHS",
    ),
    Sweep(
        "archive_sessions",
        "radius.sweeps.archive_sessions",
        daily(2, 40),
        "moves sessions that ended RADIUS_ARCHIVE_DAYS ago out of the way of accounting",
    ),
    Sweep(
        "prune_posture",
        "radius.sweeps.prune_posture",
        daily(3, 35),
        "forgets what was counted of NASes after 92 days, of strangers after 30",
    ),
    Sweep(
        "subject_exports",
        "ispbilling.protection.sweeps.subject_exports",
        every(15),
        "makes the exports of a person's data, and deletes those whose days are over",
    ),
    Sweep(
        "purge_files",
        "customers.sweeps.purge_files",
        daily(3, 40),
        "deletes attachments removed longer ago than ATTACHMENT_KEEP_REMOVED_DAYS",
    ),
    Sweep("announce", "notifications.sweeps.announce", every(15), "turns events into messages"),
    Sweep("deliver", "notifications.sweeps.deliver", every(15), "drains the outbox"),
]


def find(name: str) -> Sweep:
    """The sweep of that name. Raises KeyError."""
    return {sweep.name: sweep for sweep in SWEEPS}[name]
