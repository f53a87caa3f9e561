"""What each reason means."""

from django.urls import reverse

from ispbilling.core.parts import Button
from ispbilling.core.tables import ActionsColumn, ChoiceColumn, Column, Table
from radius.degrading.models import AccessAction, AccessKind

EDIT = "radius.catalogue.edit"


def actions(action: AccessAction) -> list[Button]:
    there = reverse("radius:access_action_edit", args=[action.code])
    return [Button("Edit", there, "pencil", permission=EDIT, modal=True)]


class AccessActionTable(Table):
    """One row for each reason that a provider may choose for."""

    code = Column(orderable=False, verbose_name="While")
    kind = ChoiceColumn(
        {AccessKind.REJECT: "stopped", AccessKind.GARDEN: "attention", AccessKind.THROTTLE: "working"},
        orderable=False,
        verbose_name="Lines get",
    )
    address_list = Column(orderable=False, verbose_name="Address List")
    pool = Column(orderable=False, verbose_name="Pool")
    speed = Column(orderable=False, default="", verbose_name="Speed")
    actions = ActionsColumn(actions)

    class Meta(Table.Meta):
        model = AccessAction
        fields = ()

    def row_url(self, record: AccessAction) -> None:
        return None
