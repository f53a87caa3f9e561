"""Pages about unused data: a customer's choices, transfers, consents, counting again, and how the law is kept."""

from datetime import date
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.clock import add_months, local_day, month_of
from ispbilling.core.models import User
from ispbilling.core.parts import Button, State
from ispbilling.core.units import format_octets
from ispbilling.core.views import ActionPage, ListPage, StaffPage
from radius.accounts.models import DataAccount
from radius.bundles.models import DataBundle
from radius.rolling import consenting, expiring, noticing, recounting, reporting, transferring
from radius.rolling.forms import (
    AGREED,
    WITHDRAWN,
    ConsentForm,
    ExpiryForm,
    NoticesForm,
    RecountForm,
    TransferForm,
)
from radius.rolling.models import CustomerDataExpiry, DataTransfer, Door, NoticeChoice, OutOfBundleConsent
from radius.rolling.recounting import Recount
from radius.rolling.tables import CONSENT, EDIT, TRANSFER, ConsentTable, TransferTable
from radius.rolling.transferring import Wish


class DataExpiryEdit(ActionPage):
    """After how long unused data of a customer expires (SET-1)."""

    queryset = Customer.objects.all()
    permission = EDIT
    title = "Data Expiry"
    form_class = ExpiryForm
    submit_label = "Save Changes"

    def otherwise(self) -> dict[str, str]:
        """What holds without a choice of the customer's own, where its lines agree."""
        rows = DataAccount.objects.filter(customer=self.object).select_related("package", "customer__group")
        found = expiring.holding(rows, clock.now(), without_own=True)
        monthly, topup = {one.monthly.words for one in found}, {one.topup.words for one in found}
        return {
            name: next(iter(words)) if len(words) == 1 else "as each package says"
            for name, words in (("monthly_months", monthly), ("topup_months", topup))
        }

    def form_kwargs(self) -> dict[str, Any]:
        stored = CustomerDataExpiry.objects.filter(customer=self.object).first()
        return {"initial": ExpiryForm.of(stored), "otherwise": self.otherwise()}

    def consequences(self, obj: Customer) -> list[str]:
        return [
            "It holds for all lines of this customer from the next time something expires, and beats package,"
            " category, group and settings.",
            "What has rolled over already stays as it is. Nobody is notified.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> None:
        chosen = form.cleaned_data
        expiring.store(obj, chosen["monthly_months"], chosen["topup_months"], clock.now(), actor=actor)

    def done(self, obj: Customer, result: None) -> str:
        return f"The data expiry of {obj} is saved."


class NoticesEdit(ActionPage):
    """Which notices of used bundles a customer gets."""

    queryset = Customer.objects.all()
    permission = EDIT
    title = "Notices of Used Data"
    form_class = NoticesForm
    submit_label = "Save Changes"

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": NoticesForm.of(NoticeChoice.objects.filter(customer=self.object).first())}

    def act(self, obj: Customer, form: Any, actor: User) -> None:
        noticing.choose(obj, form.cleaned_data["levels"], clock.now(), actor=actor)

    def done(self, obj: Customer, result: None) -> str:
        return f"The notices of {obj} are saved."


class BundleTransfer(ActionPage):
    """Give data of a bundle to another line (reg. 8A(7))."""

    queryset = DataBundle.objects.select_related("data_account__customer", "parent")
    permission = TRANSFER
    title = "Transfer Data"
    form_class = TransferForm
    submit_label, submit_icon = "Transfer", "arrows-right-left"

    def obstacles(self, obj: DataBundle) -> list[str]:
        return transferring.obstacles(obj, clock.now())

    def consequences(self, obj: DataBundle) -> list[str]:
        return [
            f"{format_octets(obj.left_octets)} of {obj.title} are left on {obj.data_account}.",
            f"What is transferred can be used {expiring.until(obj.expires_at)}, as here. Nobody is charged; the other"
            " customer is told.",
            "It can be taken back while the other line has used nothing of it.",
        ]

    def act(self, obj: DataBundle, form: Any, actor: User) -> DataTransfer:
        told = form.cleaned_data
        wish = Wish(obj, told["username"], told["octets"], told["token"], Door.STAFF, told["note"])
        return transferring.transfer(wish, clock.now(), actor=actor)

    def done(self, obj: DataBundle, result: DataTransfer) -> str:
        return (
            f"{format_octets(result.octets)} went from {obj.data_account} to {result.to_bundle.data_account}."
        )

    def undo_url(self, obj: DataBundle, result: DataTransfer) -> str:
        return reverse("radius:transfer_undo", args=[result.pk])

    def success_url(self, obj: DataBundle, result: Any) -> str:
        return obj.data_account.get_absolute_url()

    def close_url(self) -> str:
        return self.came_from() or self.object.data_account.get_absolute_url()


class TransferList(ListPage):
    """All transfers, the newest first."""

    queryset = DataTransfer.objects.select_related(
        "from_bundle__data_account", "to_bundle__data_account", "by"
    )
    table_class = TransferTable
    permission = "radius.usage.view"
    title = "Data Transfers"
    confidential = "usernames of data accounts"
    search_fields = ("from_bundle__data_account__username", "to_bundle__data_account__username")
    search_help = "Username of either"
    states = (
        State("standing", "Standing", Q(undone_at__isnull=True)),
        State("undone", "Taken back", Q(undone_at__isnull=False), "taken back"),
        State("all", "All"),
    )
    empty_icon = "arrows-right-left"
    empty_title = "No transfers yet"
    empty_text = "Customers give data to each other in the portal; staff do it on the profile."


class TransferUndo(ActionPage):
    """Take a transfer back."""

    queryset = DataTransfer.objects.select_related(
        "from_bundle__data_account__customer", "to_bundle__data_account__customer"
    )
    permission = TRANSFER
    title = "Take Back Transfer"
    submit_label, submit_icon = "Take Back", "arrow-back-up"
    danger = True
    success_url_name = "radius:transfer_list"

    def obstacles(self, obj: DataTransfer) -> list[str]:
        return [reason] if (reason := transferring.irrevocable(obj, clock.now())) else []

    def consequences(self, obj: DataTransfer) -> list[str]:
        return [
            f"{obj.to_bundle.data_account} loses {format_octets(obj.octets)}, of which it has used nothing.",
            f"{obj.from_bundle.data_account} has them again.",
        ]

    def act(self, obj: DataTransfer, form: Any, actor: User) -> DataTransfer:
        return transferring.undo(obj, clock.now(), actor=actor)

    def done(self, obj: DataTransfer, result: DataTransfer) -> str:
        return f"The transfer of {format_octets(obj.octets)} is taken back."

    def success_url(self, obj: DataTransfer, result: Any) -> str:
        return reverse(self.success_url_name)


class ConsentList(ListPage):
    """The log of consents to use out of bundle (reg. 8A(2)(c))."""

    queryset = OutOfBundleConsent.objects.select_related("data_account__customer", "by")
    table_class = ConsentTable
    permission = "radius.usage.view"
    title = "Out-of-Bundle Consents"
    confidential = "what customers agreed to"
    search_fields = ("data_account__username", "data_account__customer__name", "data_account__customer__code")
    search_help = "Username, code or customer"
    states = (
        State("all", "All"),
        State("given", "Given", Q(given=True)),
        State("withdrawn", "Withdrawn", Q(given=False)),
    )
    empty_icon = "file-check"
    empty_title = "Nobody has consented"
    empty_text = "Without its consent no line is charged for more than its bundles. Nothing in this log can be changed."


class ConsentAdd(ActionPage):
    """Write down that a customer agreed."""

    queryset = DataAccount.objects.select_related("customer")
    permission = CONSENT
    title = "Record Consent"
    form_class = ConsentForm
    submit_label, submit_icon = "Record Consent", "file-check"
    given, words = True, AGREED

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"words": self.words.format(line=self.object)}}

    def obstacles(self, obj: DataAccount) -> list[str]:
        return [f"{obj} has consented already."] if consenting.consented(obj) else []

    def consequences(self, obj: DataAccount) -> list[str]:
        return [
            f"Data may be added to {obj} and charged when its bundles are used up, as far as that is set up.",
            "The customer can withdraw it in the portal at any time. Nobody can change the record.",
        ]

    def act(self, obj: DataAccount, form: Any, actor: User) -> OutOfBundleConsent:
        told = form.cleaned_data
        return consenting.say(
            obj, given=self.given, words=told["words"], door=Door(told["door"]), now=clock.now(), actor=actor
        )

    def done(self, obj: DataAccount, result: Any) -> str:
        return f"The consent of {obj} is recorded."

    def success_url(self, obj: DataAccount, result: Any) -> str:
        return obj.get_absolute_url()


