"""Billing, Overview: how the money stands and what waits, for whoever may see the lists behind it."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from billing.overview import charts, figures, waiting
from billing.overview.figures import Position
from billing.recurring.models import BillingSettings
from ispbilling.core import access, clock
from ispbilling.core.money import format_money
from ispbilling.core.parts import Button
from ispbilling.core.units import counted
from ispbilling.core.views import StaffPage

PERMISSION = "billing.documents.view"


class Overview(StaffPage):
    """`?refresh` makes the figures anew."""

    permission = PERMISSION
    title = "Billing Overview"
    template_name = "billing/overview.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        now = clock.now()
        if "refresh" in request.GET:
            figures.position(now, anew=True)
            return self.go(request.path)
        found = figures.position(now)
        user = request.user
        return self.answer(
            position=found,
            shown=shown(found, user),
            columns=month_columns(found, user),
            ages=charts.by_age(found) if access.may(user, "billing.ageing.view") else None,
            overdue_url=charts.ageing(state="overdue", sort="-overdue"),
            methods=charts.by_method(found) if access.may(user, "billing.payments.view") else None,
            next_run=waiting.next_run(now) if access.may(user, "billing.runs.view") else None,
            waiting=waiting.of(user),
            closed_until=BillingSettings.get().closed_until,
            buttons=self.permitted([Button("Refresh", f"{request.path}?refresh", "refresh")]),
        )


def month_columns(found: Position, user: Any) -> Any:
    """Twelve months of billed and collected, as far as this person may see them."""
    return charts.by_month(found.months, collected=access.may(user, "billing.payments.view"))


def shown(found: Position, user: Any) -> list[dict[str, str]]:
    """The row of numbers on top, each with the list that adds up to it."""
    month, before, ages = found.month, found.month_before, found.ages
    rows = [
        (
            f"Billed in {month.period.start:%B}",
            month.billed,
            f"{format_money(before.billed)} in {before.period.start:%B}",
            charts.documents_of(month.period),
            PERMISSION,
            "file-invoice",
        ),
        (
            f"Collected in {month.period.start:%B}",
            month.collected,
            f"{format_money(before.collected)} in {before.period.start:%B}",
            charts.payments_of(month.period),
            "billing.payments.view",
            "cash",
        ),
        (
            "Outstanding",
            ages.balance,
            f"{counted(found.payers, 'payer')} with something open",
            reverse("billing:age_list"),
            "billing.ageing.view",
            "scale",
        ),
        (
            "Past due",
            ages.overdue,
            "of what is outstanding",
            charts.ageing(state="overdue", sort="-overdue"),
            "billing.ageing.view",
            "alarm",
        ),
    ]
    return [
        {"label": label, "value": format_money(value), "note": note, "url": url, "icon": icon}
        for label, value, note, url, permission, icon in rows
        if access.may(user, permission)
    ]
