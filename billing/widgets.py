"""What billing shows on the customer's profile (PRO-10)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from django.urls import reverse

from billing.allocating.standing import Standings
from billing.documents import adjusting, dues
from billing.documents.models import Document
from billing.documents.tables import LatestTable
from billing.ledger.models import Balance
from billing.overview import figures
from billing.payments.models import Payment
from billing.payments.tables import LatestPaymentsTable
from billing.recurring.models import BillingSettings, RecurringLine
from billing.recurring.tables import CustomerLinesTable, add_line
from billing.recurring.unbilled import unbilled
from customers.merging.models import records_of
from customers.relations import paying
from ispbilling.core import clock
from ispbilling.core.access import may
from ispbilling.core.money import ZERO
from ispbilling.core.parts import Button
from ispbilling.core.registries import Widget

LATEST = 5
#: Months of the billing summary, the present one included.
SUMMARY_MONTHS = 6


class Billing(Widget):
    """The balance, when invoices are due, and the last documents the customer pays."""

    name, title, icon = "billing", "Billing", "file-invoice"
    template_name = "billing/_billing_widget.html"
    permission = "billing.documents.view"
    column, weight = 3, 10

    def context(self) -> Mapping[str, Any]:
        balance = Balance.objects.filter(customer=self.obj).values_list("amount", flat=True).first()
        rows = Document.objects.listed().filter(payer__in=records_of(self.obj))[:LATEST]
        table = LatestTable(rows, request=self.request)
        table.standings = Standings(clock.local_day(clock.now()), [self.obj.pk])
        return {
            "balance": balance or ZERO,
            "due": dues.days_of(self.obj, BillingSettings.get()),
            "table": table,
        }

    def buttons(self) -> list[Button]:
        new = f"{reverse('billing:draft_add')}?{urlencode({'customer': self.obj.code})}"
        adjust = reverse("billing:adjustment_add", args=[self.obj.pk])
        found = [
            Button("New Invoice", new, permission="billing.documents.draft"),
            Button("Adjust", adjust, permission="billing.documents.adjust", modal=True),
        ]
        if adjusting.owed_by(self.obj):
            url = reverse("billing:write_off_add", args=[self.obj.pk])
            found.append(Button("Write Off", url, permission="billing.documents.write_off", modal=True))
        return found

    def view_all(self) -> str:
        return f"{reverse('billing:document_list')}?customer={self.obj.code}"


class BillingSummary(Widget):
    """What the customer was billed and paid month by month, beside its usage (USE-10)."""

    name, title, icon = "billing_summary", "Billing Summary", "receipt"
    template_name = "billing/_summary_widget.html"
    permission = "billing.documents.view"
    column, weight = 1, 10

    def context(self) -> Mapping[str, Any]:
        now = clock.now()
        months = figures.of_customer(self.obj, now, SUMMARY_MONTHS)
        balance = Balance.objects.filter(customer=self.obj).values_list("amount", flat=True).first()
        listed = f"{reverse('billing:document_list')}?customer={quote(self.obj.code)}&kind=billed"
        return {
            "rows": [
                (month, f"{listed}&since={month.period.start}&until={month.period.last}") for month in months
            ],
            "balance": balance or ZERO,
            "payer": paying.payer(self.obj),
        }

    def view_all(self) -> str:
        return f"{reverse('billing:document_list')}?customer={quote(self.obj.code)}"


class Payments(Widget):
    """The last payments of the customer, and the door to the next."""

    name, title, icon = "payments", "Payments", "cash"
    template_name = "billing/_payments_widget.html"
    permission = "billing.payments.view"
    column, weight = 3, 15

    def context(self) -> Mapping[str, Any]:
        rows = Payment.objects.listed().filter(payer__in=records_of(self.obj))[:LATEST]
        return {"table": LatestPaymentsTable(rows, request=self.request), "payer": paying.payer(self.obj)}

    def buttons(self) -> list[Button]:
        add = f"{reverse('billing:payment_add')}?customer={quote(self.obj.code)}"
        return [Button("Add Payment", add, "plus", permission="billing.payments.add", modal=True)]

    def view_all(self) -> str:
        return f"{reverse('billing:payment_list')}?customer={quote(self.obj.code)}&state=all"


class Recurring(Widget):
    """What the customer is charged every month."""

    name, title, icon = "recurring", "Recurring Billing", "repeat"
    template_name = "billing/_recurring_widget.html"
    permission = "billing.recurring.view"
    column, weight = 3, 20

    def context(self) -> Mapping[str, Any]:
        now = clock.now()
        month = clock.local_day(now).replace(day=1)
        coming = clock.Period(month, clock.add_months(month, 12))
        free = unbilled(coming, now).filter(customer=self.obj)[:LATEST]
        return {
            "table": CustomerLinesTable(
                RecurringLine.objects.listed().filter(customer=self.obj), request=self.request
            ),
            "unbilled": [(account, add_line(account)) for account in free],
            "may_add": may(self.request.user, "billing.recurring.edit"),
        }

    def buttons(self) -> list[Button]:
        add = reverse("billing:recurring_add", args=[self.obj.pk])
        ahead = reverse("billing:customer_simulator", args=[self.obj.pk])
        return [
            Button("Next invoices", ahead, "calendar-dollar", permission="billing.recurring.view"),
            Button("Add", add, "plus", permission="billing.recurring.edit", modal=True),
        ]

    def view_all(self) -> str:
        return f"{reverse('billing:recurring_list')}?customer={self.obj.code}&state=all"
