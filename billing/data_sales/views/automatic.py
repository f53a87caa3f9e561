"""Automatic top-ups: the list, their terms, switching them off."""

from typing import Any

from django.db.models import OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from billing.data_sales import automatic, quoting
from billing.data_sales.automatic import Terms
from billing.data_sales.filters import AutoFilter
from billing.data_sales.forms import AutoForm
from billing.data_sales.models import (
    AutoTopup,
    SaleState,
    SaleWay,
    TopupSale,
)
from billing.data_sales.tables import AutoTable
from billing.data_sales.views.lines import HOME, SEARCH, VIEW, OnLine
from billing.payments.forms import ReasonForm
from ispbilling.core import clock
from ispbilling.core.clock import day_start, local_day, month_of
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.parts import State
from ispbilling.core.views import ListPage
from radius.models import DataAccount
from radius.rolling import consenting
from radius.rolling.models import Door


class AutoList(ListPage):
    permission = VIEW
    table_class = AutoTable
    filterset_class = AutoFilter
    title = "Automatic Top-ups"
    parents = (HOME,)
    confidential = "who agreed to buy data automatically"
    search_fields = SEARCH
    search_help = "Account code, name or data account"
    states = (
        State("on", "On", Q(active=True, consent=True)),
        State("stopped", "Stopped", Q(active=False) & ~Q(stopped_reason="")),
        State("withdrawn", "Consent withdrawn", Q(active=True, consent=False)),
        State("off", "Off", Q(active=False, stopped_reason=""), hidden_word="switched off"),
        State("all", "All"),
    )
    empty_icon = "repeat"
    empty_text = (
        "Lines whose owner agreed that data is bought when it runs low, up to a limit a month. Customers switch it on"
        " in the portal, staff on the page of a data account."
    )

    def get_queryset(self) -> Any:
        since = day_start(month_of(local_day(clock.now())).start)
        sales = TopupSale.objects.filter(
            data_account=OuterRef("pk"), way=SaleWay.AUTOMATIC, state=SaleState.SOLD, sold_at__gte=since
        ).order_by()
        total = sales.values("data_account").annotate(sum=Sum("total")).values("sum")
        rows = AutoTopup.objects.agreed().select_related("data_account__customer", "topup_type")
        return rows.annotate(bought=Coalesce(Subquery(total), ZERO))


class AutoEdit(OnLine):
    """Switch automatic top-ups of a line on, or change their terms."""

    form_class = AutoForm
    title = "Automatic Top-up"
    submit_label, submit_icon = "Switch On", "repeat"

    def obstacles(self, obj: DataAccount) -> list[str]:
        return [why] if (why := quoting.why_not(obj, clock.now())) else []

    def consequences(self, obj: DataAccount) -> list[str]:
        pays = (
            "It pays from what is in credit, and stops when that is not enough."
            if obj.prepaid
            else "Each top-up is charged as one that staff sell, and the customer is told."
        )
        return [
            "When the data of this line runs low, a top-up is bought for it within a minute or two.",
            pays,
            "It pauses while the limit of the month is reached or the service is suspended.",
        ]

    def act(self, obj: DataAccount, form: Any, actor: Any) -> AutoTopup:
        asked = form.cleaned_data
        terms = Terms(asked["type"], asked["limit"], asked["when_left"] or 0)
        return automatic.switch_on(obj, terms, clock.now(), actor=actor, door=Door.STAFF, said=asked["said"])

    def done(self, obj: DataAccount, result: AutoTopup) -> str:
        return f"{obj} buys {result.topup_type} automatically, up to {format_money(result.limit)} a month."

    def success_url(self, obj: DataAccount, result: AutoTopup) -> str:
        return str(obj.get_absolute_url())


class AutoOff(OnLine):
    form_class = ReasonForm
    title = "Switch Automatic Top-up Off"
    submit_label, submit_icon, danger = "Switch Off", "player-stop", True

    def form_kwargs(self) -> dict[str, Any]:
        return {}

    def obstacles(self, obj: DataAccount) -> list[str]:
        row = AutoTopup.objects.filter(data_account=obj, active=True).first()
        return [] if row or consenting.consented(obj) else ["It is off already."]

    def consequences(self, obj: DataAccount) -> list[str]:
        return [
            "Nothing is bought by itself any more; what was bought stays.",
            "That the consent is withdrawn is written into the log.",
        ]

    def act(self, obj: DataAccount, form: Any, actor: Any) -> AutoTopup:
        reason = form.cleaned_data["reason"]
        return automatic.switch_off(obj, clock.now(), actor=actor, door=Door.STAFF, reason=reason)

    def done(self, obj: DataAccount, result: AutoTopup) -> str:
        return f"{obj} buys nothing by itself any more."
