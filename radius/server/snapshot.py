"""The server's picture of NASes and subscribers, compiled so that a login is a look-up, a hash and a
signature.

Each line is held as what its next Access-Accept will carry and until when that is true; the full decision
is made again only for a reject, whose trace people will read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Any

import structlog
from psycopg2.extensions import connection as Connection

from ispbilling.core import clock
from ispbilling.core.secrets import SecretError, decrypt
from radius import subscribers
from radius.nas.models import MessageAuthenticator
from radius.policy import replies
from radius.policy.decision import decide
from radius.policy.subscriber import Subscriber, Terms
from radius.server.loop import packed
from radius.wire import mschap
from radius.wire.attributes import encode
from radius.wire.codec import Key, Signing
from radius.wire.errors import WireError

log = structlog.get_logger(__name__)

_SIGNING = {
    MessageAuthenticator.REQUIRE: Signing.REQUIRE,
    MessageAuthenticator.OBSERVE: Signing.OBSERVE,
    MessageAuthenticator.OFF: Signing.OFF,
}


@dataclass(frozen=True, slots=True)
class NasEntry:
    """A NAS we answer; `coa_port` is None for the installation's default."""

    nas_id: int
    name: str
    address: str
    coa_port: int | None
    key: Key
    kind: str


class Line:
    """One subscriber, compiled. `tails` are the ready attributes of an Accept by kind of NAS, made when the
    first NAS of a kind asks; they begin with the package's Session-Timeout, true while now < `plain_until`.
    """

    __slots__ = (
        "accepted",
        "locked",
        "mschap",
        "password",
        "places",
        "plain_until",
        "subscriber",
        "tails",
        "until",
    )

    def __init__(self, subscriber: Subscriber, password: bytes, now: float) -> None:
        self.subscriber = subscriber
        self.password = password
        self.mschap: mschap.Secret | None = None
        self.places: tuple[bytes, ...] = ()
        self.locked = bool(subscriber.mac_lock) or subscriber.nas_lock is not None
        self.compile(now)

    def compile(self, now: float) -> None:
        """Decide again; `now` in seconds since 1970."""
        self.accepted, self.until = _decided(self.subscriber, now)
        self.tails = _tails(self.subscriber)
        timeout = self.subscriber.terms.session_timeout
        self.plain_until = inf if self.until == inf else self.until - timeout if timeout else -inf

    def accept(self, now: float, kind: str) -> bytes:
        """The Accept's attributes for a NAS of that kind, with a Session-Timeout that ends when the decision
        does.
        """
        tail = self.tails.get(kind)
        if tail is None:
            tail = self.tails[kind] = self._encode(now, kind)
        if now < self.plain_until:
            return tail
        timeout = self.subscriber.terms.session_timeout
        seconds = replies.session_seconds(timeout, self.until - now)
        return _session_timeout(seconds) + (tail[_TIMEOUT:] if timeout else tail)

    def _encode(self, now: float, kind: str) -> bytes:
        decision = decide(self.subscriber, None, datetime.fromtimestamp(now, UTC))
        pairs = replies.marked(replies.attributes(self.subscriber, decision, kind))
        return _session_timeout(self.subscriber.terms.session_timeout) + _encoded(pairs, self.subscriber)

    def saw(self, place: bytes) -> None:
        """The line is online there: one of as many places as it may have sessions, the oldest gives way."""
        if place not in self.places:
            self.places = (*self.places, place)[-self.subscriber.terms.simultaneous_use :]

    def mschap_secret(self) -> mschap.Secret:
        """The password as MS-CHAPv2 needs it, computed at its first use."""
        if self.mschap is None:
            self.mschap = mschap.Secret(mschap.nt_hash(self.password.decode("utf-8", "surrogateescape")))
        return self.mschap


def _decided(subscriber: Subscriber, now: float) -> tuple[bool, float]:
    terms = subscriber.terms
    early = now < subscriber.starts.timestamp()
    if early or subscriber.closures or subscriber.ends or terms.service_ends:
        decision = decide(subscriber, None, datetime.fromtimestamp(now, UTC))
        until = decision.valid_until
        return decision.accepted, inf if until is None else until.timestamp()
    key = (subscriber.group_enabled, subscriber.blocked, terms.accepts)
    if key not in _timeless:  # without dates and closures nothing else can close a gate
        _timeless[key] = decide(subscriber, None, datetime.fromtimestamp(now, UTC)).accepted
    return _timeless[key], inf


_timeless: dict[tuple[bool, bool, bool], bool] = {}
# Most lines of a package get the same octets: one copy of them, also for the processor's caches.
_alike: dict[Terms, dict[str, bytes]] = {}


def _tails(subscriber: Subscriber) -> dict[str, bytes]:
    """Where a line's encoded attributes are kept: with all others of its package, or alone."""
    return {} if replies.has_own(subscriber) else _alike.setdefault(subscriber.terms, {})


