"""Age analysis (2.14), what one payer's amounts consist of, and what a credit settles."""

from datetime import date, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing.ageing import bars
from billing.ageing.analysis import Analysis
from billing.ageing.buckets import EXPLAINED, Ages, ages
from billing.ageing.filters import AgeFilter, AsAtFilter
from billing.ageing.items import ItemRow, rows_of
from billing.ageing.tables import AgeTable, ItemTable
from billing.recurring.models import AgeBy, BillingSettings
from customers.accounts import finding
from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.parts import Button, State
from ispbilling.core.views import ListPage, scoped

VIEW = "billing.ageing.view"
#: What can be asked for; nobody's books begin before or are planned beyond.
FIRST, LAST = date(2000, 1, 1), timedelta(days=366)


class AsAt:
    """The day and the kind of age in the address: `?on=2026-11-30&by=issued`."""

    request: Any

    @cached_property
    def today(self) -> date:
        return clock.local_day(clock.now())

    @cached_property
    def on(self) -> date:
        """The day asked for; today when none is, or none that there is."""
        try:
            asked = date.fromisoformat(self.request.GET.get("on", ""))
        except ValueError:
            return self.today
        return asked if FIRST <= asked <= self.today + LAST else self.today

    @cached_property
    def by(self) -> AgeBy:
        asked = self.request.GET.get("by", "")
        return AgeBy(asked) if asked in AgeBy.values else AgeBy(BillingSettings.get().age_by)

    def explained(self) -> str:
        return f"As at {self.on}, age counted from the {self.by.label.lower()}. {EXPLAINED}"


class AgeList(AsAt, ListPage):
    """Who owes how much since when; its balances are those of the ledger on that day."""

    table_class = AgeTable
    filterset_class = AgeFilter
    permission = VIEW
    title = "Age Analysis"
    template_name = "billing/ageing.html"
    confidential = "names, contact details and balances of customers"
    search_fields = ("code",)  # and much more: see `search`
    search_help = "Code, name, number or e-mail"
    states = (
        State("open", "With a balance"),
        State("overdue", "Past due"),
        State("credit", "With unallocated credit"),
    )
    empty_icon = "scale"
    empty_title = "Nobody owes anything"
    empty_text = "Whoever has an open invoice or unused credit is listed here, by the age of what is open."

    def get_queryset(self) -> Any:
        return Customer.objects.all()

    def search(self, rows: Any, text: str) -> Any:
        return finding.matching(rows, text)

    def table(self, rows: Any) -> AgeTable:
        table = super().table([])
        page = self.request.GET.get("page", "1")
        number = int(page) if page.isdecimal() and page.isascii() and len(page) < 8 else 1
        first = (max(number, 1) - 1) * self.per_page()
        table.data.data = Analysis(
            rows,
            self.on,
            self.by,
            shown=self.state.name,
            order=tuple(table.order_by or ()),
            expected=slice(first, first + self.per_page()),
        )
        return table

    def results(self) -> dict[str, Any]:
        found = super().results()
        totals = found["table"].data.data.totals
        found["table"].totals = totals
        asked = {name: self.request.GET.get(name) for name in ("on", "by")}
        shown = (
            bars.by_age(totals, asked["on"] and self.on, asked["by"] and self.by) if totals != Ages() else ()
        )
        return {**found, "bars": shown, "explained": self.explained(), "totals": totals}


class OpenItems(AsAt, ListPage):
    """What the balance of one payer consists of on a day, and what settles what."""

    queryset = Customer.objects.all()
    table_class = ItemTable
    filterset_class = AsAtFilter
    permission = VIEW
    title = "Open Items"
    template_name = "billing/open_items.html"
    states = (
        State("open", "Open"),
        State("settled", "Settled"),
        State("all", "All"),
    )
    empty_icon = "checks"
    empty_title = "Nothing is open"
    empty_text = "Every invoice is paid and every payment used. Choose All to see what settled what."

    @cached_property
    def payer(self) -> Customer:
        return get_object_or_404(scoped(Customer.objects.all(), self.actor), pk=self.kwargs["pk"])

    def asked(self) -> tuple[Any, Any, Any]:
        self.title = f"Open Items - {self.payer}"
        wanted = {"open": {True}, "settled": {False}}.get(self.state.name, {True, False})
        rows = [row for row in self.found if bool(row.open) in wanted]
        return rows, *self.narrow(rows)

    @cached_property
    def found(self) -> list[ItemRow]:
        return rows_of(self.payer, self.on, self.by)

    def narrow(self, rows: Any) -> tuple[Any, Any]:
        return rows, self.filterset_class(
            self.request.GET, queryset=Customer.objects.none(), request=self.request
        )

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Age Analysis", f"{reverse('billing:age_list')}?on={self.on}&by={self.by}")]

    def buttons(self) -> list[Button]:
        add = f"{reverse('billing:payment_add')}?{urlencode({'customer': self.payer.code})}"
        return [
            Button("Profile", self.payer.get_absolute_url(), "user", "dark", "customers.view"),
            Button("Add Payment", add, "plus", "primary", "billing.payments.add", modal=True),
            Button(
                "Statement",
                reverse("billing:statement_detail", args=[self.payer.pk]),
                "file-text",
                permission="billing.statements.view",
            ),
        ]

    def results(self) -> dict[str, Any]:
        found = super().results()
        totals = ages(
            [(r.item.posted_on, r.item.due_on, r.open) for r in self.found if r.open], self.on, self.by
        )
        facts = [*totals.words(), ("Unallocated credit", totals.credit), ("Balance", totals.balance)]
        return {**found, "facts": facts, "explained": self.explained()}
