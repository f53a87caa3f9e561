"""The list of speed tests."""

from django.db.models import F, Q

from ispbilling.core.parts import State
from ispbilling.core.views import ListPage
from radius.speed.filters import SpeedTestFilter
from radius.speed.models import SpeedTest
from radius.speed.tables import SLOW, SpeedTestTable


class SpeedTestList(ListPage):
    """What customers measured in the portal, slow lines apart (PRO-9)."""

    queryset = SpeedTest.objects.select_related("customer", "data_account")
    table_class = SpeedTestTable
    filterset_class = SpeedTestFilter
    permission = "radius.usage.view"
    title = "Speed Tests"
    confidential = "usernames, the names of customers and how fast their lines were"
    search_fields = ("customer__code", "customer__name", "data_account__username")
    search_help = "Code, customer or username"
    states = (
        State("all", "All"),
        State("slow", f"Below {SLOW} % of what is sold", Q(down_kbps__lt=F("sold_down_kbps") * SLOW / 100)),
        State("line", "Over the customer's own line", Q(over_line=True)),
    )
    empty_icon = "gauge"
    empty_title = "No speed test yet"
    empty_text = "Customers test the speed of their line in the portal, under Usage; what they measured is listed here."
