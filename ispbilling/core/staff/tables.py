"""The staff list as a table."""

from typing import Any

from django.urls import reverse

from ispbilling.core.models import User
from ispbilling.core.parts import Button
from ispbilling.core.tables import ActionsColumn, Column, DateTimeColumn, LinkColumn, Table, badge


def actions(user: User) -> list[Button]:
    """Edit, set-password link, and the switch that applies."""
    edit = Button("Edit", reverse("core:staff_edit", args=[user.pk]), "pencil", modal=True)
    if not user.is_active:
        return [
            edit,
            Button("Enable", reverse("core:staff_enable", args=[user.pk]), "user-check", modal=True),
        ]
    return [
        edit,
        Button("Set-password link", reverse("core:staff_link", args=[user.pk]), "key"),
        Button("Disable", reverse("core:staff_disable", args=[user.pk]), "user-off", "danger", modal=True),
    ]


class StaffTable(Table):
    """Everybody who uses the staff door."""

    name = LinkColumn(
        text=str, accessor="pk", order_by=("first_name", "last_name", "username"), verbose_name="Name"
    )
    username = Column()
    email = Column(verbose_name="E-mail")
    role = Column()
    is_active = Column(verbose_name="State")
    last_login = DateTimeColumn(verbose_name="Last log-in", default="never")
    date_joined = DateTimeColumn(verbose_name="Added")
    actions = ActionsColumn(actions)

    default_columns = ("name", "username", "email", "role", "is_active", "last_login")

    class Meta(Table.Meta):
        model = User
        fields = ()

    def render_is_active(self, value: bool, record: User) -> Any:
        return badge("Active" if value else "Disabled", "working" if value else "off")

    def value_is_active(self, value: bool) -> str:
        return "Active" if value else "Disabled"

    def row_url(self, record: User) -> str:
        return reverse("core:staff_edit", args=[record.pk])

    def row_off(self, record: User) -> bool:
        return not record.is_active
