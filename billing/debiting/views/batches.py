"""Batches on screen: prepare, look at who is asked and who is left out, approve, make the file, cancel."""

from functools import cached_property
from typing import Any

from django.db.models import Count, F, Func, IntegerField, Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing.debiting import batching, days, formats
from billing.debiting.batching import Asked
from billing.debiting.certificate import checks, figures
from billing.debiting.forms import BatchForm
from billing.debiting.models import (
    BatchState,
    DebitBatch,
    DebitRow,
    DebitSettings,
    DebitSkip,
    RowState,
    Service,
)
from billing.debiting.tables import BatchRowTable, BatchTable, SkipTable
from billing.payments.forms import ReasonForm
from ispbilling.core import clock
from ispbilling.core.errors import DomainError
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.parts import BulkAction, Button, State
from ispbilling.core.units import counted
from ispbilling.core.views import ActionPage, FormPage, ListPage, ObjectPage

VIEW, PREPARE, SEND = "billing.debits.view", "billing.debits.prepare", "billing.debits.send"
RESULTS, BACK = "billing.debits.results", "billing.payments.take_back"
ROWS = DebitBatch.objects.defer("file").select_related("billing_group", "created_by", "approved_by")
HOME = ("Debit Orders", "/billing/debits/")
#: So many different reasons are told one by one.
REASONS = 8
_PAID, _UNPAID = Q(rows__state="accepted"), Q(rows__state__in=["rejected", "returned"])
_ASKED = ~Q(rows__state="cancelled")


class BatchList(ListPage):
    queryset = ROWS.annotate(
        rows_count=Count("rows", filter=_ASKED),
        asked=Sum("rows__amount", filter=_ASKED, default=ZERO),
        paid=Sum("rows__amount", filter=_PAID, default=ZERO),
        unpaid=Sum("rows__amount", filter=_UNPAID, default=ZERO),
    )
    table_class = BatchTable
    permission = VIEW
    title = "Debit Orders"
    states = (
        State("live", "Live", ~Q(state=BatchState.CANCELLED)),
        State("cancelled", "Cancelled", Q(state=BatchState.CANCELLED), "cancelled"),
        State("all", "All"),
    )
    add_url_name, add_permission, add_label, add_modal = "billing:debit_batch_add", PREPARE, "New Batch", True
    empty_icon = "credit-card-pay"
    empty_text = (
        "A batch collects what is due from everybody with a mandate. It is previewed before it is sent."
    )

    def buttons(self) -> list[Button]:
        return [
            Button("Collections", reverse("billing:debit_row_list"), "list-details"),
            Button("Returned", f"{reverse('billing:debit_row_list')}?state=unpaid", "arrow-back-up"),
            Button("Results", reverse("billing:debit_result_list"), "file-import"),
            Button("Mandates", reverse("billing:mandate_list"), "writing-sign"),
        ]


class BatchAdd(FormPage):
    permission = PREPARE
    title = "New debit order batch"
    submit_label, submit_icon = "Preview", "eye"
    form_class = BatchForm
    success_url_name = "billing:debit_batch_list"

    def find(self) -> None:
        return None

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"service": DebitSettings.get().service}}

    def act(self, obj: None, form: Any, actor: Any) -> DebitBatch:
        asked = form.cleaned_data
        wanted = Asked(asked["billing_group"], asked["action_on"], Service(asked["service"]))
        return batching.prepare(wanted, clock.now(), actor=actor)

    def came_from(self) -> str:
        return "" if self.request.method == "POST" else super().came_from()

    def success_url(self, obj: None, result: DebitBatch) -> str:
        return result.get_absolute_url()

    def done(self, obj: None, result: DebitBatch) -> str:
        moved = ""
        if result.action_on != result.asked_on:
            moved = f" Banks are closed on {result.asked_on}: it is collected on {result.action_on}."
        return f"{result} is prepared.{moved} Nothing is collected until it is approved and sent."


