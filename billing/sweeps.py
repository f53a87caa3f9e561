"""The periodic plans of billing: what passed its last day, the month's run, and the runs being issued or
undone."""

from collections.abc import Callable, Sequence
from datetime import datetime

from billing.recurring import expiry as expiring
from billing.recurring.models import BillingSettings
from billing.runs import monthly, undoing
from billing.runs.models import Run, RunState
from billing.runs.planning import Asked, plan
from ispbilling.core import events
from ispbilling.core.clock import add_months, local_day, month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.plans import Plan, Step


def expiry(now: datetime) -> Plan:
    """Record whatever has passed its last day; access and charges never wait for it."""
    return Plan("expiry", expiring.passed(now), expiring.enact)


def issue_runs(now: datetime) -> Plan:
    """Every chunk that approved runs have left to issue, and runs being taken back to credit."""
    steps = []
    for run in Run.objects.filter(state__in=[RunState.APPROVED, RunState.ISSUING, RunState.UNDOING]).order_by(
        "pk"
    ):
        undo = run.state == RunState.UNDOING
        left = run.chunks.filter(**{"undone_at" if undo else "done_at": None}).order_by("number")
        act = "undo" if undo else "issue"
        if not undo:
            steps.append(Step(("begin", run.pk, 0), str(run), "start issuing", "approved"))
        steps += [
            Step((act, run.pk, number), f"{run}, part {number + 1}", act, "not done yet")
            for number in left.values_list("number", flat=True)
        ]
        steps.append(Step((f"finish {act}", run.pk, 0), str(run), "certify", "all parts are done"))
    return Plan("issue_runs", steps, _issue_runs, chunk=1)


_ACTS: dict[str, Callable[[int, int, datetime], bool]] = {
    "begin": lambda run, number, now: monthly.begin(run),
    "issue": monthly.issue_chunk,
    "undo": undoing.undo_chunk,
    "finish issue": lambda run, number, now: monthly.finish(run, now),
    "finish undo": lambda run, number, now: undoing.finish(run, now),
}


def _issue_runs(steps: Sequence[Step], now: datetime) -> int:
    return sum(_ACTS[act](run, number, now) for act, run, number in (step.key for step in steps))


def month_end(now: datetime) -> Plan:
    """From the month-end day on, prepare next month's run when there is none; issue it only when settings
    say so."""
    settings = BillingSettings.get()
    today = local_day(now)
    period = month_of(add_months(today.replace(day=1), 1))
    steps = []
    prepared = Run.objects.filter(period_start=period.start).exclude(state=RunState.UNDONE)
    if today.day >= settings.month_end_day and not prepared.exists():
        because = f"today is {today}, month end is day {settings.month_end_day}"
        steps.append(Step(period.start, str(period), "prepare the run", because))
    return Plan("month_end", steps, _prepare, chunk=1)


def _prepare(steps: Sequence[Step], now: datetime) -> int:
    settings = BillingSettings.objects.select_for_update().get(pk=1)
    done = 0
    for step in steps:
        period = month_of(step.key)
        if Run.objects.filter(period_start=period.start).exclude(state=RunState.UNDONE).exists():
            continue
        try:
            run = plan(Asked(period, local_day(now)), now, actor=None)
        except DomainError:
            continue  # nobody is due: there is nothing to prepare, and tomorrow it is asked again
        events.record("run.prepared", run, at=now, customers=run.planned, total=run.planned_total)
        if settings.issue_automatically:
            monthly.approve(run, now, actor=None)
        done += 1
    return done
