"""Blanks who and from where a session was; when and how much stays. Called by `ispbilling.protection.erasing`."""

from customers.models import Customer
from ispbilling.core.events import ERASED
from radius.usage.models import Session


def erase(customer: Customer) -> dict[str, int]:
    """Blank the sessions of all data accounts; rows per kind."""
    rows = Session.objects.filter(data_account__customer=customer)
    return {
        "sessions": rows.update(
            username=ERASED, calling_station_id="", called_station_id="", framed_ip=None, nas_port=""
        )
    }