class BatchDetail(ListPage):
    """One batch: what it asks or asked, what came of it, and under it each collection."""

    table_class = BatchRowTable
    template_name = "billing/debit_batch.html"
    permission = VIEW
    confidential = "who pays by debit order, how much, and from which bank"
    search_fields = ("payer__code", "payer__name", "mandate__reference")
    search_help = "Account code, name or mandate"
    states = (
        State("all", "All"),
        State("waiting", "Waiting", Q(state__in=[RowState.DRAFT, RowState.SENT])),
        State("paid", "Accepted", Q(state=RowState.ACCEPTED)),
        State("unpaid", "Unpaid", Q(state__in=[RowState.REJECTED, RowState.RETURNED])),
        State("out", "Taken out", Q(state=RowState.CANCELLED)),
    )
    bulk_actions = (
        BulkAction("Take out", "billing:debit_row_take_out", "x", PREPARE),
        BulkAction("Accepted", "billing:debit_row_accept", "check", RESULTS),
        BulkAction("Rejected", "billing:debit_row_reject", "ban", RESULTS, look="danger"),
        BulkAction("Returned", "billing:debit_row_return", "arrow-back-up", BACK, look="danger"),
    )
    empty_text = "Nothing is collected with this batch: everybody is left out, see why above."

    @cached_property
    def batch(self) -> Any:
        octets = Func(F("file"), function="octet_length", output_field=IntegerField())
        rows = ROWS.select_related("sent_by", "cancelled_by").annotate(octets=octets)
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def get_queryset(self) -> QuerySet[DebitRow]:
        return DebitRow.objects.listed().filter(batch=self.batch).order_by("payer__code")

    def bulk(self) -> list[tuple[BulkAction, str]]:
        first = {BatchState.DRAFT: 0, BatchState.APPROVED: 0, BatchState.SENT: 1, BatchState.DONE: 3}
        if self.batch.state not in first:
            return []
        start = first[BatchState(self.batch.state)]
        wanted = self.bulk_actions[start : 1 if start == 0 else None]
        return [(action, url) for action, url in super().bulk() if action in wanted]

    def crumbs(self) -> list[tuple[str, str]]:
        return [HOME]

    def context(self, **extra: Any) -> dict[str, Any]:
        batch = self.batch
        self.title = str(batch)
        by_state = figures(batch)
        answered = sum(by_state[one][0] for one in (RowState.ACCEPTED, RowState.REJECTED, RowState.RETURNED))
        asked = answered + by_state[RowState.SENT][0]
        return super().context(
            batch=batch,
            subtitle=f"{batch.get_state_display()}; collects from {batch.billing_group or 'everybody'} on"
            f" {batch.action_on}",
            told=self.told(),
            facts=self.facts(by_state),
            checks=checks(batch),
            left_out=reasons(batch),
            progress={
                "done": answered,
                "total": asked if batch.state in (BatchState.SENT, BatchState.DONE) else 0,
                "percent": int(100 * answered / asked) if asked else 0,
                "label": "Results",
            },
            **extra,
        )

    def told(self) -> list[tuple[str, str]]:
        """What must be seen first."""
        batch, now = self.batch, clock.now()
        if batch.state == BatchState.CANCELLED:
            return [("info", f"Cancelled by {batch.cancelled_by or 'the system'}: {batch.reason}")]
        found = []
        if batch.action_on != batch.asked_on and batch.state == BatchState.DRAFT:
            found.append(
                ("info", f"Banks are closed on {batch.asked_on}: it is collected on {batch.action_on}.")
            )
        if batch.state in (BatchState.DRAFT, BatchState.APPROVED):
            by = days.authorise_by(batch.action_on, Service(batch.service))
            late = now > by
            words = f"It is to be authorised at the provider by {by:%A %Y-%m-%d %H:%M}."
            if late:
                words = (
                    f"It had to be authorised by {by:%A %Y-%m-%d %H:%M}: its day cannot be reached any more."
                )
            found.append(("warning" if late else "info", words))
            form = formats.FORMATS[batch.format]
            found += [("warning", sentence) for sentence in form.obstacles(DebitSettings.get())]
        return found

    def facts(self, by_state: dict[str, tuple[int, Any]]) -> list[tuple[str, str]]:
        """What the batch asks, and what came of it, in words and numbers."""
        labels = {
            RowState.DRAFT: "Collections", RowState.SENT: "Waiting for a result", RowState.ACCEPTED: "Accepted",
            RowState.REJECTED: "Rejected", RowState.RETURNED: "Returned", RowState.CANCELLED: "Taken out",
        }  # fmt: skip
        asked = batching.total(self.batch)
        found = [("Collected by", f"{formats.FORMATS[self.batch.format].label}, "
                  f"{self.batch.get_service_display().lower()}")]  # fmt: skip
        found.append(("Total asked", format_money(asked)))
        for state, label in labels.items():
            count, amount = by_state[state]
            if count:
                found.append((label, f"{count:,}, {format_money(amount)}"))
        for label, at, by in (
            ("Prepared", self.batch.created_at, self.batch.created_by),
            ("Approved", self.batch.approved_at, self.batch.approved_by),
            ("File made", self.batch.sent_at, self.batch.sent_by),
        ):
            if at is not None:
                found.append((label, f"{at.astimezone(clock.zone()):%Y-%m-%d %H:%M}, {by or 'the system'}"))
        return found

    def buttons(self) -> list[Button]:
        batch = self.batch

        def to(label: str, act: str, icon: str, look: str, permission: str) -> Button:
            url = reverse(f"billing:debit_batch_{act}", args=[batch.pk])
            return Button(label, url, icon, look, permission, modal=True)

        if batch.state == BatchState.DRAFT:
            return [
                to("Discard", "discard", "trash", "secondary", PREPARE),
                to("Approve", "approve", "check", "primary", SEND),
            ]
        if batch.state == BatchState.APPROVED:
            return [
                to("Cancel batch", "cancel", "ban", "danger", SEND),
                to("Make file", "send", "send", "primary", SEND),
            ]
        found = []
        if batch.octets:
            url = reverse("billing:debit_batch_file", args=[batch.pk])
            found.append(Button("Download", url, "download", "secondary", SEND))
        if batch.state == BatchState.SENT:
            found.append(to("Cancel batch", "cancel", "ban", "danger", SEND))
            add = reverse("billing:debit_result_add")
            found.append(Button("Import result", add, "file-import", "primary", RESULTS, modal=True))
        return found


