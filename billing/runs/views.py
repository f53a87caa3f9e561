"""The month-end run on screen: prepare, preview, approve, watch, certify, undo."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing.calls.due import unbillable
from billing.documents.models import Document, DocumentKind
from billing.recurring.tables import UnbilledTable
from billing.recurring.unbilled import unbilled
from billing.runs import monthly, undoing
from billing.runs.forms import RunForm, UndoForm
from billing.runs.models import Run, RunException, RunPlan, RunState
from billing.runs.planning import Asked, issued_total, nothing_due, previous_run, request
from billing.runs.tables import PlanTable, RunTable
from ispbilling.core import clock
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.parts import Button, State
from ispbilling.core.units import counted
from ispbilling.core.views import ActionPage, FormPage, ListPage, ObjectPage
from radius.models import DataAccount

ROWS = Run.objects.select_related("billing_group", "created_by", "approved_by")
#: States in which the sweep works on the run and the page shows a progress bar.
BUSY = (RunState.DRAFT, RunState.APPROVED, RunState.ISSUING, RunState.UNDOING)

#: So many different reasons are told one by one.
REASONS = 10


class RunList(ListPage):
    queryset = ROWS
    table_class = RunTable
    permission = "billing.runs.view"
    title = "Month End"
    states = (
        State("live", "Live", ~Q(state=RunState.UNDONE)),
        State("undone", "Undone", Q(state=RunState.UNDONE), "undone"),
        State("all", "All"),
    )
    add_url_name, add_permission, add_label, add_modal = (
        "billing:run_add",
        "billing.runs.preview",
        "New Run",
        True,
    )
    empty_icon = "calendar-dollar"
    empty_text = (
        "A run charges everybody's recurring lines for a month. It is previewed before anything is issued."
    )


class RunAdd(FormPage):
    parents = (("Month End", "/billing/runs/"),)
    permission = "billing.runs.preview"
    title = "New month-end run"
    submit_label = "Preview"
    form_class = RunForm
    success_url_name = "billing:run_list"

    def find(self) -> None:
        return None

    def form_kwargs(self) -> dict[str, Any]:
        today = clock.local_day(clock.now())
        following = clock.add_months(today.replace(day=1), 1)
        return {"initial": {"period": following.isoformat(), "issue_on": today}}

    def act(self, obj: None, form: Any, actor: Any) -> Run:
        asked = form.cleaned_data
        return request(
            Asked(asked["period"], asked["issue_on"], asked["billing_group"]), clock.now(), actor=actor
        )

    def came_from(self) -> str:
        return "" if self.request.method == "POST" else super().came_from()

    def success_url(self, obj: None, result: Run) -> str:
        return result.get_absolute_url()

    def done(self, obj: None, result: Run) -> str:
        return prepared(result)


class RunDetail(ListPage):
    """One run: what it will do or did, and under it the list with reasons."""

    queryset = ROWS
    table_class = PlanTable
    template_name = "billing/run.html"
    permission = "billing.runs.view"
    search_fields = ("customer__code", "customer__name")
    search_help = "Account code or name"
    states = (
        State("all", "All"),
        State("billed", "Billed", Q(left_out=None)),
        State("left_out", "Left out", Q(left_out__isnull=False)),
        State("parked", "Parked", Q(parked=True)),
        State("changed", "Different from last run", ~Q(total=0) & (Q(before=None) | Q(same=False))),
    )
    empty_text = "This run has no customers."

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self._run: Run | None = None

    @property
    def run(self) -> Run:
        if self._run is None:
            self._run = get_object_or_404(ROWS, pk=self.kwargs["pk"])
        return self._run

    def get_queryset(self) -> QuerySet[RunPlan]:
        invoices = Document.objects.filter(kind=DocumentKind.INVOICE, customer=OuterRef("customer"))
        mine, last = invoices.filter(run=self.run), previous_run(self.run)
        before = invoices.filter(run=last) if last else invoices.none()
        left_out = RunException.objects.filter(run=self.run, customer=OuterRef("customer"))
        parked = left_out.filter(state="parked")
        return (
            RunPlan.objects.filter(run=self.run)
            .select_related("customer")
            .annotate(
                document_id=Subquery(mine.values("pk")[:1]),
                reference=Subquery(mine.values("reference")[:1]),
                left_out=Subquery(left_out.values("reason")[:1]),
                parked=Exists(parked),
                before=Subquery(before.values("total")[:1]),
                same=Exists(before.filter(total=OuterRef("total"))),
            )
            .order_by("customer__code")
        )

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Month End", reverse("billing:run_list"))]

    def context(self, **extra: Any) -> dict[str, Any]:
        run = self.run
        self.title = f"{run}, {run.billing_group or 'everybody'}"
        return super().context(
            run=run,
            busy=run.state in BUSY,
            progress=progress(run, clock.now()),
            facts=self.facts(),
            nothing_due=nothing_due(run) if run.state == RunState.EMPTY else "",
            not_billed=0 if run.state in BUSY else not_billed(run).count(),
            left_out=reasons(run),
            calls_waiting=0 if run.state in BUSY else unbillable(run.period.start),
            appeared=RunException.objects.filter(run=run)
            .exclude(customer__in=RunPlan.objects.filter(run=run).values("customer"))
            .select_related("customer")[:100],
            subtitle=f"{run.get_state_display()}; invoices dated {run.issue_on}",
            **extra,
        )

    def facts(self) -> list[tuple[str, str]]:
        """What the run does, in words and numbers, and how it differs from the last one."""
        run = self.run
        if run.state in (RunState.DRAFT, RunState.EMPTY):
            return [("Customers priced", f"{run.plans.count():,}")]
        counts = run.exceptions.filter(customer__in=run.plans.values("customer")).count()
        found = [
            ("Customers with something due", f"{run.planned:,}"),
            ("Invoices", f"{run.planned - counts:,}"),
            ("Amount", format_money(run.planned_total)),
        ]
        last = previous_run(run)
        if last is not None:
            billed = Document.objects.filter(run=last, kind=DocumentKind.INVOICE).values("customer")
            planned = run.plans.values("customer")
            found += [
                (f"Against {last}", format_money(run.planned_total - issued_total(last))),
                ("New since then", f"{run.plans.exclude(customer__in=billed).count():,}"),
                ("No longer billed", f"{billed.exclude(customer__in=planned).count():,}"),
            ]
        return found

    def buttons(self) -> list[Button]:
        run = self.run

        def button(label: str, name: str, icon: str, look: str, permission: str) -> Button:
            return Button(
                label, reverse(f"billing:{name}", args=[run.pk]), icon, look, permission, modal=True
            )

        found = []
        if run.state in (RunState.DRAFT, RunState.EMPTY, RunState.PREVIEWED):
            found.append(button("Discard", "run_discard", "trash", "secondary", "billing.runs.preview"))
        if run.state == RunState.PREVIEWED:
            found.append(button("Approve", "run_approve", "check", "primary", "billing.runs.approve"))
        if run.state in (RunState.PARTLY_FAILED, RunState.UNDONE):
            found.append(button("Preview again", "run_again", "refresh", "primary", "billing.runs.preview"))
        if run.state in (RunState.ISSUED, RunState.PARTLY_FAILED, RunState.UNDONE):
            found.append(Button("PDFs", reverse("billing:run_pdfs", args=[run.pk]), "file-zip"))
        if run.state in (RunState.ISSUED, RunState.PARTLY_FAILED):
            documents = f"{reverse('billing:document_list')}?run={run.pk}"
            found.append(Button("Documents", documents, "file-invoice", permission="billing.documents.view"))
            found.append(button("Undo", "run_undo", "arrow-back-up", "danger", "billing.runs.undo"))
        return found


class RunUnbilled(ListPage):
    """The data accounts a run's month brings nothing for, each with the way to a recurring line."""

    queryset = ROWS
    table_class = UnbilledTable
    permission = "billing.runs.view"
    title = "Not billed"
    search_fields = ("customer__code", "customer__name", "username")
    search_help = "Account code, name or data account"
    empty_icon = "circle-check"
    empty_text = "Every data account in service has a recurring line."

    def get_queryset(self) -> QuerySet[DataAccount]:
        return not_billed(self.run)

    @cached_property
    def run(self) -> Run:
        return get_object_or_404(ROWS, pk=self.kwargs["pk"])

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Month End", reverse("billing:run_list")), (str(self.run), self.run.get_absolute_url())]

    def context(self, **extra: Any) -> dict[str, Any]:
        subtitle = f"Data accounts in service in {self.run} without a recurring line"
        return super().context(subtitle=subtitle, **extra)


