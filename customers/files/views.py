"""The pages of attachments: the list, adding, looking at one, and handing it out."""

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from customers.accounts.models import Customer
from customers.files import attaching
from customers.files.forms import AttachForm
from customers.files.models import Attachment
from customers.files.tables import AttachmentTable, url
from ispbilling.core import clock, events, registries
from ispbilling.core.files.keeping import FileRefused
from ispbilling.core.files.views import FileDownload, FilePreview
from ispbilling.core.models import User
from ispbilling.core.parts import Button, State
from ispbilling.core.views import ActionPage, ListPage, ObjectPage, scoped


class AttachmentList(ListPage):
    """All files of a customer (PRO-12)."""

    table_class = AttachmentTable
    permission = "customers.files.view"
    search_fields = ("name", "description")
    search_help = "File name or description"
    states = (
        State("normal", "Normal", Q(removed_at__isnull=True), "on the list"),
        State("removed", "Removed", Q(removed_at__isnull=False), "removed"),
    )
    empty_icon = "paperclip"
    empty_title = "No attachments yet"
    empty_text = (
        "Signed contracts, proof of address, pictures of the installation: drop them here on the profile."
    )

    @cached_property
    def customer(self) -> Customer:
        return get_object_or_404(scoped(Customer.objects, self.actor), pk=self.kwargs["pk"])

    @property
    def title(self) -> str:  # type: ignore[override]
        return f"Attachments of {self.customer}"

    def crumbs(self) -> Any:
        here = (self.customer.code, self.customer.get_absolute_url())
        return (("Customers", reverse("customers:customer_list")), here)

    def get_queryset(self) -> Any:
        return Attachment.objects.filter(customer=self.customer).select_related("uploaded_by")

    def add_button(self) -> Button | None:
        there = reverse("customers:customer_attach", args=[self.customer.pk])
        add = Button("Add Attachments", there, "plus", "primary", "customers.files.edit", modal=True)
        return next(iter(self.permitted([add])), None)


class Attach(ActionPage):
    """Add files. Those that are refused are named with their reason; the others are kept."""

    queryset = Customer.objects.all()
    permission = "customers.files.edit"
    title = "Add Attachments"
    submit_label, submit_icon = "Add", "upload"
    form_class = AttachForm

    def act(self, obj: Customer, form: Any, actor: User) -> int:
        told, refused, kept, now = form.cleaned_data, [], 0, clock.now()
        for upload in told["files"]:
            try:
                attaching.attach(obj, upload, now, actor=actor, description=told["description"])
                kept += 1
            except FileRefused as refusal:
                refused.append(str(refusal))
        if not kept:
            raise FileRefused(" ".join(refused))
        for sentence in refused:
            messages.warning(self.request, sentence)
        return kept

    def done(self, obj: Customer, result: int) -> str:
        return "The attachment is added." if result == 1 else f"{result} attachments are added."

    def success_url(self, obj: Customer, result: Any) -> str:
        return obj.get_absolute_url()


class AttachmentPage(ObjectPage):
    queryset = Attachment.objects.select_related("customer", "uploaded_by")
    permission = "customers.files.view"


class AttachmentDetail(AttachmentPage):
    """One file large, with the way to the next: a dialog over the profile, a page without JavaScript."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.get_object()
        self.title = self.object.name
        events.record(
            "attachment.opened", self.object, actor=self.actor, about=self.object.customer, at=clock.now()
        )
        dialog = self.partial == "dialog-content"
        template = "customers/files/_detail.html" if dialog else "customers/files/detail.html"
        kept = self.object.customer.attachments.kept()
        return self.answer(
            template,
            newer=kept.filter(pk__gt=self.object.pk).order_by("pk").first(),
            older=kept.filter(pk__lt=self.object.pk).order_by("-pk").first(),
            buttons=self.permitted(self.verbs()),
        )

    def crumbs(self) -> Any:
        return ((self.object.customer.code, self.object.customer.get_absolute_url()),)

    def verbs(self) -> list[Button]:
        row, profile = self.object, self.object.customer.get_absolute_url()
        edit = "customers.files.edit"
        if row.removed_at is not None:
            return [Button("Bring back", url("restore", row, profile), "restore", permission=edit, post=True)]
        return [Button("Remove", url("remove", row, profile), "trash", "danger", edit, post=True)]


class AttachmentDownload(FileDownload, AttachmentPage):
    """The file itself; who took it is written down, since it may be the copy of an ID document."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        row, response = self.get_object(), super().get(request, *args, **kwargs)
        events.record("attachment.downloaded", row, actor=self.actor, about=row.customer, at=clock.now())
        return response


class AttachmentPreview(FilePreview, AttachmentPage):
    """Its picture."""


class AttachmentAct(ActionPage):
    queryset = Attachment.objects.select_related("customer")
    permission = "customers.files.edit"

    def success_url(self, obj: Attachment, result: Any) -> str:
        return str(obj.customer.get_absolute_url())


class AttachmentRemove(AttachmentAct):
    title = submit_label = "Remove Attachment"
    danger = True

    def obstacles(self, obj: Attachment) -> list[str]:
        return registries.refusals("attachment.remove", obj)

    def consequences(self, obj: Attachment) -> list[str]:
        return [
            "It disappears from the profile; the list of attachments still has it under Removed.",
            "After the days of grace it is deleted for good.",
        ]

    def act(self, obj: Attachment, form: Any, actor: User) -> Attachment:
        return attaching.remove(obj, clock.now(), actor=actor)

    def done(self, obj: Attachment, result: Any) -> str:
        return f"{obj} is removed."

    def undo_url(self, obj: Attachment, result: Any) -> str:
        return url("restore", obj)


class AttachmentRestore(AttachmentAct):
    title = submit_label = "Bring Back Attachment"

    def act(self, obj: Attachment, form: Any, actor: User) -> Attachment:
        return attaching.restore(obj, clock.now(), actor=actor)

    def done(self, obj: Attachment, result: Any) -> str:
        return f"{obj} is back."
