"""One function per row of the gate table (features 2.1), in its order; all are asked on every decision.

A gate sees the facts, the login (None when a page or a compiler asks without one) and the instant.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from radius.policy import bands, caps
from radius.policy.subscriber import Closure, Login, OnceCapped, Subscriber, Terms


class Gate(NamedTuple):
    """What one gate said. `code` is what a closed one rejects with, `detail` the fact behind it."""

    name: str
    open: bool
    code: str
    detail: str = ""


GateFunction = Callable[[Subscriber, Login | None, datetime], Gate]


def secret(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    return Gate("secret", subscriber.unreadable != "secret", "SECRET_UNREADABLE")


def facts(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    return Gate("facts", subscriber.unreadable != "facts", "FACTS_UNREADABLE")


def password(subscriber: Subscriber | None, login: Login | None, now: datetime) -> Gate:
    if login is None:
        return Gate("password", True, "BAD_PASSWORD")
    # Nothing can be said about a password that nobody can read; that gate is closed for it.
    unread = subscriber is not None and subscriber.unreadable == "secret"
    return Gate("password", login.password_right or unread, login.unchecked or "BAD_PASSWORD", login.method)


def deleted(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    return _closure(subscriber, "deleted", "CUSTOMER_DELETED", now)


def group(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    return Gate("group", subscriber.group_enabled, "GROUP_DISABLED", subscriber.group_title)


def disabled(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    return _closure(subscriber, "disabled", "CUSTOMER_DISABLED", now)


def cancelled(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    return _closure(subscriber, "cancelled", "CUSTOMER_CANCELLED", now)


def account(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    over = subscriber.ends is not None and subscriber.ends <= now
    return Gate("account", not over, "ACCOUNT_CANCELLED", f"since {subscriber.ends}" if over else "")


def started(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    early = now < subscriber.starts
    return Gate("first day", not early, "ACCOUNT_NOT_STARTED", f"from {subscriber.starts}" if early else "")


def suspended(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    return _closure(subscriber, "suspended", "SUSPENDED", now)


def blocked(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    return Gate("blocked", not subscriber.blocked, "PACKAGE_BLOCKED", subscriber.blocked_reason)


def service(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    """The package's own service, and the one after its soft cap too: to be over a cap opens nothing."""
    rejecting = [each.title for each in _services(subscriber, now) if not each.accepts]
    return Gate(
        "service", not rejecting, "SERVICE_REJECT", rejecting[0] if rejecting else subscriber.terms.title
    )


def service_expiry(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    ended = [
        each.service_ends
        for each in _services(subscriber, now)
        if each.service_ends is not None and each.service_ends <= now
    ]
    return Gate("service expiry", not ended, "SERVICE_EXPIRED", f"since {min(ended)}" if ended else "")


def _services(subscriber: Subscriber, now: datetime) -> list[Terms | OnceCapped]:
    slow = caps.once_capped(subscriber, now)
    return [subscriber.terms, slow] if slow else [subscriber.terms]


def time_band(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    terms = subscriber.terms
    shut = bands.closing(terms.bands, terms.zone, now) if terms.bands else None
    return Gate("time band", shut is None, "TIME_BAND", f"from {shut[0]} to {shut[1]}" if shut else "")


def time_limit(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    limit, used = subscriber.terms.time_limit, seconds_used(subscriber, now)
    if not limit or used < limit:
        return Gate("time limit", True, "TIME_LIMIT")
    again = f", again from {subscriber.used_until}" if subscriber.used_until else ""
    return Gate("time limit", False, "TIME_LIMIT", f"{used} of {limit} seconds are used{again}")


def seconds_used(subscriber: Subscriber, now: datetime) -> int:
    """Of its time limit: those of an earlier day or month do not count any more."""
    until = subscriber.used_until
    return subscriber.used_seconds if until is None or now < until else 0


def prepaid(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    if not subscriber.prepaid or not caps.used_up(subscriber, now):
        return Gate("prepaid", True, "PREPAID_EMPTY")
    return Gate("prepaid", False, "PREPAID_EMPTY", _again(subscriber))


def capped(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    if subscriber.prepaid or not subscriber.terms.cap or not caps.used_up(subscriber, now):
        return Gate("cap", True, "CAPPED")
    slow = caps.once_capped(subscriber, now)
    detail = f"slower: {slow.title}; {_again(subscriber)}" if slow else _again(subscriber)
    return Gate("cap", not caps.ends_sessions(subscriber), "CAPPED", detail)


def _again(subscriber: Subscriber) -> str:
    until = subscriber.exhausted_until
    return f"data again from {until}" if until else "until more is bought"


def mac_lock(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    lock = subscriber.mac_lock
    if not lock or login is None or bare_mac(login.calling_station) == bare_mac(lock):
        return Gate("MAC lock", True, "MAC_MISMATCH", f"only {lock}" if lock else "")
    came = login.calling_station or "no Calling-Station-Id"
    return Gate("MAC lock", False, "MAC_MISMATCH", f"only {lock}, came from {came}")


def nas_lock(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    lock = subscriber.nas_lock
    if lock is None or login is None or login.nas_id == lock:
        return Gate("NAS lock", True, "NAS_MISMATCH")
    return Gate("NAS lock", False, "NAS_MISMATCH", f"only NAS {lock}, came through {login.nas_name}")


def port_lock(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    lock = subscriber.port_lock
    if not lock or login is None or login.nas_port.lower() == lock.lower():
        return Gate("port lock", True, "PORT_MISMATCH", f"only {lock}" if lock else "")
    came = login.nas_port or "no NAS-Port-Id and no NAS-Port"
    return Gate("port lock", False, "PORT_MISMATCH", f"only {lock}, came from {came}")


def simultaneous(subscriber: Subscriber, login: Login | None, now: datetime) -> Gate:
    limit = subscriber.terms.simultaneous_use
    full = login is not None and 0 < limit <= login.live
    detail = f"{login.live} of {limit}: {login.elsewhere}" if full and login is not None else ""
    return Gate("simultaneous use", not full, "TOO_MANY_SESSIONS", detail)


GATES: tuple[GateFunction, ...] = (
    password,
    secret,
    facts,
    deleted,
    group,
    disabled,
    cancelled,
    account,
    started,
    suspended,
    blocked,
    service,
    service_expiry,
    time_band,
    time_limit,
    prepaid,
    capped,
    mac_lock,
    nas_lock,
    port_lock,
    simultaneous,
)


def bare_mac(text: str) -> str:
    """A MAC address without its punctuation, so that 00-1A-2B and 00:1a:2b are the same device."""
    return text.translate(_PUNCTUATION).lower()


_PUNCTUATION = str.maketrans("", "", ":-. ")


def _closure(subscriber: Subscriber, kind: str, code: str, now: datetime) -> Gate:
    for found in subscriber.closures:
        if found.kind == kind and _holds(found, now):
            because = f": {found.reason}" if found.reason else ""
            return Gate(kind, False, code, f"since {found.since}{because}")
    return Gate(kind, True, code)


def _holds(closure: Closure, now: datetime) -> bool:
    return closure.since <= now and (closure.until is None or now < closure.until)
