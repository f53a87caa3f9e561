"""Billing, Overview: how the money stands and what waits, for whoever may see the lists behind it."""

from typing import Any

from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from billing.ageing import bars
from billing.ledger.models import Balance
from billing.overview import charts, figures, waiting
from billing.overview.figures import Owed, Turnover
from billing.recurring.models import BillingSettings
from ispbilling.core import access, clock
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.parts import Button
from ispbilling.core.units import counted
from ispbilling.core.views import StaffPage

PERMISSION = "billing.documents.view"
AGES = "billing.ageing.view"


class Overview(StaffPage):
    """`?refresh` makes the figures anew; asked for as a part (`owed`), who owes what, which takes a while."""

    permission = PERMISSION
    title = "Billing Overview"
    template_name = "billing/overview.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        now, user = clock.now(), request.user
        if self.partial == "owed":
            access.require(user, AGES)
            return self.answer("billing/_owed.html", **owed_context(figures.make_owed(now), request))
        if "refresh" in request.GET:
            figures.forget()
            return self.go(request.path)
        found = figures.turnover(now)
        return self.answer(
            turnover=found,
            shown=shown(found, user),
            columns=month_columns(found, user),
            methods=charts.by_method(found) if access.may(user, "billing.payments.view") else None,
            next_run=waiting.next_run(now) if access.may(user, "billing.runs.view") else None,
            waiting=waiting.of(user),
            closed_until=BillingSettings.get().closed_until,
            buttons=self.permitted(self.buttons()),
            **owed_context(figures.owed(now), request),
        )

    def buttons(self) -> list[Button]:
        """What is done most."""
        invoice, payment = reverse("billing:draft_add"), reverse("billing:payment_add")
        return [
            Button("Refresh", f"{self.request.path}?refresh", "refresh"),
            Button("New Invoice", invoice, "file-plus", permission="billing.documents.draft"),
            Button("Add Payment", payment, "plus", "primary", "billing.payments.add", modal=True),
        ]


def owed_context(found: Owed | None, request: HttpRequest) -> dict[str, Any]:
    """The context of `billing/_owed.html`; `?brief` is the dashboard's, without names."""
    return {
        "may_age": access.may(request.user, AGES),
        "owed": found,
        "ages": bars.by_age(found.ages) if found else (),
        "brief": "brief" in request.GET,
        "overdue_url": bars.address(state="overdue", sort="-overdue"),
    }


def month_columns(found: Turnover, user: Any) -> Any:
    """Twelve months of billed and collected, as far as this person may see them."""
    return charts.by_month(found.months, collected=access.may(user, "billing.payments.view"))


def shown(found: Turnover, user: Any) -> list[dict[str, str]]:
    """The row of numbers on top, each with the list that adds up to it."""
    month, before = found.month, found.month_before
    balances = Balance.objects.aggregate(
        sum=Sum("amount", default=ZERO), payers=Count("pk", filter=Q(amount__gt=0))
    )
    rows = [
        (
            f"Billed in {month.period.start:%b}",
            month.billed,
            f"{format_money(before.billed)} in {before.period.start:%b}",
            charts.documents_of(month.period),
            PERMISSION,
            "file-invoice",
        ),
        (
            f"Collected in {month.period.start:%b}",
            month.collected,
            f"{format_money(before.collected)} in {before.period.start:%b}",
            charts.payments_of(month.period),
            "billing.payments.view",
            "cash",
        ),
        (
            "Outstanding",
            balances["sum"],
            f"{counted(balances['payers'], 'payer')} with a balance, credit taken off",
            reverse("billing:age_list"),
            AGES,
            "scale",
        ),
    ]
    return [
        {"label": label, "value": format_money(value), "note": note, "url": url, "icon": icon}
        for label, value, note, url, permission, icon in rows
        if access.may(user, permission)
    ]
