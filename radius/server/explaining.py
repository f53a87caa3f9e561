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
    "prepaid": "The line has data that it bought, or is not prepaid.",
    "cap": "The line has data left, or may go on without.",
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
    name: str = ""
    code: str = ""


def explain(trace: Iterable[Mapping[str, Any]], who: Mapping[str, str] | None = None) -> list[Line]:
    """The trace of a decision, gate by gate in the order of the policy; `who` names who closed a gate."""
    return [_line(gate, (who or {}).get(gate["name"], "")) for gate in trace]


def explained(code: str) -> str:
    """The outcome of a stored attempt in a sentence; no code is an accept with every gate open."""
    return sentence(code) if code else "Accepted."


def _line(gate: Mapping[str, Any], by: str) -> Line:
    detail = _INSTANT.sub(_local, str(gate.get("detail") or ""))
    if by and not gate["open"]:
        detail = f"{detail} (by {by})" if detail else f"by {by}"
    said = _OPEN.get(gate["name"], "Open.") if gate["open"] else sentence(gate["code"])
    return Line(bool(gate["open"]), said, detail, gate["name"], gate["code"])


def _local(found: re.Match[str]) -> str:
    """An instant as staff read it: in the provider's zone, to the minute."""
    return f"{datetime.fromisoformat(found[0]).astimezone(zone()):%Y-%m-%d %H:%M}"
