"""Pages of package changes: the list, one of them, and adding one with what it will do (PKC-1 to PKC-3)."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from billing.changes import acting, previewing
from billing.changes.acting import Made
from billing.changes.filters import PackageChangeFilter
from billing.changes.forms import PackageChangeForm, ReasonForm
from billing.changes.previewing import Money, Preview
from billing.changes.tables import (
    EDIT,
    STATES,
    MoneyTable,
    PackageChangeTable,
    actions,
    compared,
    price_words,
)
from billing.changes.widgets import ROWS
from billing.models import BilledPeriod
from customers.models import Customer
from ispbilling.core import access, clock
from ispbilling.core.errors import DomainError
from ispbilling.core.forms import Tabs
from ispbilling.core.money import format_money
from ispbilling.core.parts import Attr, Button, Panel, State
from ispbilling.core.views import ActionPage, DetailPage, FormPage, ListPage
from radius.changes import changing
from radius.models import STANDING, ChangeState, PackageChange

VIEW = "radius.accounts.view"
#: To begin a change on a day that has passed: it takes issued invoices back.
BACKDATE = "radius.changes.backdate"


class PackageChangeList(ListPage):
    queryset = ROWS
    table_class = PackageChangeTable
    filterset_class = PackageChangeFilter
    permission = VIEW
    title = "Package Changes"
    confidential = "usernames and the names of their customers"
    search_fields = (
        "data_account__username", "data_account__customer__code", "data_account__customer__name", "comment",
    )  # fmt: skip
    search_help = "Username, code, customer or comment"
    states = (
        State("scheduled", "Scheduled", Q(state=ChangeState.SCHEDULED)),
        State("applied", "Applied", Q(state=ChangeState.APPLIED)),
        State("failed", "Failed", Q(state=ChangeState.FAILED)),
        State("taken_back", "Taken back", ~Q(state__in=[*STANDING, ChangeState.FAILED])),
        State("all", "All"),
    )
    empty_icon = "switch-3"
    empty_text = (
        "Nothing is scheduled. A package is changed on the profile of its customer, under Package Changes."
    )


class PackageChangeDetail(DetailPage):
    queryset = ROWS
    permission = VIEW
    panels = (
        Panel(
            "Package Change",
            (
                Attr("data_account.customer", "Customer", kind="link"),
                Attr("data_account", "RADIUS User", kind="link"),
                Attr("before", "From", kind="link"),
                Attr("to_package", "To", kind="link"),
                Attr("activates_on", "Activation", kind="date"),
                Attr(price_words, "Monthly Price"),
                Attr("topup_price", "Top-up Price per GB", kind="money", empty="as it was"),
                Attr("comment", "Comment"),
            ),
            icon="switch-3",
        ),
        Panel(
            "What became of it",
            (
                Attr("get_state_display", "Status"),
                Attr("reason", "Reason"),
                Attr("created_by", "Made By", empty="the system"),
                Attr("created_at", "Made", kind="datetime"),
                Attr("applied_at", "Applied", kind="datetime"),
                Attr("closed_at", "Closed", kind="datetime"),
                Attr(lambda change: _papers(change), "Billed On", empty="nothing yet"),
            ),
            column=2,
            icon="history",
        ),
    )

    def crumbs(self) -> list[tuple[str, str]]:
        customer = self.object.data_account.customer
        return [
            ("Package Changes", reverse("billing:package_change_list")),
            (str(customer), customer.get_absolute_url()),
        ]

    def subtitle(self) -> str:
        return str(self.object.get_state_display())

    def banners(self) -> list[tuple[str, str]]:
        state = ChangeState(self.object.state)
        if state == ChangeState.FAILED:
            return [(STATES[state], f"It could not be applied: {self.object.reason}")]
        if state == ChangeState.SUPERSEDED:
            return [(STATES[state], "A later change of the same day took its place.")]
        return []

    def buttons(self) -> list[Button]:
        return actions(self.object)


def _papers(change: PackageChange) -> str:
    """The invoices on which days are billed under it."""
    keys = list(change.billed_periods.values_list("pk", flat=True))
    billed = BilledPeriod.objects.filter(pk__in=keys).order_by("document")
    return ", ".join(dict.fromkeys(billed.values_list("document__reference", flat=True)))


class PackageChangeAdd(FormPage):
    """For a line of the customer of the URL: what is asked for, then what it will do, then Submit."""

    queryset = Customer.objects.all()
    permission = EDIT
    form_class = PackageChangeForm
    template_name = "billing/package_change_add.html"
    submit_label, submit_icon = "Preview", "eye"
    preview: Preview | None = None

    def find(self) -> Customer:
        customer: Customer = self.get_object()
        self.title = f"Package Change - {customer}"
        return customer

    def form_kwargs(self) -> dict[str, Any]:
        asked = self.request.GET.get("line", "")
        return {"customer": self.object, "initial": {"line": asked} if asked.isdecimal() else {}}

    @property
    def may_backdate(self) -> bool:
        return access.may(self.actor, BACKDATE)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.find()
        form = self.form()
        if form.is_valid():
            wanted, now = form.first.wanted(clock.now()), clock.now()
            try:
                if changing.made(wanted) is None:
                    self.preview = previewing.preview(wanted, now, backdate=self.may_backdate)
            except DomainError as refusal:
                form.add_error(str(refusal))
                return self.show(form)
            # What is shown is what is made: if anything of it is different by now, it is shown again.
            if self.preview and request.POST.get("previewed") != self.preview.digest:
                return self.show(form)
        return super().post(request, *args, **kwargs)

    def act(self, obj: Customer, form: Tabs, actor: Any) -> Made:
        now = clock.now()
        return acting.make(form.first.wanted(now), now, actor=actor, backdate=self.may_backdate)

    def show(self, form: Tabs) -> HttpResponse:
        if self.preview is not None:
            self.submit_label, self.submit_icon = "Submit Package Change", "check"
        return super().show(form)

    def context(self, **extra: Any) -> dict[str, Any]:
        if self.preview is not None:
            extra["preview"] = self.preview
            extra["compared"] = compared(self.preview)
            extra["money"] = MoneyTable(self.preview.money.lines)
        return super().context(**extra)

    def done(self, obj: Customer, result: Made) -> str:
        change = result.change
        verb = "has" if change.state == ChangeState.APPLIED else "will have"
        said = f"{change.data_account} {verb} {change.to_package} from {change.activates_on}."
        return " ".join([said, *_money_words(result)])

    def undo_url(self, obj: Customer, result: Made) -> str:
        act = "undo" if result.change.state == ChangeState.APPLIED else "cancel"
        return reverse(f"billing:package_change_{act}", args=[result.change.pk])

    def success_url(self, obj: Customer, result: Made) -> str:
        return obj.get_absolute_url()


def _money_words(made: Made) -> list[str]:
    said = [f"{made_.get_kind_display()} {made_} over {format_money(made_.total)} is issued."
            for made_ in made.money.documents]  # fmt: skip
    return [*said, made.money.left] if made.money.left else said


class TakeBack(ActionPage):
    """What the ways back share: the money is known before."""

    queryset = ROWS
    permission = EDIT
    form_class = ReasonForm
    danger = True

    def come_back(self, obj: PackageChange) -> Money:
        raise NotImplementedError

    def obstacles(self, obj: PackageChange) -> list[str]:
        try:
            self.money = self.come_back(obj)
        except DomainError as refusal:
            return [str(refusal)]
        return []

    def billed_words(self) -> str:
        amount = self.money.difference
        if not self.money.lines or not amount:
            return "Nothing that was billed changes."
        if amount < 0:
            return f"{format_money(-amount)} that was billed for it comes back: {self.when}."
        return f"{format_money(amount)} is charged, which was billed for less: {self.when}."

    @property
    def when(self) -> str:
        at_once = acting.at_once(self.object)
        return "at once" if at_once else "with the next month-end invoice"

    def done(self, obj: PackageChange, result: Made) -> str:
        change = result.change
        said = f"The change of {change.data_account} to {change.to_package} is {change.get_state_display().lower()}."
        return " ".join([said, *_money_words(result)])


class PackageChangeCancel(TakeBack):
    title = "Cancel package change"
    submit_label, submit_icon = "Cancel Change", "x"

    def come_back(self, obj: PackageChange) -> Money:
        return previewing.taken_back(obj, clock.now(), changing.cancel)

    def consequences(self, obj: PackageChange) -> list[str]:
        return [
            f"{obj.data_account} does not change to {obj.to_package} on {obj.activates_on}.",
            self.billed_words(),
        ]

    def act(self, obj: PackageChange, form: Any, actor: Any) -> Made:
        return acting.cancel(obj, clock.now(), actor=actor, reason=form.cleaned_data["reason"])

    def undo_url(self, obj: PackageChange, result: Made) -> str:
        return reverse("billing:package_change_restore", args=[obj.pk])


class PackageChangeRestore(ActionPage):
    queryset = ROWS
    permission = EDIT
    title = "Restore package change"
    submit_label, submit_icon = "Schedule Again", "calendar-plus"

    def consequences(self, obj: PackageChange) -> list[str]:
        return [f"{obj.data_account} changes to {obj.to_package} on {obj.activates_on}, as it was planned."]

    def act(self, obj: PackageChange, form: Any, actor: Any) -> PackageChange:
        return changing.restore(obj, clock.now(), actor=actor)

    def done(self, obj: PackageChange, result: PackageChange) -> str:
        return f"{result.data_account} changes to {result.to_package} on {result.activates_on}."


class PackageChangeUndo(TakeBack):
    title = "Undo package change"
    submit_label, submit_icon = "Undo Change", "arrow-back-up"

    def come_back(self, obj: PackageChange) -> Money:
        return previewing.taken_back(obj, clock.now(), changing.undo)

    def consequences(self, obj: PackageChange) -> list[str]:
        return [
            f"{obj.data_account} has {obj.from_package} again, with the price it had; its live session too.",
            f"It is billed as though it had not been changed on {obj.activates_on}. {self.billed_words()}",
            "Data that was used stays used.",
        ]

    def act(self, obj: PackageChange, form: Any, actor: Any) -> Made:
        return acting.undo(obj, clock.now(), actor=actor, reason=form.cleaned_data["reason"])