class RunProgress(ObjectPage):
    """The bar that asks for itself again; when the run is done the page is loaded anew."""

    queryset = ROWS
    permission = "billing.runs.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        run = self.get_object()
        response = self.answer("ui/progress.html", **progress(run, clock.now()))
        if run.state not in BUSY:
            response["HX-Refresh"] = "true"
        return response


class RunAct(ActionPage):
    """What the verbs of a run share: they always lead back to the run."""

    queryset = ROWS

    def came_from(self) -> str:
        return ""

    def success_url(self, obj: Run, result: Any) -> str:
        return (result or obj).get_absolute_url()


class RunApprove(RunAct):
    permission = "billing.runs.approve"
    title = "Approve and issue"
    submit_label = "Approve"
    submit_icon = "check"

    def consequences(self, obj: Run) -> list[str]:
        left_out = obj.exceptions.count()
        return [
            f"{counted(obj.planned - left_out, 'invoice')} over {format_money(obj.planned_total)}, dated"
            f" {obj.issue_on}, with numbers that cannot be given back.",
            "Balances rise at once, and every customer is sent the invoice.",
            "Whoever changed since the preview is left out and can be previewed again.",
            "It can be undone: every invoice is then answered by a credit note.",
        ]

    def act(self, obj: Run, form: Any, actor: Any) -> Run:
        return monthly.approve(obj, clock.now(), actor=actor)

    def done(self, obj: Run, result: Run) -> str:
        return f"The run of {obj} is approved and is being issued."


