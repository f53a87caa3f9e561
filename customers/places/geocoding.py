"""Asks the geocoder of the preferences where an address is (EDT-3, D-5).

Polite and never in the way: one question a second over all processes (the rule of the public Nominatim), an
answer within three seconds or none, the same question never twice. Whatever fails, a sentence says what to do
instead, and no customer waits for it to be saved.
"""

import re
import time
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.cache import cache
from geopy import exc
from geopy.adapters import URLLibAdapter
from geopy.geocoders import GoogleV3, Nominatim

from customers.places.answers import Found, read
from customers.places.models import Geocode
from customers.preferences.models import Geocoder, Preferences
from ispbilling.core.errors import DomainError

log = structlog.get_logger(__name__)

TIMEOUT = 3  # seconds
#: So long an answer is believed; Google allows 30 days at most. What was not found is asked again sooner.
KEEP, KEEP_NOTHING = timedelta(days=30), timedelta(hours=12)
_TURN, _PATIENCE = "customers.places.turn", 3.0
_NONSENSE = "The map service gave an answer that makes no sense."
INSTEAD = "Drag the pin to the spot or type the position; saving works without it."


class NotLocated(DomainError):
    """The address was not found, or nobody could be asked; the sentence says what to do."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{why} {INSTEAD}")


def locate(address: str, now: datetime) -> Found:
    """Where the address is. Raises NotLocated."""
    query, asked = _query(address), Preferences.get()
    if not query:
        raise NotLocated("Type the address first.")
    if asked.geocoder == Geocoder.NONE:
        raise NotLocated("Looking up addresses is switched off in the settings.")
    row = _row(asked, query)
    if row is None or row.asked_at < now - (KEEP if row.latitude is not None else KEEP_NOTHING):
        found = _ask(asked, query)
        Geocode.objects.filter(asked_at__lt=now - KEEP).delete()  # addresses of people, of no more use
        row, _ = Geocode.objects.update_or_create(
            geocoder=asked.geocoder_name,
            query=query,
            defaults={
                "latitude": found.latitude if found else None,
                "longitude": found.longitude if found else None,
                "accuracy": found.accuracy if found else "",
                "label": found.label if found else "",
                "asked_at": now,
            },
        )
    if row.latitude is None:
        raise NotLocated("The address was not found. Check its spelling, or leave out a line.")
    return _found(row)


def remembered(address: str) -> Found | None:
    """What was answered about the address before; nobody is asked."""
    row = _row(Preferences.get(), _query(address))
    return _found(row) if row is not None and row.latitude is not None else None


def forget(address: str) -> None:
    """Drop what was answered about the address, by whomever: its customer is erased (POPIA)."""
    Geocode.objects.filter(query=_query(address)).delete()


def _query(address: str) -> str:
    """The lines of an address as one question."""
    parts = (re.sub(r"\s+", " ", line).strip(" ,") for line in address.replace("\0", "").splitlines())
    return ", ".join(filter(None, parts)).casefold()[:500]


def _row(asked: Preferences, query: str) -> Geocode | None:
    return Geocode.objects.filter(geocoder=asked.geocoder_name, query=query).first()


def _found(row: Geocode) -> Found:
    if row.latitude is None or row.longitude is None:
        raise ValueError("nothing was found")
    return Found(row.latitude, row.longitude, row.accuracy, row.label)


def _ask(asked: Preferences, query: str) -> Found | None:
    """The geocoder's answer, None when it knows no such place. Raises NotLocated."""
    if asked.geocoder == Geocoder.NOMINATIM:
        _wait_for_turn()
    try:
        location = _geocoder(asked).geocode(query)
        return read(location) if location is not None else None
    except exc.GeocoderTimedOut as error:
        raise NotLocated(f"The map service did not answer in time ({TIMEOUT} seconds).") from error
    except (exc.GeocoderRateLimited, exc.GeocoderQuotaExceeded) as error:
        raise NotLocated("The map service has had too many questions; try again in a minute.") from error
    except (exc.GeocoderAuthenticationFailure, exc.GeocoderInsufficientPrivileges, exc.ConfigurationError,
            exc.GeocoderQueryError) as error:  # fmt: skip
        log.warning("geocoder.refused", error=str(error)[:300])
        raise NotLocated("The map service refused: its key or address in the settings is wrong.") from error
    except exc.GeocoderServiceError as error:
        if not isinstance(error, exc.GeocoderParseError):
            log.warning("geocoder.unavailable", error=str(error)[:300])
            raise NotLocated("The map service could not be reached or has a fault.") from error
        raise NotLocated(_NONSENSE) from error
    except (exc.GeopyError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        log.warning("geocoder.unreadable", error=type(error).__name__)
        raise NotLocated(_NONSENSE) from error


def _geocoder(asked: Preferences) -> Any:
    """The geopy geocoder; without the retries of its usual adapter, which would triple the time-out."""
    address = urlsplit(asked.geocoder_address)
    common = {
        "domain": address.netloc + address.path.rstrip("/"),
        "scheme": address.scheme,
        "timeout": TIMEOUT,
        "user_agent": f"ispbilling ({settings.BASE_URL})",  # the public Nominatim wants to know who asks
        "adapter_factory": URLLibAdapter,
    }
    if asked.geocoder == Geocoder.GOOGLE:
        return GoogleV3(api_key=asked.geocoder_key, **common)
    return Nominatim(**common)


def _wait_for_turn() -> None:
    """Let a second pass between two questions of all processes. Raises NotLocated when too many wait."""
    until = time.monotonic() + _PATIENCE
    while not cache.add(_TURN, 1, timeout=1):
        if time.monotonic() > until:
            raise NotLocated("Too many addresses are being looked up at once; try again in a moment.")
        time.sleep(0.05)
