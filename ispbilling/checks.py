"""System checks for settings that would otherwise fail late or silently."""

import zoneinfo
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from ispbilling.core.secrets import decrypt, encrypt


@register("installation")
def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Keys, zone and ports: each failure names its remedy. Servers ask the tag before they serve."""
    found: list[CheckMessage] = []
    if settings.SECRET_KEY.startswith("unset") or len(settings.SECRET_KEY) < 32:
        found.append(
            Error(
                "SECRET_KEY is not set or too short.", hint="Set 50 random characters.", id="ispbilling.E001"
            )
        )
    try:
        if decrypt(encrypt(b"x")) != b"x":
            raise ValueError
    except (ImproperlyConfigured, ValueError) as error:
        found.append(
            Error(
                f"SECRETS_KEYS cannot be used: {error}",
                hint="One or more `id:base64 of 32 bytes`, comma separated; `manage.py new_secrets_key` makes one.",
                id="ispbilling.E002",
            )
        )
    if not settings.DATABASES["default"].get("NAME"):
        found.append(
            Error(
                "DATABASE_URL is not set.",
                hint="postgres://user:password@host:5432/database; `./run` starts a server of its own.",
                id="ispbilling.E005",
            )
        )
    if settings.TIME_ZONE not in zoneinfo.available_timezones():
        found.append(Error(f"TIME_ZONE {settings.TIME_ZONE!r} is unknown.", id="ispbilling.E003"))
    if settings.RADIUS_AUTH_PORT == settings.RADIUS_ACCT_PORT:
        found.append(Error("RADIUS_AUTH_PORT and RADIUS_ACCT_PORT are the same.", id="ispbilling.E004"))
    if settings.RADIUS_RADSEC_PORT and not (
        settings.RADIUS_RADSEC_CERTIFICATE and settings.RADIUS_RADSEC_KEY
    ):
        found.append(
            Error(
                "RADIUS_RADSEC_PORT is set without RADIUS_RADSEC_CERTIFICATE and RADIUS_RADSEC_KEY.",
                hint="`manage.py radsec_certificate NAME` makes both.",
                id="ispbilling.E006",
            )
        )
    if settings.TWILIO_ACCOUNT_SID and not (settings.TWILIO_AUTH_TOKEN and settings.TWILIO_FROM):
        found.append(
            Warning(
                "TWILIO_ACCOUNT_SID is set without TWILIO_AUTH_TOKEN and TWILIO_FROM: no SMS will be sent.",
                id="ispbilling.W001",
            )
        )
    return found
