"""A decision in plain language: every gate, open or closed, as a sentence (W-3). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from radius.policy.codes import sentence

_OPEN = {
    "username": "A data account has this username.",
    "password": "The password is right.",
    "deleted": "The customer is not deleted.",
    "group": "The customer's group is enabled.",
    "disabled": "The customer is enabled.",
    "cancelled": "The customer's last day of service has not passed.",
    "account": "The data account's last day of service has not passed.",
    "suspended": "The customer is not suspended.",
    "blocked": "The data account is not blocked.",
    "service": "The RADIUS service of the package is set to Accept.",
    "service expiry": "The RADIUS service of the package has not expired.",
    "MAC lock": "The MAC lock is met, or there is none.",
    "NAS lock": "The NAS lock is met, or there is none.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One gate for people. `detail` is the fact behind it."""

    gate: str
    open: bool
    sentence: str
    detail: str = ""


def explain(trace: Iterable[Mapping[str, Any]]) -> list[Line]:
    """The stored trace of an attempt, gate by gate in the order of the policy."""
    return [
        Line(
            gate=str(gate["name"]).capitalize() if str(gate["name"]).islower() else str(gate["name"]),
            open=bool(gate["open"]),
            sentence=_OPEN.get(gate["name"], "Open.") if gate["open"] else sentence(gate["code"]),
            detail=str(gate.get("detail") or ""),
        )
        for gate in trace
    ]
