"""Deciding again what was decided: from the facts that were stored, with the policy of today (W-3). Pure.

The same facts, login and instant give the same answer, or the policy itself has changed since; which of the
two it is, is told by the version that is stored with the facts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from radius.policy.decision import Decision, decide
from radius.policy.subscriber import Login, Subscriber
from radius.server import facts
from radius.server.facts import Unreadable


@dataclass(frozen=True, slots=True)
class Stored:
    """A decision as it was kept. `facts` None: nobody had that username."""

    at: datetime
    accepted: bool
    code: str
    facts: Mapping[str, Any] | None
    login: Mapping[str, Any]
    trace: Iterable[Mapping[str, Any]]
    policy: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What today's policy decides. `same` compares everything that was answered and every gate.

    `decision` is None where these facts mean nothing to it, `problem` says so; `same_policy` tells whether it is
    the policy that decided then.
    """

    same: bool
    same_policy: bool
    decision: Decision | None
    problem: str = ""

    @property
    def broken(self) -> bool:
        """The same policy does not decide the same: one of the two decisions was wrong."""
        return self.same_policy and not self.same


def replay(stored: Stored) -> Replay:
    """Decide again, as at that instant."""
    same_policy = stored.policy == facts.VERSION
    try:
        subscriber = None if stored.facts is None else facts.load(Subscriber, stored.facts)
        decision = decide(subscriber, facts.load(Login, stored.login), stored.at)
    except Unreadable as error:
        return Replay(False, same_policy, None, str(error))
    then = (stored.accepted, stored.code, [dict(gate) for gate in stored.trace])
    today = (decision.accepted, decision.code, [gate._asdict() for gate in decision.trace])
    return Replay(then == today, same_policy, decision, _difference(then, today))


def _difference(then: tuple[Any, ...], today: tuple[Any, ...]) -> str:
    """The first thing that came out differently, in a sentence; empty when nothing did."""
    if then == today:
        return ""
    if then[:2] != today[:2]:
        return f"It was answered {then[1] or 'accept'}; today's policy answers {today[1] or 'accept'}."
    gates = {gate["name"]: gate for gate in then[2]}
    changed = [gate["name"] for gate in today[2] if gates.get(gate["name"]) != gate]
    return f"The answer is the same; what these gates say is not: {', '.join(changed or gates)}."