def _encoded(pairs: replies.Pairs, subscriber: Subscriber) -> bytes:
    """What cannot be encoded is logged and left out: the line still gets online."""
    octets = b""
    for pair in pairs:
        try:
            octets += encode([pair])
        except WireError as error:
            log.error("attribute_left_out", username=subscriber.username, attribute=pair[0], error=str(error))
    return octets


# Octets of a Session-Timeout.
_TIMEOUT = 6


def _session_timeout(seconds: int) -> bytes:
    return b"\x1b\x06" + seconds.to_bytes(4, "big") if seconds else b""


class Nases:
    """The NASes by packed address; anybody else is a stranger."""

    def __init__(self) -> None:
        self.by_host: dict[bytes, NasEntry] = {}

    def reload(self, connection: Connection) -> None:
        """Read them all; there are never many."""
        found: dict[bytes, NasEntry] = {}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, name, host(address), coa_port, secret, message_authenticator, kind"
                " FROM radius_nas WHERE enabled"
            )
            for nas_id, name, address, coa_port, sealed, signing, kind in cursor.fetchall():
                try:
                    key = Key(decrypt(sealed) if len(sealed) else b"", _SIGNING[signing])
                except (SecretError, WireError) as error:
                    log.error("nas_secret_unusable", nas=name, error=str(error))
                    continue
                known = self.by_host.get(packed(address))
                if known is not None and (known.key.secret, known.key.signing) == (key.secret, key.signing):
                    key = known.key
                found[packed(address)] = NasEntry(nas_id, name, address, coa_port, key, kind)
        self.by_host = found

    def apply(self, connection: Connection, scope: str, ids: list[int]) -> None:
        """Read again what changed; of no interest here is all but NASes."""
        if scope == "nas":
            Nases.reload(self, connection)


class Snapshot(Nases):
    """What an authentication worker knows."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[bytes, Line] = {}
        self._names: dict[int, bytes] = {}

    def reload(self, connection: Connection) -> None:
        """Read everything; lines that did not change keep what was computed for them."""
        super().reload(connection)
        seen = set(self._store(connection, "", []))
        for name in self.lines.keys() - seen:
            self._forget(self.lines[name].subscriber.account_id)

    def apply(self, connection: Connection, scope: str, ids: list[int]) -> None:
        """Read again what changed."""
        super().apply(connection, scope, ids)
        if scope in subscribers.SCOPES:
            seen = set(self._store(connection, scope, ids))
            if scope == "account":
                for account_id in ids:
                    if self._names.get(account_id) not in seen:
                        self._forget(account_id)

    def _store(self, connection: Connection, scope: str, ids: list[int]) -> Iterator[bytes]:
        now = clock.now()
        with connection.cursor() as cursor:
            for subscriber, password in subscribers.read(cursor, now, scope, ids):
                name = subscriber.username.encode().lower()
                line = self.lines.get(name)
                if line is None or line.subscriber != subscriber or line.password != password:
                    if self._names.get(subscriber.account_id, name) != name:
                        self._forget(subscriber.account_id)
                    fresh = Line(subscriber, password, now.timestamp())
                    if line is not None and subscriber.terms.simultaneous_use:
                        fresh.places = line.places[-subscriber.terms.simultaneous_use :]
                    self.lines[name] = fresh
                    self._names[subscriber.account_id] = name
                yield name

    def saw(self, account_id: int, place: bytes) -> None:
        """A session of that line began there, says the sessions table; see `online`."""
        line = self.lines.get(self._names.get(account_id, b""))
        if line is not None and line.subscriber.terms.simultaneous_use:
            line.saw(place)

    def _forget(self, account_id: int) -> None:
        name = self._names.pop(account_id, b"")
        line = self.lines.get(name)
        if line is not None and line.subscriber.account_id == account_id:
            del self.lines[name]


_ACCOUNTS = "SELECT lower(username), id FROM radius_dataaccount"


class Directory(Nases):
    """What an accounting worker knows: whose a username is."""

    def __init__(self) -> None:
        super().__init__()
        self.accounts: dict[str, int] = {}

    def reload(self, connection: Connection) -> None:
        super().reload(connection)
        self.accounts = dict(self._read(connection, "", {}))

    def apply(self, connection: Connection, scope: str, ids: list[int]) -> None:
        """Read again what changed."""
        super().apply(connection, scope, ids)
        if scope == "account":
            # A former username stays known until the next reload: its last packets may still be on their way.
            self.accounts.update(self._read(connection, " WHERE id = ANY(%(ids)s)", {"ids": ids}))

    def _read(
        self, connection: Connection, where: str, parameters: dict[str, Any]
    ) -> Iterator[tuple[str, int]]:
        with connection.cursor() as cursor:
            cursor.execute(_ACCOUNTS + where, parameters)
            yield from cursor.fetchall()
