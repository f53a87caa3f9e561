"""The Data Protection page of a customer (PRO-3), its exports, and forgetting."""

from typing import Any

from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse

from customers.models import Customer, Erasure, SubjectExport
from customers.protection.models import ExportState
from ispbilling.core import clock
from ispbilling.core.errors import DomainError
from ispbilling.core.files.views import private_zip
from ispbilling.core.models import Event, User
from ispbilling.core.parts import Button
from ispbilling.core.views import ActionPage, ObjectPage
from ispbilling.protection import erasing, exporting
from ispbilling.protection.forms import EraseForm, ExportForm

MOST = 10


def url(name: str, customer: Customer) -> str:
    return reverse(f"protection:{name}", args=[customer.pk])


class Protection(ObjectPage):
    """Who looked, what was shown, what was exported, and when it may be forgotten."""

    queryset = Customer.objects.all()
    permission = "customers.protection"
    template_name = "protection/subject.html"

    def crumbs(self) -> Any:
        here = (self.object.code, self.object.get_absolute_url())
        return (("Customers", reverse("customers:customer_list")), here)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.get_object()
        self.title = f"Data Protection: {self.object.name}"
        now = clock.now()
        exports = self.object.exports.select_related("asked_by")[:MOST]
        found = {
            "exports": [(one, one.is_there(now)) for one in exports],
            "waiting": any(one.state == ExportState.WAITING for one in exports),
        }
        if self.partial == "exports":
            return self.answer("protection/_exports.html", **found)
        shown = Event.objects.about(self.object).filter(kind="customer.id_number_shown")
        return self.answer(
            **found,
            buttons=self.permitted(self.verbs()),
            visits=self.object.visits.values("user__username", "user__first_name", "user__last_name")
            .annotate(last=Max("at")).order_by("-last")[:MOST],
            shown=shown.select_related("actor")[:MOST],
            erasure=Erasure.objects.filter(customer=self.object).select_related("actor").first(),
            refusals=erasing.refusals(self.object, now),
        )  # fmt: skip

    def verbs(self) -> list[Button]:
        export = url("export_add", self.object)
        erase = url("erase", self.object)
        return [
            Button("Export Everything", export, "file-export", permission="customers.protection", modal=True),
            Button("Erase Personal Data", erase, "eraser", "danger", "customers.erase", modal=True),
        ]


class ExportAdd(ActionPage):
    """Order one zip with everything about the person."""

    queryset = Customer.objects.all()
    permission = "customers.protection"
    title = "Export Everything"
    submit_label, submit_icon = "Make the Export", "file-export"
    form_class = ExportForm

    def consequences(self, obj: Customer) -> list[str]:
        return [
            "One zip: every record of the person as JSON, the files, the invoices and credit notes as PDF.",
            "It holds the ID number and the ID documents in clear: hand it to nobody but the person.",
            "It is made in the background, can be downloaded for a few days, and every download is recorded.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> SubjectExport:
        return exporting.ask(obj, form.cleaned_data["reason"], clock.now(), actor=actor)

    def done(self, obj: Customer, result: Any) -> str:
        return "The export is being made; it appears below in a moment."

    def came_from(self) -> str:
        return ""

    def success_url(self, obj: Customer, result: Any) -> str:
        return url("subject", obj)


class ExportDownload(ObjectPage):
    """The zip, for those who may; recorded."""

    queryset = SubjectExport.objects.select_related("customer")
    permission = "customers.protection"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        export = self.get_object()
        try:
            path = exporting.hand_out(export, clock.now(), actor=self.actor)
        except DomainError as refusal:
            raise Http404(str(refusal)) from refusal
        return private_zip(path, f"{export.customer.code.replace('/', '-')}-{export.ready_at:%Y-%m-%d}.zip")


class Erase(ActionPage):
    """Forget the person: what goes, what stays, and the account code typed as confirmation."""

    queryset = Customer.objects.all()
    permission = "customers.erase"
    title = "Erase Personal Data"
    submit_label, submit_icon = "Erase for Good", "eraser"
    danger = True
    form_class = EraseForm

    def obstacles(self, obj: Customer) -> list[str]:
        return erasing.refusals(obj, clock.now())

    def consequences(self, obj: Customer) -> list[str]:
        found = erasing.preview(obj)
        return [
            "This cannot be taken back, by nobody.",
            *(f"Blanked: {what} ({count:,})." for what, count in found.blanked),
            *(f"Kept: {what} ({count:,})." for what, count in found.kept),
        ]

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"code": self.object.code}}

    def act(self, obj: Customer, form: Any, actor: User) -> Erasure:
        return erasing.erase(obj, form.cleaned_data["reason"], clock.now(), actor=actor)

    def done(self, obj: Customer, result: Any) -> str:
        return f"The personal data of {obj.code} is erased."

    def came_from(self) -> str:
        return ""

    def success_url(self, obj: Customer, result: Any) -> str:
        return url("subject", obj)
