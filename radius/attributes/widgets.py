"""The panels of reply attributes, on the pages of services and data accounts."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from ispbilling.core.parts import Button
from ispbilling.core.registries import Widget
from radius.attributes.tables import PERMISSIONS, ReplyAttributeTable


class ServiceAttributesWidget(Widget):
    """What the replies of all lines on a service carry besides."""

    name, title, icon = "attributes", "Reply Attributes", "list-details"
    template_name = "radius/_table_widget.html"
    permission = "radius.catalogue.view"
    column, weight = 2, 70

    def context(self) -> Mapping[str, Any]:
        rows = self.obj.attributes.select_related("service", "data_account")
        empty = "Nothing is added to the replies."
        return {"table": ReplyAttributeTable(rows, request=self.request), "empty": empty}

    def buttons(self) -> list[Button]:
        there = reverse("radius:service_attribute_add", args=[self.obj.pk])
        return [Button("Add", there, "plus", permission=PERMISSIONS["service"], modal=True)]


class LineAttributesWidget(ServiceAttributesWidget):
    """What the replies of one line carry besides; they win over its service's."""

    permission = "radius.accounts.view"
    column = 1

    def buttons(self) -> list[Button]:
        there = reverse("radius:data_account_attribute_add", args=[self.obj.pk])
        return [Button("Add", there, "plus", permission=PERMISSIONS["data_account"], modal=True)]
