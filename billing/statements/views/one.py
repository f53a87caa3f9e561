"""The statement of one payer: on screen, as paper, by mail."""

from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing.statements import mailing
from billing.statements.figures import Statement, statement
from billing.statements.filters import PeriodFilter
from billing.statements.period import Days, asked, offered
from billing.statements.rendering import PDF, file_name, render_pdf, sentence
from billing.statements.tables import EntryTable, StillOpenTable
from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.money import format_money
from ispbilling.core.parts import Button
from ispbilling.core.views import ActionPage, ListPage, ObjectPage, scoped

VIEW, SEND = "billing.statements.view", "billing.statements.send"


class _OfPayer:
    """The payer of the URL and the days of the address."""

    request: Any
    kwargs: Any
    actor: Any

    @cached_property
    def payer(self) -> Customer:
        return get_object_or_404(scoped(Customer.objects.all(), self.actor), pk=self.kwargs["pk"])

    @cached_property
    def days(self) -> Days:
        return asked(self.request.GET, clock.local_day(clock.now()))

    @cached_property
    def statement(self) -> Statement:
        return statement(self.payer, self.days.since, self.days.until)

    def address(self, name: str) -> str:
        return reverse(name, args=[self.payer.pk]) + self.days.query


class StatementDetail(_OfPayer, ListPage):
    """The account of one payer over some days, as the customer gets it."""

    queryset = Customer.objects.all()
    table_class = EntryTable
    filterset_class = PeriodFilter
    permission = VIEW
    title = "Statement"
    template_name = "billing/statement.html"
    rows = 250
    empty_icon = "file-text"
    empty_title = "Nothing happened in these days"
    empty_text = "Neither an invoice nor a payment is dated in them. Choose a longer time above."

    def crumbs(self) -> list[tuple[str, str]]:
        return [(str(self.payer), self.payer.get_absolute_url())]

    def asked(self) -> tuple[Any, Any, Any]:
        self.title = f"Statement - {self.payer}"
        rows = list(self.statement.entries)
        return rows, *self.narrow(rows)

    def narrow(self, rows: Any) -> tuple[Any, Any]:
        none = Customer.objects.none()
        return rows, self.filterset_class(self.request.GET, queryset=none, request=self.request)

    def buttons(self) -> list[Button]:
        return [
            Button("Profile", self.payer.get_absolute_url(), "user", "dark", "customers.view"),
            Button(
                "Open Items",
                f"{reverse('billing:open_items', args=[self.payer.pk])}?on={self.days.until}",
                "scale",
                permission="billing.ageing.view",
            ),
            Button("PDF", self.address("billing:statement_pdf"), "file-type-pdf", new_window=True),
            Button("Send", self.address("billing:statement_send"), "send", "primary", SEND, modal=True),
        ]

    def results(self) -> dict[str, Any]:
        one = self.statement
        facts = [
            ("Opening balance", one.opening),
            ("Charged", one.charged),
            ("Paid or credited", one.credited),
            ("Closing balance", one.closing),
        ]
        return {
            **super().results(),
            "facts": facts,
            "sentence": sentence(one),
            "days": self.days,
            "offered": offered(clock.local_day(clock.now())),
            "accounts": one.by_account,
            "ages": [*one.ages.words(), ("Credit", one.ages.credit)],
            "still_open": StillOpenTable(one.open_items, request=self.request) if one.open_items else None,
        }


class StatementPdf(_OfPayer, ObjectPage):
    """The paper, shown in the browser."""

    queryset = Customer.objects.all()
    permission = VIEW

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        name = file_name(self.payer, self.days.until)
        return HttpResponse(
            render_pdf(self.statement),
            content_type=PDF,
            headers={"Content-Disposition": f'inline; filename="{name}"'},
        )


class StatementSend(_OfPayer, ActionPage):
    """Mail the statement to the payer's primary contact."""

    queryset = Customer.objects.all()
    permission = SEND
    title = "Send Statement"
    submit_label = "Send"
    submit_icon = "send"

    def obstacles(self, obj: Customer) -> list[str]:
        if not mailing.address(obj):
            return [f"{obj} has no e-mail address: add one to the primary contact first."]
        return []

    def consequences(self, obj: Customer) -> list[str]:
        return [
            f"{mailing.address(obj)} gets the statement from {self.days.since} to {self.days.until} as a PDF.",
            f"It says: {sentence(self.statement)}",
            f"Its closing balance is {format_money(self.statement.closing)}. Nothing is charged or changed.",
        ]

    def act(self, obj: Customer, form: Any, actor: Any) -> None:
        mailing.send(obj, self.days, self.statement.closing, clock.now(), actor=actor)

    def done(self, obj: Customer, result: Any) -> str:
        return f"The statement is on its way to {mailing.address(obj)}."

    def success_url(self, obj: Customer, result: Any) -> str:
        return self.address("billing:statement_detail")

    def close_url(self) -> str:
        return self.came_from() or self.address("billing:statement_detail")