class BatchLeftOut(ListPage):
    """Everybody a batch leaves out, with the reason."""

    table_class = SkipTable
    permission = VIEW
    title = "Left out"
    confidential = "who does not pay by debit order, and why"
    search_fields = ("payer__code", "payer__name", "reason")
    search_help = "Account code, name or reason"
    states = (State("all", "All"), State("owing", "With something due", Q(due__gt=0)))
    empty_icon = "circle-check"
    empty_text = "Everybody who was looked at is asked."

    @cached_property
    def batch(self) -> DebitBatch:
        return get_object_or_404(ROWS, pk=self.kwargs["pk"])

    def get_queryset(self) -> QuerySet[DebitSkip]:
        return DebitSkip.objects.filter(batch=self.batch).select_related("payer").order_by("payer__code")

    def crumbs(self) -> list[tuple[str, str]]:
        return [HOME, (str(self.batch), self.batch.get_absolute_url())]


class BatchAct(ActionPage):
    """What the verbs of a batch share: the state they start from, and that they lead back to it."""

    queryset = ROWS
    permission = SEND
    states: tuple[BatchState, ...] = ()

    def came_from(self) -> str:
        return ""

    def obstacles(self, obj: DebitBatch) -> list[str]:
        return [] if obj.state in self.states else [f"It is {obj.get_state_display().lower()}."]

    def asked(self, obj: DebitBatch) -> str:
        rows = obj.rows.exclude(state=RowState.CANCELLED)
        return f"{counted(rows.count(), 'collection')} of {format_money(batching.total(obj))}"


class BatchApprove(BatchAct):
    title = "Approve debit orders"
    submit_label, submit_icon = "Approve", "check"
    states = (BatchState.DRAFT,)

    def obstacles(self, obj: DebitBatch) -> list[str]:
        empty = (
            [] if obj.rows.filter(state=RowState.DRAFT).exists() else ["There is nothing to collect in it."]
        )
        return super().obstacles(obj) or empty

    def consequences(self, obj: DebitBatch) -> list[str]:
        return [
            f"Fixed for {obj.action_on}: {self.asked(obj)}; nobody can be added any more.",
            "Who owes less by now is left out.",
            "Every payer is told the amount and the day.",
            "No money moves before the file is made and authorised at the provider.",
        ]

    def act(self, obj: DebitBatch, form: Any, actor: Any) -> DebitBatch:
        return batching.approve(obj, clock.now(), actor=actor)

    def done(self, obj: DebitBatch, result: DebitBatch) -> str:
        return f"{result} is approved: {self.asked(result)}. Make its file next."


