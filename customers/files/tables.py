"""The list of a customer's attachments."""

from typing import Any
from urllib.parse import urlencode

import django_tables2 as tables
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html

from customers.files.models import Attachment
from ispbilling.core.parts import Button
from ispbilling.core.tables import ActionsColumn, DateTimeColumn, LinkColumn, NumberColumn, Table


def url(name: str, attachment: Attachment, back: str = "") -> str:
    """The page of a verb; `back` is where it returns to."""
    query = f"?{urlencode({'next': back})}" if back else ""
    return reverse(f"customers:attachment_{name}", args=[attachment.pk]) + query


def verbs(attachment: Attachment, back: str = "") -> list[Button]:
    """What may be done to an attachment."""
    download = Button("Download", url("download", attachment), "download", permission="customers.files.view")
    edit = "customers.files.edit"
    if attachment.removed_at is not None:
        return [Button("Bring back", url("restore", attachment, back), "restore", permission=edit, post=True)]
    return [download, Button("Remove", url("remove", attachment, back), "trash", "danger", edit, post=True)]


class AttachmentTable(Table):
    preview = tables.Column(accessor="pk", verbose_name="Preview", orderable=False, exclude_from_export=True)
    name = LinkColumn(verbose_name="File")
    description = tables.Column(verbose_name="Description")
    kind = tables.Column(verbose_name="Kind")
    size = NumberColumn(verbose_name="Size")
    remark = tables.Column(verbose_name="Remark")
    uploaded_by = tables.Column(verbose_name="By", default="System")
    uploaded_at = DateTimeColumn(verbose_name="Added")
    sha256 = tables.Column(verbose_name="SHA-256", orderable=False)
    actions = ActionsColumn(lambda row: [])
    default_columns = (
        "preview",
        "name",
        "description",
        "kind",
        "size",
        "remark",
        "uploaded_by",
        "uploaded_at",
    )

    class Meta(Table.Meta):
        model = Attachment
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.columns["actions"].column.actions = lambda row: verbs(row, self.request.get_full_path())

    def row_off(self, record: Attachment) -> bool:
        return record.removed_at is not None

    def render_preview(self, record: Attachment) -> Any:
        if not record.previewed:
            return ""
        there = url("preview", record) + "?size=small"
        return format_html('<img class="file-small" src="{}" alt="" loading="lazy">', there)

    def render_size(self, value: int) -> Any:
        return format_html('<span title="{} bytes">{}</span>', f"{value:,}", filesizeformat(value))
