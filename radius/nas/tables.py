"""The list of NASes."""

from typing import Any

from django.urls import reverse

from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    ChoiceColumn,
    Column,
    CountColumn,
    DateTimeColumn,
    LinkColumn,
    Table,
    badge,
)
from radius.nas.models import MessageAuthenticator, Nas


def actions(nas: Nas) -> list[Button]:
    edit = reverse("radius:nas_edit", args=[nas.pk])
    return [Button("Edit", edit, "pencil", permission="radius.nas.edit", modal=True)]


class NasTable(Table):
    """The devices that may ask us."""

    name = LinkColumn()
    address = Column()
    kind = Column()
    high_site = Column(verbose_name="Highsite", default="")
    open_sessions = CountColumn(verbose_name="Open Sessions")
    last_heard = DateTimeColumn(verbose_name="Last Session Update", default="never")
    message_authenticator = ChoiceColumn(
        {
            MessageAuthenticator.AUTO: "info",
            MessageAuthenticator.REQUIRE: "working",
            MessageAuthenticator.OBSERVE: "attention",
            MessageAuthenticator.OFF: "stopped",
        },
        verbose_name="Message-Authenticator",
    )
    coa_port = Column(verbose_name="CoA Port", default="default")
    enabled = Column(verbose_name="State")
    actions = ActionsColumn(actions)

    class Meta(Table.Meta):
        model = Nas
        fields = ()

    def render_message_authenticator(self, record: Nas) -> Any:
        if record.signed_since and record.message_authenticator == MessageAuthenticator.AUTO:
            return badge("Auto: required", "working")
        word = MessageAuthenticator(record.message_authenticator).name.title()
        column = self.base_columns["message_authenticator"]
        return badge(word, column.meanings.get(record.message_authenticator, "off"))

    def render_enabled(self, value: bool) -> Any:
        return badge("Enabled", "working") if value else badge("Disabled", "off")

    def value_enabled(self, value: bool) -> str:
        return "Enabled" if value else "Disabled"

    def row_off(self, record: Nas) -> bool:
        return not record.enabled
