"""Runs one sweep of the table: what the Celery task and `manage.py sweep` both call."""

from datetime import datetime

from django.utils.module_loading import import_string

from ispbilling.core.clock import now as clock_now
from ispbilling.core.models import SweepRun
from ispbilling.core.plans import Plan, Result
from ispbilling.schedule import find

HEARTBEAT = "sweep-heartbeat"


def plan(name: str, now: datetime) -> Plan:
    """What the sweep would do at `now`. Raises KeyError for a name that is not in the table."""
    made: Plan = import_string(find(name).path)(now)
    return made


def run(name: str, now: datetime) -> Result:
    """Plan and apply; a run that did something or failed leaves a `SweepRun`."""
    started = clock_now()
    result = plan(name, now).apply(now)
    if result.applied or result.failed:
        SweepRun.objects.create(
            name=name,
            started_at=started,
            finished_at=clock_now(),
            applied=result.applied,
            skipped=result.skipped,
            failed=len(result.failed),
            errors=[[step.subject, reason] for step, reason in result.failed[:100]],
        )
    return result
