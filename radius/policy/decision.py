"""All gates at once: accepted or not, why, and until when that stays true."""

from dataclasses import dataclass
from datetime import datetime

from radius.policy.gates import GATES, Gate, password
from radius.policy.subscriber import Login, Subscriber


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of every gate. `code` is the first closed gate's, empty when all are open.

    `action` says what is done about it: `accept` or `reject`.

    `valid_until` is the next instant at which a date in the facts may change the outcome; None: until they
    do.
    """

    accepted: bool
    code: str
    trace: tuple[Gate, ...]
    valid_until: datetime | None

    @property
    def action(self) -> str:
        return "accept" if self.accepted else "reject"


def decide(subscriber: Subscriber | None, login: Login | None, now: datetime) -> Decision:
    """Decide about a login, or about the facts alone when `login` is None; no subscriber is UNKNOWN_USER."""
    if subscriber is None:
        closed = Gate("username", False, "UNKNOWN_USER")
        if login is not None and login.unchecked:  # whoever it was, this is why
            return Decision(False, login.unchecked, (password(None, login, now), closed), None)
        return Decision(False, closed.code, (closed,), None)
    trace = tuple([gate(subscriber, login, now) for gate in GATES])
    code = next((gate.code for gate in trace if not gate.open), "")
    return Decision(not code, code, trace, next_change(subscriber, now))


def next_change(subscriber: Subscriber, now: datetime) -> datetime | None:
    """The first instant after `now` at which any gate that looks at a date may turn."""
    changes = [subscriber.starts, subscriber.ends, subscriber.terms.service_ends]
    for closure in subscriber.closures:
        changes += (closure.since, closure.until)
    return min((instant for instant in changes if instant is not None and instant > now), default=None)
