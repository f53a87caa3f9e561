"""A run for many is prepared in the background: in chunks, visibly, resumable, and never half."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing import sweeps
from billing.models import BillingSettings, RecurringLine, Run, RunException, RunPlan
from billing.runs import monthly, planning
from billing.runs.models import RunState
from billing.runs.planning import Asked
from billing.runs.views import reasons
from groups.models import BillingGroup
from ispbilling.core.clock import day_start, local_day, month_of, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User
from tests import builders

pytestmark = pytest.mark.django_db
NOW: datetime = day_start(date(2026, 11, 1))
NOVEMBER = Asked(month_of(date(2026, 11, 1)), date(2026, 11, 1))


@pytest.fixture
def five() -> int:
    for _ in range(5):
        builders.recurring_line(customer=builders.customer())
    return 5


def requested(at_once: int = 0, actor: User | None = None) -> Run:
    return planning.request(NOVEMBER, NOW, actor=actor, chunk=2, at_once=at_once)


def worked(run: Run) -> Run:
    assert sweeps.issue_runs(NOW).apply(NOW).failed == []
    run.refresh_from_db()
    return run


def test_few_are_priced_at_once_and_many_by_the_sweep(five: int, manager: User) -> None:
    assert requested(at_once=five).state == RunState.PREVIEWED
    run = requested(at_once=five - 1, actor=manager)
    assert (run.state, run.planned, RunPlan.objects.filter(run=run).count()) == (RunState.DRAFT, 0, 0)
    assert Event.objects.filter(kind="run.requested", actor=manager).count() == 1
    run = worked(run)
    assert (run.state, run.planned, run.planned_total) == (RunState.PREVIEWED, 5, Decimal("2995.00"))
    assert Event.objects.filter(kind="run.planned", actor=manager).count() == 1


@pytest.mark.usefixtures("five")
def test_it_is_the_same_plan_whoever_makes_it() -> None:
    at_once = planning.plan(NOVEMBER, NOW, actor=None)
    later = worked(requested())
    assert bytes(at_once.digest) == bytes(later.digest)
    assert at_once.planned_total == later.planned_total


@pytest.mark.usefixtures("five")
def test_a_planner_that_stopped_half_way_is_resumed_without_double_rows() -> None:
    run = requested()
    assert planning.plan_chunk(run.pk, 0, NOW)
    assert not planning.plan_chunk(run.pk, 0, NOW)
    assert not planning.finish(run.pk, NOW)
    with pytest.raises(DomainError, match="only a preview"):
        monthly.approve(run, NOW, actor=None)
    assert worked(run).planned == RunPlan.objects.count() == 5
    assert not planning.plan_chunk(run.pk, 1, NOW)
    monthly.approve(run, NOW, actor=None)
    assert worked(run).state == RunState.ISSUED


@pytest.mark.usefixtures("five")
def test_nobody_due_ends_as_a_message_and_not_as_a_draft(as_manager: Client) -> None:
    monthly.approve(planning.plan(NOVEMBER, NOW, actor=None), NOW, actor=None)
    sweeps.issue_runs(NOW).apply(NOW)
    run = worked(requested())
    assert run.state == RunState.EMPTY
    assert len(sweeps.issue_runs(NOW)) == 0
    shown = as_manager.get(reverse("billing:run_detail", args=[run.pk])).content.decode()
    assert "Nothing is due for November 2026" in shown
    assert "Discard" in shown
    assert "Approve" not in shown
    as_manager.post(reverse("billing:run_discard", args=[run.pk]))
    assert not Run.objects.filter(pk=run.pk).exists()


@pytest.mark.usefixtures("five")
def test_a_draft_can_be_discarded_while_it_is_prepared() -> None:
    run = requested()
    planning.plan_chunk(run.pk, 0, NOW)
    monthly.discard(run, actor=None, now=NOW)
    assert not planning.plan_chunk(run.pk, 1, NOW)
    assert not planning.finish(run.pk, NOW)


@pytest.mark.usefixtures("five")
def test_what_cannot_be_right_is_refused_before_anything_is_stored() -> None:
    with pytest.raises(DomainError, match="in the future"):
        planning.request(Asked(NOVEMBER.period, date(2026, 11, 2)), NOW, actor=None, at_once=0)
    assert not Run.objects.exists()


def test_only_who_may_be_billed_is_counted(five: int) -> None:
    RecurringLine.objects.filter(pk=RecurringLine.objects.first().pk).update(ends_on=date(2026, 10, 31))
    builders.recurring_line(customer=RecurringLine.objects.last().customer)
    assert planning.concerned(NOVEMBER, 100) == five - 1
    assert planning.concerned(NOVEMBER, 2) == 2


def test_the_page_shows_how_far_it_is_and_then_the_preview(as_manager: Client) -> None:
    for _ in range(3):
        builders.recurring_line(customer=builders.customer())
    today = local_day(now())
    run = planning.request(Asked(month_of(today), today), now(), actor=None, at_once=0, chunk=2)
    url, bar = (reverse(f"billing:{name}", args=[run.pk]) for name in ("run_detail", "run_progress"))
    assert "Pricing, waiting for a worker" in as_manager.get(url).content.decode()
    planning.plan_chunk(run.pk, 0, now())
    assert "1 of 2" in as_manager.get(bar).content.decode()
    assert "2 customers so far" in as_manager.get(url).content.decode()
    sweeps.issue_runs(now()).apply(now())
    assert as_manager.get(bar)["HX-Refresh"] == "true"
    assert "Approve" in as_manager.get(url).content.decode()


def test_a_run_for_one_billing_group_does_not_stand_for_the_month(five: int) -> None:
    group = BillingGroup.objects.create(title="Wholesale")
    line = RecurringLine.objects.first()
    line.customer.billing_group = group
    line.customer.save()
    due = day_start(date(2026, 10, 25))
    planning.plan(Asked(NOVEMBER.period, date(2026, 10, 25), group), due, actor=None)
    BillingSettings.objects.update(month_end_day=25)
    assert sweeps.month_end(due).apply(due).applied == 1
    assert Run.objects.get(billing_group=None).planned == five


def test_the_page_of_a_large_run_loads_no_more_than_it_shows(
    as_manager: Client, django_assert_max_num_queries: Callable[..., AbstractContextManager[object]]
) -> None:
    for _ in range(30):
        builders.recurring_line(customer=builders.customer())
    run = planning.plan(NOVEMBER, NOW, actor=None)
    RunException.objects.bulk_create(
        RunException(run=run, customer_id=plan.customer_id, state="parked", reason=f"Reason {n:02}")
        for n, plan in enumerate(run.plans.all())
    )
    with django_assert_max_num_queries(20):
        shown = as_manager.get(reverse("billing:run_detail", args=[run.pk])).content.decode()
    assert shown.count("Uncapped fibre") == 25
    assert "See the list below" in shown
    assert reasons(run)[-1] == ("Others", "See the list below", 20)
