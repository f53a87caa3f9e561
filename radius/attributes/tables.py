"""The attributes of a service or data account."""

from django.urls import reverse

from ispbilling.core.parts import Button
from ispbilling.core.tables import ActionsColumn, Column, Table
from radius.attributes.models import ReplyAttribute

PERMISSIONS = {"service": "radius.catalogue.edit", "data_account": "radius.accounts.edit"}


def url(verb: str, attribute: ReplyAttribute) -> str:
    """The page of a verb, which depends on whose attribute it is."""
    owner = "service" if attribute.service_id is not None else "data_account"
    return reverse(f"radius:{owner}_attribute_{verb}", args=[attribute.pk])


def actions(attribute: ReplyAttribute) -> list[Button]:
    allowed = PERMISSIONS["service" if attribute.service_id is not None else "data_account"]
    return [
        Button("Edit", url("edit", attribute), "pencil", permission=allowed, modal=True),
        Button("Delete", url("delete", attribute), "trash", "danger", allowed, modal=True),
    ]


class ReplyAttributeTable(Table):
    """What is added to the replies."""

    name = Column(orderable=False, verbose_name="Attribute")
    value = Column(orderable=False)
    actions = ActionsColumn(actions)

    class Meta(Table.Meta):
        model = ReplyAttribute
        fields = ()

    def row_url(self, record: ReplyAttribute) -> None:
        return None
