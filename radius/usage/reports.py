"""What one accounting packet says, as the row it will be recorded as; and how reports of one session combine.

A report names its session by `key` and places itself in time by seconds since 1970: when the session began,
when the report was made, when it stopped. Pure, so that order, repetition and loss can be tested without a
database.
"""

from hashlib import md5
from itertools import pairwise
from typing import Any, NamedTuple

from radius.wire.requests import AccountingRequest, Status

# A NAS whose clock is further off than this is not believed; its packets count as made when they arrived.
CLOCK_BEHIND, CLOCK_AHEAD = 86_400, 300
# How far two estimates of one session's start may lie apart: rounding, and retransmissions without
# timestamps.
SLACK = 60
LONGEST = 400 * 86_400
# No line moves an exbibyte in a session; what claims to would overflow every sum it is added to.
MOST_OCTETS = 1 << 60

# RFC 2866 section 5.10
CAUSES = {
    1: "User-Request",
    2: "Lost-Carrier",
    3: "Lost-Service",
    4: "Idle-Timeout",
    5: "Session-Timeout",
    6: "Admin-Reset",
    7: "Admin-Reboot",
    8: "Port-Error",
    9: "NAS-Error",
    10: "NAS-Request",
    11: "NAS-Reboot",
    12: "Port-Unneeded",
    13: "Port-Preempted",
    14: "Port-Suspended",
    15: "Service-Unavailable",
    16: "Callback",
    17: "User-Error",
    18: "Host-Request",
}
# Ends that we concluded and no Stop reported: a later Interim-Update proves them wrong and reopens the
# session.
STALE, REBOOTED, SUPERSEDED = "Stale", "Accounting-On", "Superseded"


class Report(NamedTuple):
    """One row for `recording`; several reports of one session merge into one.

    `after` decides whether this is another session under a reused id: it is when `after` lies behind
    everything known of the old one; 0 claims nothing. `stopped` is when a Stop was made, and only a Stop
    has a `cause`.
    """

    key: str
    nas_id: int
    account_id: int | None
    username: str
    session_id: str
    port: str
    calling: str
    called: str
    framed_ip: str | None
    began: int
    at: int
    after: int
    stopped: int | None
    seconds: int
    upload: int
    download: int
    cause: str
    applied: str = ""
    framed_prefix: str | None = None
    delegated_prefix: str | None = None


class Reboot(NamedTuple):
    """Accounting-On or Accounting-Off: every session this NAS began before `at` is over."""

    nas_id: int
    at: int


class Quarantined(NamedTuple):
    """A packet that cannot be counted, to be kept as it was; `packet` is all it said, without its proofs."""

    nas_id: int
    at: int
    username: str
    reason: str
    packet: dict[str, Any]


Record = Report | Reboot | Quarantined


class Implausible(ValueError):
    """A report that cannot be true and must not be added to anything."""


def quarantined(request: AccountingRequest, nas_id: int, reason: str, received: int) -> Quarantined:
    """The packet as it is kept when `report` finds it Implausible."""
    said = {name: value for name, value in request._asdict().items() if not isinstance(value, bytes)}
    return Quarantined(nas_id, made_at(request, received)[0], request.username, reason, said)


