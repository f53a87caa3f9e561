"""What customers of the demonstration chose about their data, and data that one gave to another."""

from datetime import datetime
from uuid import uuid4

from customers.models import Customer
from ispbilling.core.units import GB
from radius.bundles.models import BundleKind, DataBundle
from radius.models import DataAccount
from radius.rolling import expiring, noticing, transferring
from radius.rolling.models import Door
from radius.rolling.transferring import Wish


def choose(people: list[Customer], now: datetime) -> None:
    """One keeps unused data for longer, one wants no notice before all is used, one gave some away."""
    lines = DataAccount.objects.filter(customer__in=people, package__cap_octets__isnull=False, prepaid=False)
    some = list(lines.select_related("customer", "package").order_by("pk")[:3])
    if len(some) < 3:
        return
    expiring.store(some[0].customer, 3, 1, now, actor=None)
    noticing.choose(some[1].customer, (100,), now, actor=None)
    bought = DataBundle.objects.live(now).filter(data_account__in=lines, kind=BundleKind.TOPUP, price__gt=0)
    for bundle in bought.select_related("data_account__customer", "parent").order_by("pk"):
        to = next((one for one in some if one.customer_id != bundle.data_account.customer_id), None)
        wish = Wish(bundle, to or some[0], 2 * GB, uuid4(), Door.PORTAL, "Thank you for the lift")
        if not transferring.obstacles(bundle, now) and not transferring.refusal(wish, now):
            transferring.transfer(wish, now, actor=None)
            return
