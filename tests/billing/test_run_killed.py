"""A worker that is killed in the middle of a run leaves nothing half done: the next one goes on."""

import os
import signal
import subprocess
import sys
import time
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

from billing import sweeps
from billing.documents.verification import findings
from billing.models import BilledPeriod, Document, NumberSequence, Posting, Run
from billing.runs import monthly, planning
from billing.runs.models import RunPlan, RunState
from billing.runs.planning import Asked
from ispbilling.core.clock import local_day, month_of, now
from ispbilling.core.models import Event
from tests import builders

CUSTOMERS, KILLS = 120, 2


def worker() -> "subprocess.Popen[bytes]":
    """Another process on this test's database, doing what the Celery worker does."""
    database = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    env = os.environ | {"DATABASE_URL": urlunsplit(database._replace(path=f"/{name}"))}
    command = [sys.executable, "manage.py", "sweep", "issue_runs"]
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, stdout=subprocess.DEVNULL)


def kill_after(chunks: int, run: Run, column: str = "done_at") -> None:
    """Let a worker do that many more chunks, then kill it without a warning."""
    done = run.chunks.exclude(**{column: None})
    enough = done.count() + chunks
    process = worker()
    try:
        for _ in range(3000):
            if done.count() >= enough or process.poll() is not None:
                break
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_killed_run_is_finished_without_gaps_or_doubles() -> None:
    for _ in range(CUSTOMERS):
        builders.recurring_line(customer=builders.customer())
    run = builders.run(chunk=1)
    monthly.approve(run, now(), actor=None)
    for _ in range(KILLS):
        kill_after(10, run)
    issued = Document.objects.count()
    assert 10 * KILLS <= issued < CUSTOMERS

    assert sweeps.issue_runs(now()).apply(now()).failed == []
    run.refresh_from_db()
    assert run.state == RunState.ISSUED
    assert sorted(Document.objects.values_list("number", flat=True)) == list(range(1, CUSTOMERS + 1))
    assert NumberSequence.objects.get().last == CUSTOMERS
    assert BilledPeriod.objects.count() == Posting.objects.count() == CUSTOMERS
    assert Event.objects.filter(kind="invoice.issued").count() == CUSTOMERS
    assert all(holds for _, holds in run.certificate["checks"])
    assert list(findings()) == []


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_killed_planner_is_followed_by_one_that_goes_on() -> None:
    for _ in range(CUSTOMERS):
        builders.recurring_line(customer=builders.customer())
    today = local_day(now())
    run = planning.request(Asked(month_of(today), today), now(), actor=None, chunk=1, at_once=0)
    kill_after(10, run, "planned_at")
    assert 10 <= RunPlan.objects.count() < CUSTOMERS

    assert sweeps.issue_runs(now()).apply(now()).failed == []
    run.refresh_from_db()
    assert (run.state, run.planned) == (RunState.PREVIEWED, CUSTOMERS)
    assert RunPlan.objects.filter(run=run).count() == CUSTOMERS
