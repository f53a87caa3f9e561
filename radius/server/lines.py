"""What a log-in of a line needs, compiled so that it is a look-up, a hash and a signature.

What the next Access-Accept will carry and until when that is true is held once for all lines with the same
facts; the full decision is made again only for a reject, whose trace people will read. Both are made when
somebody asks, so that a million lines are there in seconds.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from math import inf
from socket import inet_aton

import structlog

from radius import subscribers
from radius.policy import changing, replies
from radius.policy.decision import Decision, decide, online_left, session_ends
from radius.policy.subscriber import Subscriber
from radius.subscribers import Facts, Stored
from radius.wire import mschap
from radius.wire.attributes import encode
from radius.wire.errors import WireError

log = structlog.get_logger(__name__)

_LAPSED = -inf
# Stands for any line's own; told apart from an attribute of the same value by being this very object.
_SOME_ADDRESS = "0.0.0.0"  # noqa: S104 - bound to nothing


class Compiled:
    """The outcome for all lines with the same facts, and the ready attributes of their Accepts.

    Made when the first of them logs in, and again when it lapses (`until`); sessions end at `ends`. `present` are the
    facts with the package of the time of compiling: another one that follows makes it lapse and ends no session.
    `tails` are kept by kind of NAS, `fixed` are those of lines with an address of their own, but for that; they begin
    with the package's Session-Timeout, which is right while now < `plain_until`.
    """

    __slots__ = (
        "accepted", "by_mac", "ends", "facts", "fixed", "locked", "plain_until", "present", "simultaneous_use",
        "tails", "until",
    )  # fmt: skip
    tails: dict[str, bytes]
    fixed: dict[str, Callable[[str], bytes]]

    def __init__(self, facts: Facts) -> None:
        self.facts = self.present = facts
        self.locked = bool(facts.mac_lock or facts.port_lock) or facts.nas_lock is not None
        self.by_mac = facts.mac_authentication
        self.simultaneous_use = facts.terms.simultaneous_use
        self.accepted, self.until, self.ends, self.plain_until = False, _LAPSED, _LAPSED, _LAPSED

    def compile(self, now: float) -> None:
        """Decide again; `now` in seconds since 1970."""
        self.present = self.facts.at(datetime.fromtimestamp(now, UTC))
        self.simultaneous_use = self.present.terms.simultaneous_use
        decision = self._decide(now)
        ends = session_ends(subscribers.subscriber(self.present), datetime.fromtimestamp(now, UTC))
        following = self.present.following
        self.accepted, self.until, self.ends = (
            decision.accepted,
            _seconds(decision.valid_until),
            _seconds(ends),
        )
        if following:
            self.until = min(self.until, following[0][0].timestamp())
        self.tails, self.fixed = {}, {}
        terms = self.present.terms
        timeout = terms.session_timeout
        if terms.time_limit:
            self.plain_until = _LAPSED
        elif self.ends == inf:
            self.plain_until = inf
        else:
            self.plain_until = self.ends - timeout if timeout else _LAPSED

    def accept(self, now: float, kind: str, framed_ip: str | None = None) -> bytes:
        """The Accept's attributes for a NAS of that kind, with a Session-Timeout that ends when the decision
        does.
        """
        tail = self.tails.get(kind) if framed_ip is None else self._fixed(now, kind)(framed_ip)
        if tail is None:
            tail = self.tails[kind] = self._encode(now, kind)
        if now < self.plain_until:
            return tail
        timeout = self.present.terms.session_timeout
        seconds = replies.session_seconds(timeout, self._left(now))
        return _session_timeout(seconds) + (tail[_TIMEOUT:] if timeout else tail)

    def _left(self, now: float) -> float | None:
        if not self.present.terms.time_limit:
            return None if self.ends == inf else self.ends - now
        return online_left(subscribers.subscriber(self.present), datetime.fromtimestamp(now, UTC))

    def _decide(self, now: float) -> Decision:
        return decide(subscribers.subscriber(self.present), None, datetime.fromtimestamp(now, UTC))

    def _encode(self, now: float, kind: str) -> bytes:
        terms = self.present.terms
        return _session_timeout(terms.session_timeout) + _encoded(
            replies.marked(self._told(now, kind)), terms.title
        )

    def _fixed(self, now: float, kind: str) -> Callable[[str], bytes]:
        found = self.fixed.get(kind)
        if found is None:
            found = self.fixed[kind] = self._around_address(now, kind)
        return found

    def _around_address(self, now: float, kind: str) -> Callable[[str], bytes]:
        """What makes the attributes of a line out of its address."""
        told, terms = self._told(now, kind, _SOME_ADDRESS), self.present.terms
        timeout = _session_timeout(terms.session_timeout)
        place = next((n for n, pair in enumerate(told) if pair[1] is _SOME_ADDRESS), None)
        if place is None:  # something else is said about addresses
            whole = timeout + _encoded(replies.marked(told), terms.title)
            return lambda framed_ip: whole
        before = timeout + _encoded(told[:place], terms.title)
        after = _encoded(told[place + 1 :], terms.title)
        mark = changing.fingerprint(told)
        alike = int(mark[:6], 16) ^ changing.mixed(_SOME_ADDRESS)
        # The headers of Framed-IP-Address and Class.
        before += b"\x08\x06"
        after += bytes((25, 2 + len(replies.CLASS_PREFIX) + len(mark))) + replies.CLASS_PREFIX
        rest = mark[6:].encode()

        def attributes(framed_ip: str) -> bytes:
            own = b"%06x" % (alike ^ changing.mixed(framed_ip))
            return before + inet_aton(framed_ip) + after + own + rest

        return attributes

    def _told(self, now: float, kind: str, framed_ip: str | None = None) -> replies.Pairs:
        line = subscribers.subscriber(self.present, framed_ip=framed_ip)
        return replies.attributes(line, self._decide(now), kind)


class Line:
    """One subscriber: who it is, its password, and what it shares with all that have the same facts.

    There may be a million of these, so each holds only what is its own. `home` is the place it last logged in
    from with the right password, empty when nobody knows; `device` the Calling-Station-Id of its last Accept when
    that is a MAC address, whose place then is among `places`, if those are counted.
    """

    __slots__ = (
        "_cased",
        "account_id",
        "compiled",
        "customer_code",
        "customer_id",
        "device",
        "framed_ip",
        "home",
        "mschap",
        "name",
        "password",
        "places",
        "starts",
    )

    def __init__(self, name: bytes, stored: Stored, compiled: Compiled) -> None:
        self.name = name
        self.compiled = compiled
        self.account_id, username, self.customer_id, self.customer_code, self.starts = stored[:5]
        self.password, self.framed_ip = stored.password, stored.framed_ip
        self._cased = None if username.encode() == name else username
        self.mschap: mschap.Secret | None = None
        self.places: tuple[bytes, ...] = ()
        self.home = self.device = b""

    @property
    def subscriber(self) -> Subscriber:
        """The full value, for a decision that somebody will read."""
        username = self._cased or self.name.decode()
        return subscribers.subscriber(
            self.compiled.facts, self.account_id, username, self.customer_id, self.customer_code, self.starts,
            self.framed_ip,
        )  # fmt: skip

    def holds(self, stored: Stored) -> bool:
        """Whether the line says what is stored."""
        return (
            self.password == stored.password
            and self.compiled.facts == stored.facts
            and self.account_id == stored.account_id
            and (self._cased or self.name.decode()) == stored.username
            and self.customer_id == stored.customer_id
            and self.customer_code == stored.customer_code
            and self.starts == stored.starts
            and self.framed_ip == stored.framed_ip
        )

    def home_at(self, place: bytes) -> bool:
        """Whether that is where the line is online, or last logged in from rightly."""
        return place == self.home or place in self.places

    def saw(self, place: bytes) -> None:
        """The line is online there: one of as many places as it may have sessions, the oldest gives way."""
        if place not in self.places:
            self.device = b""
            self.places = (*self.places, place)[-self.compiled.simultaneous_use :]

    def mschap_secret(self) -> mschap.Secret:
        """The password as MS-CHAPv2 needs it, computed at its first use."""
        if self.mschap is None:
            self.mschap = mschap.Secret(mschap.nt_hash(self.password.decode("utf-8", "surrogateescape")))
        return self.mschap


def _encoded(pairs: replies.Pairs, package: str) -> bytes:
    """What cannot be encoded is logged and left out: the line still gets online."""
    octets = b""
    for pair in pairs:
        try:
            octets += encode([pair])
        except WireError as error:
            log.error("attribute_left_out", package=package, attribute=pair[0], error=str(error))
    return octets


def _seconds(instant: datetime | None) -> float:
    return inf if instant is None else instant.timestamp()


# Octets of a Session-Timeout.
_TIMEOUT = 6


def _session_timeout(seconds: int) -> bytes:
    return b"\x1b\x06" + seconds.to_bytes(4, "big") if seconds else b""