class ConsentWithdraw(ConsentAdd):
    """Write down that a customer agrees no more."""

    title = "Withdraw Consent"
    submit_label, submit_icon = "Withdraw Consent", "file-off"
    given, words = False, WITHDRAWN

    def obstacles(self, obj: DataAccount) -> list[str]:
        return [] if consenting.consented(obj) else [f"There is no consent of {obj} to withdraw."]

    def consequences(self, obj: DataAccount) -> list[str]:
        return [f"From now on nothing is charged on {obj} beyond its bundles."]

    def done(self, obj: DataAccount, result: Any) -> str:
        return f"The consent of {obj} is withdrawn."


class MonthRecount(ActionPage):
    """Have a month of a line counted again."""

    queryset = DataAccount.objects.select_related("customer", "package")
    permission = EDIT
    title = "Count a Month Again"
    form_class = RecountForm
    submit_label, submit_icon = "Count Again", "refresh"

    def form_kwargs(self) -> dict[str, Any]:
        choices = [(f"{one.start:%Y-%m-%d}", str(one)) for one in recounting.months(clock.now())]
        return {"months": choices}

    def obstacles(self, obj: DataAccount) -> list[str]:
        metered = obj.prepaid or obj.package.cap_octets is not None
        return [] if metered else [f"{obj} is uncapped: nothing of it is drawn from bundles."]

    def consequences(self, obj: DataAccount) -> list[str]:
        return [
            "The usage of that month and of all since is drawn from the line's bundles again.",
            "What rolled over of it becomes more or less, never less than was used of it.",
            "Where nothing was wrong nothing changes. Nobody is notified.",
        ]

    def act(self, obj: DataAccount, form: Any, actor: User) -> Recount:
        month = month_of(date.fromisoformat(form.cleaned_data["month"]))
        return recounting.recount(obj, month, form.cleaned_data["reason"], clock.now(), actor=actor)

    def done(self, obj: DataAccount, result: Recount) -> str:
        if not result.changed:
            return f"{result.month} of {obj} was right: nothing changed."
        parts = ["its draws"] if result.drawn else []
        parts += [f"a rollover, now {format_octets(one.total)}" for one in result.corrected]
        return f"{result.month} of {obj} is counted again; changed: {', '.join(parts)}."

    def success_url(self, obj: DataAccount, result: Any) -> str:
        return obj.get_absolute_url()


