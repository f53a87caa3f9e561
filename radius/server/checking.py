""" "Can this line connect now, at that time, with this change?": the server's own decision, in words (W-3). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from radius.nas.models import Nas
from radius.policy import replies
from radius.policy.codes import message, sentence
from radius.policy.decision import Decision, decide, online_left
from radius.policy.subscriber import Login, Subscriber
from radius.server.explaining import Line, explain
from radius.wire.naming import SECRET


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome in words, every gate, and until when it holds (None: until a fact changes)."""

    accepted: bool
    sentence: str
    gates: list[Line]
    until: datetime | None
    code: str = ""


def check(
    subscriber: Subscriber | None,
    now: datetime,
    login: Login | None = None,
    *,
    words: tuple[str, str] = ("It can log in now.", "It cannot log in now."),
    who: Mapping[str, str] | None = None,
) -> Check:
    """Decide about that login, or about one from the right device through the right NAS with the right password.

    `words` begin the sentence, for yes and no; `who` names who closed a gate.
    """
    decision = decide(subscriber, login, now)
    if decision.accepted:
        said = f"{words[0]} {_restricted(decision)}".strip()
    else:
        said = f"{words[1]} {sentence(decision.code)}"
    # Without a login nothing is known of the password, so its gate says nothing.
    trace = [gate._asdict() for gate in decision.trace if login is not None or gate.name != "password"]
    return Check(decision.accepted, said, explain(trace, who), decision.valid_until, decision.code)


def _restricted(decision: Decision) -> str:
    """What an accept with a closed gate is: not everything the package gives."""
    if not decision.code:
        return "Its cap is used up: it is slower now." if decision.once_capped else ""
    ways = {"garden": "Only the walled garden is reached", "throttle": "It is slowed down"}
    return f"{ways.get(decision.action, 'It is restricted')}: {sentence(decision.code)}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a login is supposed to come from; what is empty is what the line is locked to."""

    mac: str = ""
    nas: Nas | None = None
    port: str = ""


def login_from(
    subscriber: Subscriber | None, origin: Origin, right: bool = True, live: int = 0, elsewhere: str = ""
) -> Login:
    """A login as it would come from there."""
    nas = origin.nas
    return Login(
        password_right=right,
        calling_station=origin.mac or (subscriber.mac_lock if subscriber else ""),
        nas_id=nas.pk if nas else (subscriber.nas_lock or 0 if subscriber else 0),
        nas_name=nas.name if nas else "",
        nas_port=origin.port or (subscriber.port_lock if subscriber else ""),
        live=live,
        elsewhere=elsewhere,
    )


def told(subscriber: Subscriber | None, login: Login, now: datetime, kind: str) -> list[tuple[str, str]]:
    """What a NAS of that kind would be told, by name and without anything secret."""
    decision = decide(subscriber, login, now)
    if subscriber is None or not decision.accepted:
        return [("Reply-Message", message(decision.code))]
    left = online_left(subscriber, now)
    seconds = replies.session_seconds(subscriber.terms.session_timeout, left)
    pairs = [*replies.attributes(subscriber, decision, kind), ("Session-Timeout", seconds)]
    return [
        (name, value.hex() if isinstance(value, bytes) else str(value))
        for name, value in pairs
        if name not in SECRET and not (name == "Session-Timeout" and not value)
    ]
