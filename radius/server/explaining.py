"""A decision in plain language: every gate, open or closed, as a sentence (W-3). Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ispbilling.core.clock import zone
from radius.policy.codes import sentence

_OPEN = {
    "username": "A data account has this username.",
    "secret": "The stored password can be read.",
    "password": "The password is right, or none is asked.",
    "facts": "All that is stored about the line can be read.",
    "deleted": "The customer is not deleted.",
    "group": "The customer's group is enabled.",
    "disabled": "The customer is enabled.",
    "cancelled": "The customer's last day of service has not passed.",
    "account": "The data account's last day of service has not passed.",
    "first day": "The data account's first day of service has come.",
    "suspended": "The customer is not suspended.",
    "blocked": "The data account is not blocked.",
    "service": "The RADIUS service of the package is set to Accept.",
    "service expiry": "The RADIUS service of the package has not expired.",
    "time band": "The RADIUS service of the package is open at this time of day, or always.",
    "time limit": "The time online that the service allows is not used up, or there is no limit.",
    "MAC lock": "The MAC lock is met, or there is none.",
    "NAS lock": "The NAS lock is met, or there is none.",
    "port lock": "The port lock is met, or there is none.",
    "simultaneous use": "No more sessions are open elsewhere than the package allows.",
}

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Line:
    """One gate for people. `detail` is the fact behind it."""

    open: bool
    sentence: str
    detail: str = ""


def explain(trace: Iterable[Mapping[str, Any]]) -> list[Line]:
    """The stored trace of an attempt, gate by gate in the order of the policy."""
    return [
        Line(
            open=bool(gate["open"]),
            sentence=_OPEN.get(gate["name"], "Open.") if gate["open"] else sentence(gate["code"]),
            detail=_INSTANT.sub(_local, str(gate.get("detail") or "")),
        )
        for gate in trace
    ]


def _local(found: re.Match[str]) -> str:
    """An instant as staff read it: in the provider's zone, to the minute."""
    return f"{datetime.fromisoformat(found[0]).astimezone(zone()):%Y-%m-%d %H:%M}"
