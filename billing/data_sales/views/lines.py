"""What the acts on a data account share."""

from typing import Any

from billing.data_sales import switching
from billing.data_sales.tables import SELL
from ispbilling.core import access, clock
from ispbilling.core.views import ActionPage
from radius.models import DataAccount

VIEW = "billing.data_sales.view"
HOME = ("Top-up Sales", "/billing/topups/")
LINES = DataAccount.objects.select_related("customer__master", "customer__group", "package__topup_group")
SEARCH = ("data_account__customer__code", "data_account__customer__name", "data_account__username")


class OnLine(ActionPage):
    """An act on a data account, back to where it was begun."""

    queryset = LINES
    permission = SELL
    parents = (HOME,)

    def form_kwargs(self) -> dict[str, Any]:
        return {"account": self.object, "now": clock.now()}

    def may_owe(self) -> bool:
        return access.may(self.actor, switching.ON_DEBT)
