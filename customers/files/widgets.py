"""Attachments on the profile."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.urls import reverse

from ispbilling.core import access
from ispbilling.core.parts import Button
from ispbilling.core.registries import Widget


class Attachments(Widget):
    """The latest files, pictures and PDFs as thumbnails; files may be dropped on it (PRO-12)."""

    name, title, icon = "attachments", "Attachments", "paperclip"
    template_name = "customers/files/_widget.html"
    permission = "customers.files.view"
    column, weight = 3, 70
    most: ClassVar[int] = 8

    def context(self) -> Mapping[str, Any]:
        kept = self.obj.attachments.kept()
        mine = access.may(self.request.user, "customers.files.edit")
        return {
            "files": list(kept[: self.most]),
            "count": kept.count(),
            "drop_url": self._add_url() if mine else "",
            "most_mb": settings.ATTACHMENT_MAX_MB,
            "all_mb": settings.UPLOAD_MAX_MB,
        }

    def _add_url(self) -> str:
        return reverse("customers:customer_attach", args=[self.obj.pk])

    def buttons(self) -> list[Button]:
        return [Button("Add", self._add_url(), "plus", permission="customers.files.edit", modal=True)]

    def view_all(self) -> str:
        return reverse("customers:customer_attachments", args=[self.obj.pk])