def session_key(request: AccountingRequest, nas_id: int) -> str:
    """The digest of NAS, Acct-Session-Id, User-Name and port that names a session."""
    parts = (request.username, request.session_id, nas_id, request.nas_port_id, request.nas_port)
    return md5("\0".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def made_at(request: AccountingRequest, received: int) -> tuple[int, bool]:
    """When the packet's event happened, and whether the NAS said so itself with a believable clock."""
    moment = request.event_time
    if moment is not None and received - CLOCK_BEHIND <= moment <= received + CLOCK_AHEAD:
        return moment, True
    return received - min(request.delay, CLOCK_BEHIND), False


def report(
    request: AccountingRequest, nas_id: int, account_id: int | None, received: int
) -> Report | Reboot | None:
    """The row for one packet; None for a status we need not record. Raises Implausible.

    Acct-Input-Octets came from the subscriber: upload.
    """
    at, stamped = made_at(request, received)
    status = request.status
    if status > 3:
        return Reboot(nas_id, at) if status in (Status.ON, Status.OFF) else None
    if status < 1:
        return None
    if request.input_octets >= MOST_OCTETS or request.output_octets >= MOST_OCTETS:
        raise Implausible("counters beyond an exbibyte")
    seconds = min(request.session_time, LONGEST)
    began = at - seconds
    exact = stamped and status == 1
    after = began if exact else began - SLACK if seconds or status == 1 else 0
    port = request.nas_port_id or ("" if request.nas_port is None else str(request.nas_port))
    return Report(
        session_key(request, nas_id),
        nas_id,
        account_id,
        request.username,
        request.session_id,
        port,
        request.calling_station,
        request.called_station,
        request.framed_ip,
        began,
        at,
        after,
        at if status == 2 else None,
        seconds,
        request.input_octets,
        request.output_octets,
        (CAUSES.get(request.terminate_cause, "Unknown") if status == 2 else ""),
        request.applied,
        request.framed_ipv6_prefix,
        request.delegated_ipv6_prefix,
    )


def succeeds(new: Report, known_until: int) -> bool:
    """Whether `new` speaks of a later session than the one last heard of at `known_until`."""
    return new.after > known_until


def merge(old: Report, new: Report) -> Report:
    """Two reports of one session as one; the result does not depend on which came first."""
    stop = old if old.stopped is not None else new
    late, early = (new, old) if new.at >= old.at else (old, new)
    return old._replace(
        account_id=old.account_id if old.account_id is not None else new.account_id,
        framed_ip=late.framed_ip or early.framed_ip,
        framed_prefix=late.framed_prefix or early.framed_prefix,
        delegated_prefix=late.delegated_prefix or early.delegated_prefix,
        applied=old.applied or new.applied,
        began=min(old.began, new.began),
        at=max(old.at, new.at),
        after=max(old.after, new.after),
        stopped=stop.stopped,
        seconds=max(old.seconds, new.seconds),
        upload=max(old.upload, new.upload),
        download=max(old.download, new.download),
        cause=stop.cause,
    )


def rounds(reports: list[Report]) -> list[list[Report]]:
    """Reports in arrival order as statements to run one after another, each naming a session once, sorted
    by key.

    Nearly always one: a second round is needed only when an id ended and was reused, or its counters fell, within
    one batch.
    """
    by_key: dict[str, list[Report]] = {}
    for new in reports:
        known = by_key.get(new.key)
        if known is None:
            by_key[new.key] = [new]
        else:
            known.append(new)
    keys = sorted(by_key)
    if len(keys) == len(reports):
        return [[by_key[key][0] for key in keys]]
    for key, several in by_key.items():
        if len(several) > 1:
            by_key[key] = _combined(several)
    deepest = max(map(len, by_key.values()))
    return [[by_key[key][n] for key in keys if n < len(by_key[key])] for n in range(deepest)]


def _combined(reports: list[Report]) -> list[Report]:
    """The reports of one id as few as they can be: merged, unless counters fell, which PostgreSQL judges by what it
    knows of the session.
    """
    in_order = sorted(reports, key=lambda one: one.at)
    if any(new.upload < old.upload or new.download < old.download for old, new in pairwise(in_order)):
        return in_order
    known = reports[:1]
    for new in reports[1:]:
        _place(known, new)
    return known


def _place(known: list[Report], new: Report) -> None:
    """Merge `new` into the session of its id that was running when it was made, or keep it as another."""
    running = max((n for n, old in enumerate(known) if old.began <= new.at), default=None)
    if running is None:
        known.insert(0, new)
    elif succeeds(new, known[running].at):
        known.insert(running + 1, new)
    else:
        known[running] = merge(known[running], new)
