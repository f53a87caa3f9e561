"""All gates at once: accepted or not, why, and until when that stays true."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from radius.policy import caps
from radius.policy.bands import next_edge
from radius.policy.degrading import Action, verdict
from radius.policy.gates import GATES, Gate, password, seconds_used
from radius.policy.subscriber import Login, OnceCapped, Subscriber


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of every gate. `code` names the closed gate that decided, empty when all are open.

    `action` says what is done about it: `accept`, `reject`, or what the provider chose instead of a reject,
    `garden` or `throttle` (W-16), with `degraded` saying how. Those are accepted. `once_capped` is the service that
    a soft cap put in the place of the package's own.

    `valid_until` is the next instant at which a date in the facts may change the outcome; None: until they
    do.
    """

    accepted: bool
    code: str
    trace: tuple[Gate, ...]
    valid_until: datetime | None
    degraded: Action | None = None
    once_capped: OnceCapped | None = None

    @property
    def action(self) -> str:
        if self.degraded is not None:
            return self.degraded.kind
        return "accept" if self.accepted else "reject"


def decide(subscriber: Subscriber | None, login: Login | None, now: datetime) -> Decision:
    """Decide about a login, or about the facts alone when `login` is None; no subscriber is UNKNOWN_USER."""
    if subscriber is None:
        closed = Gate("username", False, "UNKNOWN_USER")
        if login is not None and login.unchecked:  # whoever it was, this is why
            return Decision(False, login.unchecked, (password(None, login, now), closed), None)
        return Decision(False, closed.code, (closed,), None)
    subscriber = subscriber.at(now)
    trace = tuple([gate(subscriber, login, now) for gate in GATES])
    shut = [gate.code for gate in trace if not gate.open]
    code, degraded = verdict(shut, subscriber.terms.actions) if shut else ("", None)
    accepted = not shut or degraded is not None
    slow = caps.once_capped(subscriber, now)
    return Decision(accepted, code, trace, next_change(subscriber, now), degraded, slow)


def next_change(subscriber: Subscriber, now: datetime) -> datetime | None:
    """The first instant after `now` at which any gate that looks at a date may turn."""
    return _first(now, *_dates(subscriber, now), subscriber.covered_until, subscriber.exhausted_until)


def session_ends(subscriber: Subscriber, now: datetime) -> datetime | None:
    """When the decision lapses for a session that begins at `now`: a soft cap comes and goes while it runs."""
    changes = _dates(subscriber, now)
    if caps.ends_sessions(subscriber):
        changes += [subscriber.covered_until, subscriber.exhausted_until]
    return _first(now, *changes)


def _first(now: datetime, *changes: datetime | None) -> datetime | None:
    return min((instant for instant in changes if instant is not None and instant > now), default=None)


def _dates(subscriber: Subscriber, now: datetime) -> list[datetime | None]:
    """Dates in the facts but those of data, at which something may turn."""
    terms = subscriber.terms
    changes = [subscriber.starts, subscriber.ends, terms.service_ends]
    if terms.once_capped is not None:
        changes.append(terms.once_capped.service_ends)
    if terms.bands:
        changes.append(next_edge(terms.bands, terms.zone, now))
    if terms.time_limit and subscriber.used_seconds >= terms.time_limit:
        changes.append(subscriber.used_until)
    for closure in subscriber.closures:
        changes += (closure.since, closure.until)
    return changes


def online_left(subscriber: Subscriber, now: datetime) -> float | None:
    """For how many seconds a session may go on that begins at `now`; None: nothing known will end it.

    Until the decision lapses (`session_ends`), or the time limit is used up. A limit that starts again meanwhile is
    there in full from then on.
    """
    subscriber = subscriber.at(now)
    lapses = session_ends(subscriber, now)
    ends = None if lapses is None else (lapses - now).total_seconds()
    limit, used = subscriber.terms.time_limit, seconds_used(subscriber, now)
    if not limit or used >= limit:
        return ends
    left = float(limit - used)
    again = subscriber.used_until
    if again is not None and now < again <= now + timedelta(seconds=left):
        left = (again - now).total_seconds() + limit
    return left if ends is None else min(ends, left)
