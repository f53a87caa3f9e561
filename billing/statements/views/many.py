"""Statements to many: who would get one, sending, and how far it is."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing.statements import mailing
from billing.statements.forms import MailingForm
from billing.statements.models import StatementMailing, StatementRecipient, Who
from billing.statements.period import Days, usual
from billing.statements.tables import MailingTable, RecipientTable
from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.parts import Button, State
from ispbilling.core.units import counted
from ispbilling.core.views import ActionPage, FormPage, ListPage, ObjectPage

VIEW, SEND = "billing.statements.view", "billing.statements.send"
ROWS = StatementMailing.objects.select_related("drafted_by", "sent_by").annotate(
    to=Count("recipients", filter=Q(recipients__reachable=True)),
    told=Count("recipients", filter=Q(recipients__told_at__isnull=False)),
    unreachable=Count("recipients", filter=Q(recipients__reachable=False)),
)


def busy(one: Any) -> bool:
    """Whether the sweep is at it or about to be."""
    return one.sent_at is not None and one.told < one.to


class MailingList(ListPage):
    """Every time statements were sent to many."""

    queryset = ROWS
    table_class = MailingTable
    permission = VIEW
    title = "Statements"
    states = (
        State("all", "All"),
        State("draft", "Drafts", Q(sent_at=None)),
        State("sent", "Sent", Q(sent_at__isnull=False)),
    )
    add_url_name, add_permission, add_label, add_modal = "billing:mailing_add", SEND, "Send Statements", True
    empty_icon = "file-text"
    empty_title = "No statements were sent to many yet"
    empty_text = "To one customer a statement is sent from its profile: Age Analysis, Statement."


class MailingAdd(FormPage):
    """For which days and for whom; the next page shows who that is, and nothing is sent before it says so."""

    permission = SEND
    title = "Send Statements"
    submit_label = "Preview"
    submit_icon = "eye"
    form_class = MailingForm
    success_url_name = "billing:mailing_list"

    def find(self) -> None:
        return None

    def form_kwargs(self) -> dict[str, Any]:
        today = clock.local_day(clock.now())
        days = usual(today)
        initial = {"since": days.since, "until": days.until, "who": Who.OWING}
        return {"today": today, "initial": initial}

    def handed(self, form: Any) -> Any:
        return form.first

    def act(self, obj: None, form: MailingForm, actor: Any) -> StatementMailing:
        asked, now = form.cleaned_data, clock.now()
        among = Customer.objects.not_deleted(now)
        if asked["groups"]:
            among = among.filter(group__in=asked["groups"])
        if asked["billing_groups"]:
            among = among.filter(billing_group__in=asked["billing_groups"])
        days = Days(asked["since"], asked["until"])
        return mailing.draft(days, Who(asked["who"]), among, now, actor=actor, narrowed=form.narrowed())

    def done(self, obj: None, result: StatementMailing) -> str:
        count = result.recipients.filter(reachable=True).count()
        return f"{counted(count, 'customer')} would get a statement. Nothing is sent yet."

    def came_from(self) -> str:
        """Always on to the preview."""
        return ""

    def success_url(self, obj: None, result: StatementMailing) -> str:
        return result.get_absolute_url()


class MailingDetail(ListPage):
    """Who gets a statement, and how far sending is."""

    queryset = ROWS
    table_class = RecipientTable
    permission = VIEW
    template_name = "billing/mailing.html"
    confidential = "names and balances of customers"
    search_fields = ("payer__code", "payer__name")
    search_help = "Account code or name"
    states = (
        State("all", "All"),
        State("sent", "Sent", Q(told_at__isnull=False)),
        State("waiting", "Not sent yet", Q(told_at=None, reachable=True)),
        State("unreachable", "Without an address", Q(reachable=False)),
    )
    empty_icon = "users"
    empty_text = "This mailing has nobody on its list."

    @cached_property
    def mailing(self) -> Any:
        return get_object_or_404(ROWS, pk=self.kwargs["pk"])

    def get_queryset(self) -> QuerySet[StatementRecipient]:
        return self.mailing.recipients.select_related("payer", "mailing").order_by("payer__code")

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Statements", reverse("billing:mailing_list"))]

    def buttons(self) -> list[Button]:
        one = self.mailing
        if one.sent_at is not None:
            return []
        return [
            Button(
                "Discard",
                reverse("billing:mailing_discard", args=[one.pk]),
                "trash",
                "danger",
                SEND,
                modal=True,
            ),
            Button(
                "Send", reverse("billing:mailing_send", args=[one.pk]), "send", "primary", SEND, modal=True
            ),
        ]

    def context(self, **extra: Any) -> dict[str, Any]:
        one = self.mailing
        self.title = f"Statements {one.since} to {one.until}"
        facts = [
            ("For", one.get_who_display() + (f", {one.narrowed}" if one.narrowed else "")),
            ("To be written to", f"{one.to:,}"),
            ("Without an e-mail address, left out", f"{one.unreachable:,}"),
            ("Sent", f"{one.told:,}" if one.sent_at else "Not yet: look through the list, then press Send"),
        ]
        return super().context(mailing=one, facts=facts, busy=busy(one), progress=progress(one), **extra)


def progress(one: Any) -> Mapping[str, Any]:
    """The context of `ui/progress.html`."""
    return {
        "url": reverse("billing:mailing_progress", args=[one.pk]),
        "done": one.told,
        "total": one.to,
        "percent": int(100 * one.told / one.to) if one.to else 0,
        "label": "Sending statements" if one.told else "Sending statements, waiting for a worker",
        "poll": busy(one),
    }


class MailingProgress(ObjectPage):
    """The bar that asks for itself again; when all are sent the page is loaded anew."""

    queryset = ROWS
    permission = VIEW

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        one = self.get_object()
        response = self.answer("ui/progress.html", **progress(one))
        if not busy(one):
            response["HX-Refresh"] = "true"
        return response


class _MailingAct(ActionPage):
    queryset = ROWS
    permission = SEND

    def obstacles(self, obj: Any) -> list[str]:
        return ["It was sent already."] if obj.sent_at is not None else []

    def came_from(self) -> str:
        """Back to the mailing, whatever was under the dialog."""
        return ""


class MailingSend(_MailingAct):
    title = "Send Statements"
    submit_label = "Send"
    submit_icon = "send"

    def consequences(self, obj: Any) -> list[str]:
        found = [
            f"{counted(obj.to, 'customer')} {'is' if obj.to == 1 else 'are'} sent the statement from {obj.since}"
            f" to {obj.until}, a mail with the PDF.",
            "It cannot be taken back once it is sent. Nothing is charged or changed.",
        ]
        if obj.unreachable:
            found.append(f"Without an e-mail address and left out: {counted(obj.unreachable, 'customer')}.")
        return found

    def act(self, obj: Any, form: Any, actor: Any) -> StatementMailing:
        return mailing.approve(obj, clock.now(), actor=actor)

    def done(self, obj: Any, result: Any) -> str:
        return f"On the way: {counted(obj.to, 'statement')}."


class MailingDiscard(_MailingAct):
    title = "Discard Mailing"
    submit_label = "Discard"
    submit_icon = "trash"
    danger = True
    success_url_name = "billing:mailing_list"

    def consequences(self, obj: Any) -> list[str]:
        return ["The list is forgotten. Nobody is written to."]

    def act(self, obj: Any, form: Any, actor: Any) -> None:
        mailing.discard(obj, clock.now(), actor=actor)

    def done(self, obj: Any, result: Any) -> str:
        return "The mailing is discarded."
