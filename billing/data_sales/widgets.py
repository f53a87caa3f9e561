"""What data sales show on the pages of customers and of data accounts (DAT-5, USE-8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.urls import reverse

from billing.data_sales import automatic, quoting
from billing.data_sales.models import AutoTopup, DataSalesSettings, PrepaidSwitch, SwitchState, TopupSale
from billing.data_sales.tables import SELL, SWITCH, LatestSalesTable
from customers.merging.models import records_of
from ispbilling.core import access, clock
from ispbilling.core.money import ZERO
from ispbilling.core.parts import Button
from ispbilling.core.registries import Widget
from radius.models import DataAccount, TopupType

LATEST = 5


@dataclass(frozen=True, slots=True)
class Line:
    """A data account with what it buys: by itself, and from when it is something else."""

    account: DataAccount
    automatic: AutoTopup | None
    buys: bool
    bought: Decimal
    coming: PrepaidSwitch | None
    buttons: Sequence[Button]


class Topups(Widget):
    """The lines of a customer with their verbs, and the last top-ups."""

    name, title, icon = "topups", "Top-ups and Prepaid", "database-plus"
    template_name = "billing/_topups_widget.html"
    permission = "billing.data_sales.view"
    column, weight = 2, 25

    def accounts(self) -> Any:
        return DataAccount.objects.filter(customer=self.obj)

    def sales(self) -> Any:
        return TopupSale.objects.filter(data_account__customer__in=records_of(self.obj))

    def context(self) -> Mapping[str, Any]:
        rows = self.sales().select_related("checkout", "data_account")[:LATEST]
        return {
            "lines": self.lines(),
            "table": LatestSalesTable(rows, request=self.request),
            "credit": quoting.credit(self.customer()),
        }

    def customer(self) -> Any:
        return self.obj

    def lines(self) -> list[Line]:
        now = clock.now()
        related = ("package__topup_group", "customer__master")
        accounts = list(self.accounts().select_related(*related).order_by("username"))
        ids = [account.pk for account in accounts]
        groups = {account.package.topup_group_id for account in accounts}
        sold = set(TopupType.objects.filter(group__in=groups, active=True).values_list("group_id", flat=True))
        autos = AutoTopup.objects.agreed().select_related("topup_type").in_bulk(ids)
        bought = automatic.bought_by(ids, now)
        switches = PrepaidSwitch.objects.filter(data_account__in=ids, state=SwitchState.SCHEDULED)
        coming = {one.data_account_id: one for one in switches}
        grace = any(one.prepaid for one in accounts) and DataSalesSettings.get().grace_octets is not None
        found = []
        for one in accounts:
            auto, package = autos.get(one.pk), one.package
            buys = auto is not None and auto.active and auto.consent  # type: ignore[attr-defined]  # annotated
            sells = package.topup_group_id in sold and (package.sells_topups or one.prepaid)
            buttons = verbs(one, coming.get(one.pk), sells=sells, buys=buys, grace=grace)
            found.append(
                Line(one, auto, buys, bought.get(one.pk, ZERO), coming.get(one.pk), self.permitted(buttons))
            )
        return found

    def permitted(self, buttons: Sequence[Button]) -> list[Button]:
        return [one for one in buttons if access.may(self.request.user, one.permission)]

    def view_all(self) -> str:
        return f"{reverse('billing:topup_sale_list')}?customer={quote(self.customer().code)}&state=all"


class LineTopups(Topups):
    """The same for one data account."""

    column, weight = 2, 20

    def accounts(self) -> Any:
        return DataAccount.objects.filter(pk=self.obj.pk)

    def sales(self) -> Any:
        return TopupSale.objects.filter(data_account=self.obj)

    def customer(self) -> Any:
        return self.obj.customer

    def view_all(self) -> str:
        return f"{reverse('billing:topup_sale_list')}?line={quote(self.obj.username)}&state=all"


def verbs(
    account: DataAccount, coming: PrepaidSwitch | None, *, sells: bool, buys: bool, grace: bool
) -> list[Button]:
    """What can be done with a line: top-ups where they are offered (D-18), `grace` of prepaid ones, and the switch."""
    found = []
    if sells:
        found += [
            _verb("Top Up", "topup_sell", account.pk, "database-plus", SELL),
            _verb("Automatic", "auto_topup_edit", account.pk, "repeat", SELL),
        ]
    if sells and grace and account.prepaid:
        found.append(_verb("Grace", "topup_grace", account.pk, "heart-handshake", SELL))
    if buys:
        found.append(_verb("Automatic Off", "auto_topup_off", account.pk, "player-stop", SELL))
    if coming is not None:
        found.append(_verb("Cancel Switch", "prepaid_switch_cancel", coming.pk, "x", SWITCH))
    elif account.prepaid:
        found.append(
            _verb("Switch to Monthly", "prepaid_switch_back", account.pk, "switch-horizontal", SWITCH)
        )
    else:
        found.append(_verb("Switch to Prepaid", "prepaid_switch", account.pk, "switch-horizontal", SWITCH))
    return found


def _verb(label: str, name: str, pk: int, icon: str, permission: str) -> Button:
    return Button(label, reverse(f"billing:{name}", args=[pk]), icon, permission=permission, modal=True)
