"""The periodic plans of billing: what passed its last day, the month's run, and the runs being priced, issued
or undone."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from billing.accounting.making import plan as accounting_exports
from billing.archives.making import plan as run_archives
from billing.banking import importing
from billing.banking.models import BankImport, BankImportState
from billing.calls.importing import plan as call_imports
from billing.calls.pricing import plan as price_calls
from billing.changes.acting import plan as package_changes
from billing.data_sales.automatic import plan as automatic_topups
from billing.data_sales.paid import plan as paid_topups
from billing.data_sales.switching import plan as prepaid_switches
from billing.data_sales.warning import plan as expiring_bundles
from billing.debiting import results
from billing.debiting.models import ResultImport, ResultState
from billing.gateways.checkouts import expiry as expire_checkouts
from billing.merging import merging
from billing.proving.anchoring import plan as anchor_ledger
from billing.proving.verifying import plan as verify_books
from billing.recurring import expiry as expiring
from billing.recurring.models import BillingSettings
from billing.runs import monthly, planning, undoing
from billing.runs.models import Run, RunState
from billing.runs.planning import Asked
from billing.simulating.working import plan as simulations
from billing.statements import mailing
from ispbilling.core import events
from ispbilling.core.clock import add_months, local_day, month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.plans import Plan, Step

__all__ = [
    "accounting_exports",
    "anchor_ledger",
    "automatic_topups",
    "call_imports",
    "expire_checkouts",
    "expiring_bundles",
    "expiry",
    "issue_runs",
    "merged_balances",
    "month_end",
    "package_changes",
    "paid_topups",
    "prepaid_switches",
    "price_calls",
    "run_archives",
    "simulations",
    "verify_books",
]


def expiry(now: datetime) -> Plan:
    """Record whatever has passed its last day; access and charges never wait for it."""
    return Plan("expiry", expiring.passed(now), expiring.enact)


def merged_balances(now: datetime) -> Plan:
    """Carry to the survivor what old paper of a merged customer left there since: a credit note, a payment."""
    steps = [
        Step(merge.pk, str(merge), "transfer the balance", "its old paper moved it")
        for merge in merging.left_behind().select_related("survivor", "loser")
    ]
    return Plan("merged_balances", steps, _settle, chunk=1)


def _settle(steps: Sequence[Step], now: datetime) -> int:
    return sum(merging.settle_again(step.key, now) for step in steps)


#: What is to be done with the chunks of a run: the act, the column that says it is done, and the last step.
_WORK = {
    RunState.DRAFT: ("plan", "planned_at", "show the preview"),
    RunState.APPROVED: ("issue", "done_at", "certify"),
    RunState.ISSUING: ("issue", "done_at", "certify"),
    RunState.UNDOING: ("undo", "undone_at", "certify"),
}


def issue_runs(now: datetime) -> Plan:
    """Every chunk that drafts have left to price, approved runs to issue, and runs taken back to credit."""
    steps = []
    for run in Run.objects.filter(state__in=_WORK).order_by("pk"):
        act, column, last = _WORK[RunState(run.state)]
        left = run.chunks.filter(**{column: None}).order_by("number")
        if act == "issue":
            steps.append(Step(("begin", run.pk, 0), str(run), "start issuing", "approved"))
        steps += [
            Step((act, run.pk, number), f"{run}, part {number + 1}", act, "not done yet")
            for number in left.values_list("number", flat=True)
        ]
        steps.append(Step((f"finish {act}", run.pk, 0), str(run), last, "all parts are done"))
    return Plan("issue_runs", steps, _issue_runs, chunk=1)


_ACTS: dict[str, Callable[[int, int, datetime], bool]] = {
    "plan": planning.plan_chunk,
    "begin": lambda run, number, now: monthly.begin(run),
    "issue": monthly.issue_chunk,
    "undo": undoing.undo_chunk,
    "finish plan": lambda run, number, now: planning.finish(run, now),
    "finish issue": lambda run, number, now: monthly.finish(run, now),
    "finish undo": lambda run, number, now: undoing.finish(run, now),
}


def _issue_runs(steps: Sequence[Step], now: datetime) -> int:
    return sum(_ACTS[act](run, number, now) for act, run, number in (step.key for step in steps))


def bank_imports(now: datetime) -> Plan:
    """Every line of bank statements that staff asked to post or to take back."""
    steps = []
    for one in BankImport.objects.filter(state__in=importing.WORK).order_by("pk"):
        act, word = importing.WORK[BankImportState(one.state)]
        steps += [Step((act, pk), str(one), word, "asked for") for pk in importing.waiting(one)]
        steps.append(Step(("finish", one.pk), str(one), "finish", "all lines are done"))
    return Plan("bank_imports", steps, _bank_imports, chunk=1)


def _bank_imports(steps: Sequence[Step], now: datetime) -> int:
    return sum(importing.ACTS[act](pk, now) for act, pk in (step.key for step in steps))


def debit_results(now: datetime) -> Plan:
    """Every result of debit orders that staff asked to record."""
    steps = []
    for one in ResultImport.objects.filter(state=ResultState.POSTING).order_by("pk"):
        steps += [
            Step(("record", pk), str(one), "record the result", "asked for") for pk in results.waiting(one)
        ]
        steps.append(Step(("finish", one.pk), str(one), "finish", "all lines are done"))
    return Plan("debit_results", steps, _debit_results, chunk=1)


def _debit_results(steps: Sequence[Step], now: datetime) -> int:
    return sum(results.ACTS[act](pk, now) for act, pk in (step.key for step in steps))


def send_statements(now: datetime) -> Plan:
    """Tell every recipient of the mailings staff sent; the mails are made and leave behind it."""
    return mailing.plan(now)


def month_end(now: datetime) -> Plan:
    """From the month-end day on, prepare next month's run when there is none; issue it only when settings
    say so."""
    settings = BillingSettings.get()
    today = local_day(now)
    period = month_of(add_months(today.replace(day=1), 1))
    steps = []
    if today.day >= settings.month_end_day and not _prepared(period.start):
        because = f"today is {today}, month end is day {settings.month_end_day}"
        steps.append(Step(period.start, str(period), "prepare the run", because))
    return Plan("month_end", steps, _prepare, chunk=1)


def _prepared(start: date) -> bool:
    """Whether the month has its run. One for a single billing group bills only them, and does not count."""
    runs = Run.objects.filter(period_start=start, billing_group=None)
    return runs.exclude(state__in=[RunState.EMPTY, RunState.UNDONE]).exists()


def _prepare(steps: Sequence[Step], now: datetime) -> int:
    settings = BillingSettings.objects.select_for_update().get(pk=1)
    done = 0
    for step in steps:
        period = month_of(step.key)
        if _prepared(period.start):
            continue
        try:
            run = planning.plan(Asked(period, local_day(now)), now, actor=None)
        except DomainError:
            continue  # nobody is due: there is nothing to prepare, and tomorrow it is asked again
        events.record("run.prepared", run, at=now, customers=run.planned, total=run.planned_total)
        if settings.issue_automatically:
            monthly.approve(run, now, actor=None)
        done += 1
    return done