class Compliance(StaffPage):
    """What a month shows of regulation 8A: `?month=2027-02`."""

    permission = "radius.compliance.view"
    title = "Data Regulation"
    template_name = "radius/compliance.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        now = clock.now()
        this = month_of(local_day(now))
        choices = [month_of(add_months(this.start, -n)) for n in range(recounting.MONTHS)]
        asked = request.GET.get("month", "")
        month = next((one for one in choices if f"{one.start:%Y-%m}" == asked), this)
        found = reporting.report(month, now)
        return self.answer(
            report=found,
            months=[(f"{one.start:%Y-%m}", str(one), one == month) for one in choices],
            begins=found.holds_from is not None and found.holds_from > local_day(now),
            buttons=self.permitted(self.buttons()),
            subtitle="Regulation 8A of the End-user and Subscriber Service Charter",
        )

    def buttons(self) -> list[Button]:
        return [
            Button("Consents", reverse("radius:consent_list"), "file-check", permission="radius.usage.view"),
            Button(
                "Transfers",
                reverse("radius:transfer_list"),
                "arrows-right-left",
                permission="radius.usage.view",
            ),
            Button(
                "Settings",
                f"{reverse('core:provider_edit')}?tab=data",
                "settings",
                permission="settings.edit",
            ),
        ]
