"""The trial balance on screen, whether the receivables tie to the age analysis, and the lines of an account."""

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing.ageing.analysis import Analysis
from billing.ledger.models import Account, Line
from billing.ledger.posting import RECEIVABLE
from billing.recurring.models import AgeBy
from billing.statements.period import Days
from billing.trial import figures
from billing.trial.figures import Standing
from billing.trial.filters import DaysFilter, asked
from billing.trial.tables import LineTable, TrialTable
from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.views import ListPage

VIEW = "billing.trial.view"


class OfDays:
    """The days in the address: `?since=2026-03-01&until=2026-11-30`."""

    request: Any

    @cached_property
    def days(self) -> Days:
        return asked(self.request.GET, clock.local_day(clock.now()))


class TrialBalance(OfDays, ListPage):
    """What every account held, what moved, and what it holds; the whole sums to zero."""

    table_class = TrialTable
    filterset_class = DaysFilter
    permission = VIEW
    title = "Trial Balance"
    template_name = "billing/trial.html"
    rows = 100
    empty_text = "The ledger has no accounts."

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.partial == "control":
            return self.answer("billing/_trial_control.html", **self.control())
        return super().get(request, *args, **kwargs)

    @cached_property
    def standings(self) -> list[Standing]:
        return figures.trial_balance(self.days.since, self.days.until)

    def get_queryset(self) -> QuerySet[Line]:
        return Line.objects.none()

    def asked(self) -> tuple[Any, Any, Any]:
        return self.standings, *self.narrow(self.standings)

    def narrow(self, rows: Any) -> tuple[Any, Any]:
        return rows, self.filterset_class(
            self.request.GET, queryset=Line.objects.none(), request=self.request
        )

    def table(self, rows: Any) -> TrialTable:
        table: TrialTable = super().table(rows)  # type: ignore[assignment]  # table_class says which
        table.totals, table.days = figures.totals(self.standings), self.days.query
        return table

    def results(self) -> dict[str, Any]:
        return {
            **super().results(),
            "notice": "billing/_trial_days.html",
            "days": self.days,
            "totals": figures.totals(self.standings),
        }

    def control(self) -> dict[str, Any]:
        """The receivable account, the payers one by one, and the age analysis: three ways to one amount."""
        until = self.days.until
        account = next(row for row in self.standings if row.account.code == RECEIVABLE)
        ages = Analysis(Customer.objects.all(), until, AgeBy.DUE).totals
        found = [
            (f"{account.account.name}, from the ledger", account.closing),
            ("Payers, one by one", figures.owed_by_payers(until)),
            ("Age analysis", ages.balance),
        ]
        return {
            "until": until,
            "control": found,
            "holds": len({amount for _, amount in found}) == 1,
            "ages_url": f"{reverse('billing:age_list')}?on={until}",
        }


class TrialAccount(OfDays, ListPage):
    """The lines of one account, the oldest first."""

    table_class = LineTable
    filterset_class = DaysFilter
    permission = VIEW
    confidential = "names of payers and amounts"
    rows = 50
    most, most_order = 10_000, ("posted_on", "pk")
    empty_icon = "list-details"
    empty_title = "No lines"
    empty_text = "Nothing was posted to this account in these days."

    @cached_property
    def account(self) -> Account:
        return get_object_or_404(Account, pk=self.kwargs["pk"])

    def get_queryset(self) -> QuerySet[Line]:
        self.title = f"{self.account.name} ({self.account.code})"
        return (
            Line.objects.filter(
                account=self.account, posted_on__gte=self.days.since, posted_on__lte=self.days.until
            )
            .select_related("posting__of_payment", "customer")
            .order_by("posted_on", "pk")
        )

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Trial Balance", reverse("billing:trial_balance") + self.days.query)]

    def results(self) -> dict[str, Any]:
        found = super().results()
        row = figures.standing(self.account, self.days.since, self.days.until)
        facts = [
            ("Opening", row.opening),
            ("Debit", row.debit),
            ("Credit", row.credit),
            ("Closing", row.closing),
        ]
        return {**found, "notice": "billing/_trial_account.html", "days": self.days, "facts": facts}
