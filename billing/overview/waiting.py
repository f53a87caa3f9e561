"""What waits for somebody who works on money, each with the page where it is dealt with."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, Sum
from django.urls import reverse

from billing.banking.models import BankImport, BankImportState, BankLineState
from billing.drafts.models import InvoiceDraft
from billing.payments.models import Payment
from billing.recurring.models import BillingSettings
from billing.runs.models import Run, RunException, RunPlan, RunState
from ispbilling.core import access
from ispbilling.core.clock import add_months, local_day, month_of
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.units import counted


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much of what waits where. `icon` as everywhere."""

    value: str
    note: str
    url: str
    icon: str


def of(user: Any) -> list[Waiting]:
    """Whatever of it this person may deal with; an empty list is good news."""
    kinds = (
        ("billing.runs.view", _runs),
        ("billing.payments.view", _unallocated),
        ("billing.payments.view", _bank_lines),
        ("billing.documents.draft", _drafts),
    )
    return [one for permission, find in kinds if access.may(user, permission) for one in find()]


def _runs() -> Iterator[Waiting]:
    for run in Run.objects.filter(state=RunState.PREVIEWED).select_related("billing_group"):
        note = f"{run} ({run.billing_group or 'everybody'}) waits for approval: {format_money(run.planned_total)}"
        yield Waiting(counted(run.planned, "customer"), note, run.get_absolute_url(), "calendar-dollar")
    planned = RunPlan.objects.values("run", "customer")
    done = Run.objects.exclude(state__in=(RunState.UNDOING, RunState.UNDONE))
    parked = RunException.objects.filter(state="parked", run__in=done).values("run").order_by("-run")
    for row in parked.annotate(count=Count("customer")):
        run = Run.objects.get(pk=row["run"])
        listed = RunException.objects.filter(state="parked", run=run).filter(
            customer__in=planned.filter(run=run).values("customer")
        )
        if count := listed.count():
            url = f"{run.get_absolute_url()}?state=parked"
            yield Waiting(f"{count:,}", f"parked in the run of {run}, not billed", url, "alert-triangle")
        if late := row["count"] - count:
            note = f"became due after the preview of {run}, not billed"
            yield Waiting(f"{late:,}", note, run.get_absolute_url(), "alert-triangle")


def _unallocated() -> Iterator[Waiting]:
    found = Payment.objects.unallocated().aggregate(count=Count("pk"), sum=Sum("amount", default=ZERO))
    if found["count"]:
        note = f"of nobody known yet, in {counted(found['count'], 'payment')}"
        yield Waiting(format_money(found["sum"]), note, reverse("billing:payment_unallocated"), "help-circle")


def _bank_lines() -> Iterator[Waiting]:
    new = Q(lines__state=BankLineState.NEW)
    waiting = (
        BankImport.objects.filter(state=BankImportState.PREVIEWED)
        .defer("table")
        .annotate(count=Count("lines", filter=new), sum=Sum("lines__amount", filter=new, default=ZERO))
    )
    for one in waiting.filter(count__gt=0).order_by("pk"):
        note = f"in {counted(one.count, 'line')} of {one}, not posted"
        yield Waiting(format_money(one.sum), note, f"{one.get_absolute_url()}?state=new", "building-bank")


def _drafts() -> Iterator[Waiting]:
    if count := InvoiceDraft.objects.open().count():
        word = "draft invoice" if count == 1 else "draft invoices"
        yield Waiting(f"{count:,}", f"{word} not issued", reverse("billing:draft_list"), "file-pencil")


@dataclass(frozen=True, slots=True)
class NextRun:
    """The month that is billed next, in a sentence, and the page of it."""

    month: str
    text: str
    url: str


def next_run(now: datetime) -> NextRun:
    """Which month comes next, when it is prepared, and how far it is."""
    today, day = local_day(now), BillingSettings.get().month_end_day
    period = month_of(add_months(today.replace(day=1), 1))
    runs = Run.objects.filter(period_start=period.start, billing_group=None)
    run = runs.exclude(state__in=[RunState.EMPTY, RunState.UNDONE]).first()
    if run is not None:
        return NextRun(
            str(period), f"{run.get_state_display()}, dated {run.issue_on}", run.get_absolute_url()
        )
    on = today.replace(day=day)
    text = f"is prepared on {on}" if on > today else f"is to be prepared since {on}"
    return NextRun(str(period), text, reverse("billing:run_list"))