class BatchSend(BatchAct):
    title = "Make the file"
    submit_label, submit_icon = "Make file", "send"
    states = (BatchState.APPROVED,)

    def obstacles(self, obj: DebitBatch) -> list[str]:
        return super().obstacles(obj) or formats.FORMATS[obj.format].obstacles(DebitSettings.get())

    def consequences(self, obj: DebitBatch) -> list[str]:
        by = days.authorise_by(obj.action_on, Service(obj.service))
        return [
            f"Into a file for {formats.FORMATS[obj.format].label}: {self.asked(obj)}.",
            "Who has paid since the approval is taken out first.",
            f"Upload it there and authorise it by {by:%A %Y-%m-%d %H:%M}.",
            "From now on the money counts as under way: no other batch asks for it.",
        ]

    def act(self, obj: DebitBatch, form: Any, actor: Any) -> DebitBatch:
        return batching.send(obj, clock.now(), actor=actor)

    def done(self, obj: DebitBatch, result: DebitBatch) -> str:
        return (
            f"The file of {result} is made: {self.asked(result)}. Download it and upload it at the provider."
        )


class BatchFile(ObjectPage):
    """The file, the same bytes every time; recorded."""

    queryset = DebitBatch.objects.all()
    permission = SEND

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        batch = self.get_object()
        try:
            name, content = batching.hand_out(batch, clock.now(), actor=self.actor)
        except DomainError as refusal:
            raise Http404(str(refusal)) from refusal
        return HttpResponse(
            content,
            content_type="text/plain; charset=us-ascii",
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
            },
        )


class BatchCancel(BatchAct):
    title = "Cancel batch"
    submit_label, submit_icon, danger = "Cancel batch", "ban", True
    form_class = ReasonForm
    states = (BatchState.APPROVED, BatchState.SENT)

    def consequences(self, obj: DebitBatch) -> list[str]:
        found = [f"Not collected: {self.asked(obj)}. A new batch may ask for it at once."]
        if obj.state == BatchState.SENT:
            found.append(
                "Cancel it only if its file was NOT authorised at the provider, or was taken back there:"
                " otherwise customers would be debited twice."
            )
        return [*found, "Payers who were told of the collection are not told that it is cancelled."]

    def act(self, obj: DebitBatch, form: Any, actor: Any) -> DebitBatch:
        return batching.cancel(obj, form.cleaned_data["reason"], clock.now(), actor=actor)

    def done(self, obj: DebitBatch, result: DebitBatch) -> str:
        return f"{result} is cancelled."


class BatchDiscard(BatchAct):
    permission = PREPARE
    title = "Discard batch"
    submit_label, submit_icon, danger = "Discard", "trash", True
    states = (BatchState.DRAFT,)

    def consequences(self, obj: DebitBatch) -> list[str]:
        return ["The preview is deleted. Nobody was told of it, and nothing else changes."]

    def act(self, obj: DebitBatch, form: Any, actor: Any) -> str:
        batching.discard(obj, clock.now(), actor=actor)
        return DebitBatch.name_of(self.kwargs["pk"])

    def done(self, obj: DebitBatch, result: str) -> str:
        return f"{result} is discarded."

    def success_url(self, obj: DebitBatch, result: str) -> str:
        return reverse("billing:debit_batch_list")


def reasons(batch: DebitBatch) -> list[tuple[str, int, Any]]:
    """(reason, how many, due) of who is left out, the most frequent first; the rest as one."""
    rows = batch.skips.order_by().values_list("reason").annotate(count=Count("payer"), due=Sum("due"))
    found = list(rows.order_by("-count", "reason"))
    told, others = found[:REASONS], found[REASONS:]
    if others:
        told.append(("Other reasons", sum(count for _, count, _ in others), sum(due for *_, due in others)))
    return told
