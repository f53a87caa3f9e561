"""Products, recurring lines, the billing settings and the VAT rates."""

from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse

from billing.recurring import lines
from billing.recurring.filters import RecurringFilter
from billing.recurring.forms import (
    EndForm,
    ProductForm,
    RecurringLineForm,
    ReopenForm,
    ReplaceForm,
    SettingsForm,
    VatRateForm,
)
from billing.recurring.models import BillingSettings, Product, Proration, RecurringLine, VatRate
from billing.recurring.tables import ProductTable, RecurringTable, VatRateTable
from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.forms import Tabs
from ispbilling.core.parts import Button, State, Tab
from ispbilling.core.views import ActionPage, AddPage, EditPage, ListPage

ROWS = RecurringLine.objects.listed()
LINES = (("Recurring Billing", "/billing/recurring/"),)


def _today() -> date:
    return clock.local_day(clock.now())


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
    empty_text = "What a customer is charged again and again. Lines are added on the customer's profile."

    def buttons(self) -> list[Button]:
        products = reverse("billing:product_list")
        return [
            Button("Products", products, "package", permission="billing.recurring.view"),
            *super().buttons(),
        ]


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
            return RecurringLine(customer=customer, starts_on=_today())
        return RecurringLine(
            customer=customer,
            data_account=account,
            description=str(account.package),
            starts_on=account.starts_on,
        )

    def own_tabs(self) -> list[Tab]:
        return [Tab("main", "Recurring line", RecurringLineForm)]

    def act(self, obj: RecurringLine, form: Tabs, actor: Any) -> RecurringLine:
        return lines.add(form.first.save(commit=False), _today(), actor=actor)

    def close_url(self) -> str:
        return self.came_from() or reverse("customers:customer_detail", args=[self.object.customer_id])

    def success_url(self, obj: RecurringLine, result: RecurringLine) -> str:
        return reverse("customers:customer_detail", args=[obj.customer_id])


class RecurringEdit(EditPage):
    queryset = ROWS
    parents = LINES
    permission = "billing.recurring.edit"
    success_url_name = "billing:recurring_list"

    def own_tabs(self) -> list[Tab]:
        self.title = f"Edit recurring line - {self.object.customer}"
        return [Tab("main", "Recurring line", RecurringLineForm)]

    def act(self, obj: RecurringLine, form: Tabs, actor: Any) -> RecurringLine:
        return lines.change(obj, form.changed, _today(), actor=actor, seen=form.seen)

    def close_url(self) -> str:
        return self.came_from() or reverse("billing:recurring_list")

    def buttons(self) -> list[Button]:
        if self.object.ends_on is not None:
            reopen = reverse("billing:recurring_reopen", args=[self.object.pk])
            return [Button("Reopen", reopen, "calendar-plus")]
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
        return {"initial": {"last_day": _today(), "credit_unused": self.object.credit_unused}}

    def consequences(self, obj: RecurringLine) -> list[str]:
        part = {
            Proration.DAY: "a part of a period is charged by the day",
            Proration.FULL: "a part of a period costs as much as all of it",
            Proration.NONE: "a part of a period costs nothing",
        }[Proration(obj.proration)]
        return [
            f"{obj.customer} is charged for it up to and including the last day; {part}.",
            "Days after it that were billed already are credited with the next invoice only if you say so.",
            "Service is not touched: the data account stays as it is.",
            "You can reopen it, without losing a day.",
        ]

    def act(self, obj: RecurringLine, form: EndForm, actor: Any) -> RecurringLine:
        asked = form.cleaned_data
        return lines.end(obj, asked["last_day"], _today(), credit_unused=asked["credit_unused"], actor=actor)

    def done(self, obj: RecurringLine, result: RecurringLine) -> str:
        return f"{obj} ends with {result.ends_on}."


