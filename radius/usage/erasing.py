"""Blanks who and from where a session was; when and how much stays. Called by `ispbilling.protection.erasing`."""

from django.db.models.functions import Upper

from customers.models import Customer
from ispbilling.core.events import ERASED
from radius.quarantine.models import QuarantinedPacket
from radius.usage.models import Session


def erase(customer: Customer, usernames: list[str]) -> dict[str, int]:
    """Blank the sessions of all data accounts, delete packets that could not be counted; rows per kind."""
    packets = QuarantinedPacket.objects.annotate(upper=Upper("username"))
    packets = packets.filter(upper__in=[name.upper() for name in usernames])
    rows = Session.objects.filter(data_account__customer=customer)
    return {
        "sessions": rows.update(
            username=ERASED,
            calling_station_id="",
            called_station_id="",
            framed_ip=None,
            framed_ipv6_prefix=None,
            delegated_ipv6_prefix=None,
            nas_port="",
        ),
        "quarantined packets": packets.delete()[0],
    }
