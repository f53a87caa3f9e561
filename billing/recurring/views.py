"""Recurring lines, the billing settings and the VAT rates."""

from typing import Any

from django.db.models import Q
from django.urls import reverse

from billing.recurring import lines
from billing.recurring.filters import RecurringFilter
from billing.recurring.forms import EndForm, RecurringLineForm, SettingsForm, VatRateForm
from billing.recurring.models import BillingSettings, RecurringLine, VatRate
from billing.recurring.tables import RecurringTable, VatRateTable
from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.forms import Tabs
from ispbilling.core.parts import Button, State, Tab
from ispbilling.core.views import ActionPage, AddPage, EditPage, ListPage

ROWS = RecurringLine.objects.listed()


class RecurringList(ListPage):
    queryset = ROWS
    table_class = RecurringTable
    filterset_class = RecurringFilter
    permission = "billing.recurring.view"
    title = "Recurring Billing"
    search_fields = ("customer__code", "customer__name", "description", "data_account__username")
    search_help = "Account code, name, description or data account"
    states = (
        State("open", "Open", Q(ends_on=None)),
        State("ending", "With a last day", ~Q(ends_on=None), hidden_word="with a last day"),
        State("all", "All"),
    )
    empty_icon = "repeat"
    empty_text = "What a customer is charged every month. Lines are added on the customer's profile."


class RecurringAdd(AddPage):
    """For the customer of the URL."""

    queryset = Customer.objects.all()
    permission = "billing.recurring.edit"

    def find(self) -> RecurringLine:
        customer = self.get_object()
        self.title = f"Add recurring line - {customer}"
        asked = self.request.GET.get("data_account", "")
        accounts = customer.data_accounts.select_related("package")
        account = accounts.filter(pk=int(asked)).first() if asked.isdecimal() else None
        if account is None:
            return RecurringLine(customer=customer, starts_on=clock.local_day(clock.now()))
        return RecurringLine(
            customer=customer,
            data_account=account,
            description=str(account.package),
            starts_on=account.starts_on,
        )

    def own_tabs(self) -> list[Tab]:
        return [Tab("main", "Recurring line", RecurringLineForm)]

    def act(self, obj: RecurringLine, form: Tabs, actor: Any) -> RecurringLine:
        return lines.add(form.first.save(commit=False), actor=actor)

    def close_url(self) -> str:
        return self.came_from() or reverse("customers:customer_detail", args=[self.object.customer_id])

    def success_url(self, obj: RecurringLine, result: RecurringLine) -> str:
        return reverse("customers:customer_detail", args=[obj.customer_id])


class RecurringEdit(EditPage):
    queryset = ROWS
    permission = "billing.recurring.edit"
    success_url_name = "billing:recurring_list"

    def own_tabs(self) -> list[Tab]:
        self.title = f"Edit recurring line - {self.object.customer}"
        return [Tab("main", "Recurring line", RecurringLineForm)]

    def act(self, obj: RecurringLine, form: Tabs, actor: Any) -> RecurringLine:
        return lines.change(obj, {name: form.cleaned_data[name] for name in form.changed_data}, actor=actor)

    def close_url(self) -> str:
        return self.came_from() or reverse("billing:recurring_list")

    def buttons(self) -> list[Button]:
        if self.object.ends_on is not None:
            return []
        return [
            Button("End", reverse("billing:recurring_end", args=[self.object.pk]), "calendar-off", "danger")
        ]


class RecurringEnd(ActionPage):
    queryset = ROWS
    permission = "billing.recurring.edit"
    form_class = EndForm
    title = "End recurring line"
    submit_label = "End line"
    submit_icon = "calendar-off"
    danger = True
    success_url_name = "billing:recurring_list"

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"last_day": clock.local_day(clock.now())}}

    def consequences(self, obj: RecurringLine) -> list[str]:
        return [
            f"{obj.customer} is charged for it up to and including the last day; a part of a month by the day.",
            "What was invoiced for later days is not credited by this; credit that invoice if it should be.",
            "Service is not touched: the data account stays as it is.",
            "You can open it again by emptying the last day.",
        ]

    def act(self, obj: RecurringLine, form: EndForm, actor: Any) -> RecurringLine:
        return lines.end(obj, form.cleaned_data["last_day"], actor=actor)

    def done(self, obj: RecurringLine, result: RecurringLine) -> str:
        return f"{obj} ends with {result.ends_on}."


class SettingsEdit(EditPage):
    queryset = BillingSettings.objects.all()
    permission = "billing.settings.edit"
    title = "Billing Settings"
    form_class = SettingsForm
    success_url_name = "billing:settings_edit"

    def find(self) -> BillingSettings:
        return BillingSettings.get()

    def buttons(self) -> list[Button]:
        found = [
            Button("VAT rates", reverse("billing:vat_list"), "percentage"),
            Button("Close Books", reverse("billing:books_close"), "lock", permission="billing.books.close"),
        ]
        if closed := self.object.closed_until:
            label, url = f"Reopen Books (closed up to {closed})", reverse("billing:books_reopen")
            found.append(Button(label, url, "lock-open", permission="billing.books.reopen"))
        return found


class VatRateList(ListPage):
    queryset = VatRate.objects.all()
    table_class = VatRateTable
    permission = "billing.settings.edit"
    title = "VAT Rates"
    add_url_name, add_permission, add_label, add_modal = (
        "billing:vat_add",
        "billing.settings.edit",
        "Add Rate",
        True,
    )
    empty_icon = "percentage"
    empty_text = "The rate that applies from a day on; an invoice takes the rate of its date."

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Billing Settings", reverse("billing:settings_edit"))]


class VatRateAdd(AddPage):
    model = VatRate
    permission = "billing.settings.edit"
    title = "Add VAT rate"
    form_class = VatRateForm
    success_url_name = "billing:vat_list"