class RecurringReopen(ActionPage):
    queryset = ROWS
    permission = "billing.recurring.edit"
    form_class = ReopenForm
    title = "Reopen recurring line"
    submit_label = "Reopen"
    submit_icon = "calendar-plus"
    success_url_name = "billing:recurring_list"

    def form_kwargs(self) -> dict[str, Any]:
        if self.object.ends_on is None:
            return {}
        return {"initial": {"first_day": self.object.ends_on + timedelta(days=1)}}

    def obstacles(self, obj: RecurringLine) -> list[str]:
        return ["It is open already."] if obj.ends_on is None else []

    def consequences(self, obj: RecurringLine) -> list[str]:
        following = (obj.ends_on or _today()) + timedelta(days=1)
        return [
            f"From {following} it goes on as if it had never ended: days that were not billed, a year back at most,"
            " come with the next run.",
            "From a later day another line with the same terms begins, and the days between are free.",
            "What was credited for days after its last day is charged again.",
        ]

    def act(self, obj: RecurringLine, form: ReopenForm, actor: Any) -> RecurringLine:
        return lines.reopen(obj, form.cleaned_data["first_day"], _today(), actor=actor)

    def done(self, obj: RecurringLine, result: RecurringLine) -> str:
        return f"{result} is charged again."


class RecurringReplace(ActionPage):
    """Another price from a day on: the mid-month upgrade."""

    queryset = ROWS
    permission = "billing.recurring.edit"
    form_class = ReplaceForm
    title = "Change from a day on"
    submit_label = "Change"
    success_url_name = "billing:recurring_list"

    def form_kwargs(self) -> dict[str, Any]:
        line = self.object
        terms = {name: getattr(line, name) for name in ("price", "quantity", "discount", "description")}
        return {"initial": {"day": _today(), **terms}}

    def consequences(self, obj: RecurringLine) -> list[str]:
        return [
            "This line ends the day before, and one with the new terms begins.",
            "Days from then on that were billed already come off the next invoice, which charges them at the new"
            " price.",
            "Service is not touched: the data account stays as it is.",
        ]

    def act(self, obj: RecurringLine, form: ReplaceForm, actor: Any) -> RecurringLine:
        values = dict(form.cleaned_data)
        return lines.replace(obj, values.pop("day"), values, _today(), actor=actor)

    def done(self, obj: RecurringLine, result: RecurringLine) -> str:
        return f"{result} is charged from {result.starts_on}."


class ProductList(ListPage):
    queryset = Product.objects.annotate(lines=Count("recurring_lines", Q(recurring_lines__ends_on=None)))
    table_class = ProductTable
    permission = "billing.recurring.view"
    title = "Products"
    search_fields = ("title", "gl_code", "income_account")
    search_help = "Title, GL code or income account"
    states = (
        State("active", "Offered", Q(active=True)),
        State("off", "Not offered", Q(active=False), "not offered"),
        State("all", "All"),
    )
    add_url_name, add_permission, add_label, add_modal = (
        "billing:product_add",
        "billing.products.edit",
        "Add Product",
        True,
    )
    empty_icon = "package"
    empty_text = (
        "What is sold again and again: its price, its VAT and its account in the books, in one place."
    )

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Recurring Billing", reverse("billing:recurring_list"))]


class ProductAdd(AddPage):
    model = Product
    parents = (*LINES, ("Products", "/billing/products/"))
    permission = "billing.products.edit"
    title = "Add product"
    form_class = ProductForm
    success_url_name = "billing:product_list"


class ProductEdit(EditPage):
    """A new price counts from the next run on, for every line without a price of its own."""

    queryset = Product.objects.all()
    parents = ProductAdd.parents
    permission = "billing.products.edit"
    form_class = ProductForm
    success_url_name = "billing:product_list"


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
            Button("Data costing models", reverse("billing:costing_list"), "tags"),
            Button("Phone costing models", reverse("billing:phone_costing_list"), "phone"),
            Button("Debit orders", reverse("billing:debit_settings_edit"), "writing-sign"),
            Button("Data sales", reverse("billing:data_sales_settings"), "database-plus"),
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
    parents = (("Billing Settings", "/billing/settings/"), ("VAT Rates", "/billing/settings/vat/"))
    permission = "billing.settings.edit"
    title = "Add VAT rate"
    form_class = VatRateForm
    success_url_name = "billing:vat_list"