class RunDiscard(RunAct):
    permission = "billing.runs.preview"
    title = "Discard run"
    submit_label = "Discard"
    submit_icon = "trash"
    danger = True

    def consequences(self, obj: Run) -> list[str]:
        return ["The run and its preview are deleted. Nothing was issued, so nothing else changes."]

    def act(self, obj: Run, form: Any, actor: Any) -> None:
        monthly.discard(obj, actor=actor, now=clock.now())

    def done(self, obj: Run, result: None) -> str:
        return f"The run of {obj} is discarded."

    def success_url(self, obj: Run, result: None) -> str:
        return reverse("billing:run_list")


class RunAgain(RunAct):
    """A follow-up run for who was left out."""

    permission = "billing.runs.preview"
    title = "Preview again"
    submit_label = "Preview"
    submit_icon = "refresh"

    def consequences(self, obj: Run) -> list[str]:
        return [
            f"Everybody who has something due for {obj} and is not billed for it is priced again, in a new run.",
            "Nothing is issued until you approve that run.",
        ]

    def act(self, obj: Run, form: Any, actor: Any) -> Run:
        now = clock.now()
        return request(Asked(obj.period, clock.local_day(now), obj.billing_group), now, actor=actor)

    def done(self, obj: Run, result: Run) -> str:
        return prepared(result)


class RunUndo(RunAct):
    permission = "billing.runs.undo"
    form_class = UndoForm
    title = "Undo run"
    submit_label = "Undo this run"
    submit_icon = "arrow-back-up"
    danger = True

    def consequences(self, obj: Run) -> list[str]:
        standing = undoing.standing(obj)
        total = standing.aggregate(total=Sum("total"))["total"] or ZERO
        return [
            f"{counted(standing.count(), 'credit note')} over {format_money(total)}, which cannot be changed.",
            "Balances fall by as much. The invoices stay on record.",
            f"{obj} may then be billed again.",
            "Every customer is sent the credit note.",
        ]

    def act(self, obj: Run, form: UndoForm, actor: Any) -> Run:
        return undoing.request(obj, clock.now(), actor=actor, reason=form.cleaned_data["reason"])

    def done(self, obj: Run, result: Run) -> str:
        return f"The run of {obj} is being undone."


def not_billed(run: Run) -> QuerySet[DataAccount]:
    """The data accounts of the run's customers that no recurring line charges in its month."""
    found = unbilled(run.period, clock.now())
    if run.billing_group_id is None:
        return found
    return found.filter(customer__billing_group=run.billing_group_id)


def prepared(run: Run) -> str:
    """What is said to who asked for the run."""
    if run.state == RunState.DRAFT:
        return f"The run of {run} is being prepared. Its preview is shown here when it is complete."
    return f"The run of {run} is prepared. Nothing is issued until you approve it."


def reasons(run: Run) -> list[tuple[str, str, int]]:
    """(state, reason, how many) of who is left out, the most frequent reasons first; the rest as one."""
    rows = run.exceptions.order_by().values_list("state", "reason").annotate(count=Count("*"))
    found = [
        (state.title(), reason, count)
        for state, reason, count in rows.order_by("-count", "state", "reason")[:REASONS]
    ]
    others = run.exceptions.count() - sum(count for _, _, count in found)
    return [*found, ("Others", "See the list below", others)] if others else found


def progress(run: Run, now: datetime) -> Mapping[str, Any]:
    """The context of `ui/progress.html`."""
    column, label, since = {
        RunState.DRAFT: ("planned_at", "Pricing", run.created_at),
        RunState.UNDOING: ("undone_at", "Issuing credit notes", None),
        RunState.UNDONE: ("undone_at", "Issuing credit notes", None),
    }.get(RunState(run.state), ("done_at", "Issuing invoices", run.approved_at))
    total = run.chunks.count()
    done = run.chunks.exclude(**{column: None}).count()
    if run.state == RunState.APPROVED or (run.state == RunState.DRAFT and not done):
        label += ", waiting for a worker"
    elif done and since and run.state in BUSY:
        what, number = (
            ("customers", run.plans.count())
            if run.state == RunState.DRAFT
            else ("invoices", run.chunks.aggregate(total=Sum("issued"))["total"] or 0)
        )
        spent = max((now - since).total_seconds(), 1)
        left = round(spent / done * (total - done))
        label += f": {number:,} {what} so far, {number / spent:,.0f} a second, about {left} s left"
    return {
        "url": reverse("billing:run_progress", args=[run.pk]),
        "done": done,
        "total": total,
        "percent": int(100 * done / total) if total else 0,
        "label": label,
        "poll": run.state in BUSY,
    }
