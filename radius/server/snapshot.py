"""The server's picture of NASes and subscribers, compiled so that a login is a look-up, a hash and a
signature.

What the next Access-Accept will carry and until when that is true is held once for all lines with the same
facts; the full decision is made again only for a reject, whose trace people will read. Both are made when
somebody asks, so that a million lines are there in seconds.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from socket import inet_aton
from typing import Any

import structlog
from psycopg2.extensions import connection as Connection

from ispbilling.core import clock
from ispbilling.core.secrets import SecretError, decrypt
from radius import subscribers
from radius.nas.models import MessageAuthenticator
from radius.policy import changing, replies
from radius.policy.decision import Decision, decide, online_left
from radius.policy.subscriber import Subscriber
from radius.server.following import Between, nothing_meanwhile
from radius.server.loop import packed
from radius.subscribers import Facts, Stored
from radius.wire import mschap
from radius.wire.attributes import encode
from radius.wire.codec import Key, Signing
from radius.wire.errors import WireError
from radius.wire.usernames import Usernames, bare_mac

log = structlog.get_logger(__name__)

_SIGNING = {
    MessageAuthenticator.AUTO: Signing.AUTO,
    MessageAuthenticator.REQUIRE: Signing.REQUIRE,
    MessageAuthenticator.OBSERVE: Signing.OBSERVE,
    MessageAuthenticator.OFF: Signing.OFF,
}


@dataclass(frozen=True, slots=True)
class NasEntry:
    """A NAS we answer; `coa_port` is None for the installation's default.

    `forgotten` counts how often staff had us forget that it signs (see `Nases.ratchet`).
    """

    nas_id: int
    name: str
    address: str
    coa_port: int | None
    key: Key
    kind: str
    forgotten: int = 0


_LAPSED = -inf
# Stands for any line's own; told apart from an attribute of the same value by being this very object.
_SOME_ADDRESS = "0.0.0.0"  # noqa: S104 - bound to nothing
EVERYDAY = Usernames()


class Compiled:
    """The outcome for all lines with the same facts, and the ready attributes of their Accepts.

    Made when the first of them logs in, and again when it lapses (`until`). `tails` are kept by kind of NAS,
    `fixed` are those of lines with an address of their own, but for that; they begin with the package's
    Session-Timeout, which is right while now < `plain_until`.
    """

    __slots__ = (
        "accepted", "by_mac", "facts", "fixed", "locked", "plain_until", "simultaneous_use", "tails", "until"
    )  # fmt: skip
    tails: dict[str, bytes]
    fixed: dict[str, Callable[[str], bytes]]

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.locked = bool(facts.mac_lock or facts.port_lock) or facts.nas_lock is not None
        self.by_mac = facts.mac_authentication
        self.simultaneous_use = facts.terms.simultaneous_use
        self.accepted, self.until, self.plain_until = False, _LAPSED, _LAPSED

    def compile(self, now: float) -> None:
        """Decide again; `now` in seconds since 1970."""
        decision = self._decide(now)
        until = decision.valid_until
        self.accepted, self.until = decision.accepted, inf if until is None else until.timestamp()
        self.tails, self.fixed = {}, {}
        terms = self.facts.terms
        timeout = terms.session_timeout
        if terms.time_limit:
            self.plain_until = _LAPSED
        elif self.until == inf:
            self.plain_until = inf
        else:
            self.plain_until = self.until - timeout if timeout else _LAPSED

    def accept(self, now: float, kind: str, framed_ip: str | None = None) -> bytes:
        """The Accept's attributes for a NAS of that kind, with a Session-Timeout that ends when the decision
        does.
        """
        tail = self.tails.get(kind) if framed_ip is None else self._fixed(now, kind)(framed_ip)
        if tail is None:
            tail = self.tails[kind] = self._encode(now, kind)
        if now < self.plain_until:
            return tail
        timeout = self.facts.terms.session_timeout
        seconds = replies.session_seconds(timeout, self._left(now))
        return _session_timeout(seconds) + (tail[_TIMEOUT:] if timeout else tail)

    def _left(self, now: float) -> float | None:
        if not self.facts.terms.time_limit:
            return None if self.until == inf else self.until - now
        subscriber, at = subscribers.subscriber(self.facts), datetime.fromtimestamp(now, UTC)
        return online_left(subscriber, decide(subscriber, None, at), at)

    def _decide(self, now: float) -> Decision:
        return decide(subscribers.subscriber(self.facts), None, datetime.fromtimestamp(now, UTC))

    def _encode(self, now: float, kind: str) -> bytes:
        terms = self.facts.terms
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
        told, terms = self._told(now, kind, _SOME_ADDRESS), self.facts.terms
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
        line = subscribers.subscriber(self.facts, framed_ip=framed_ip)
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


# Octets of a Session-Timeout.
_TIMEOUT = 6


def _session_timeout(seconds: int) -> bytes:
    return b"\x1b\x06" + seconds.to_bytes(4, "big") if seconds else b""


RADSEC_SECRET = b"radsec"  # RFC 6614 section 2.3: the secret is no secret, TLS is what protects


class Nases:
    """The NASes by packed address, or, `secured` by TLS, by the digest of their certificate; anybody else is a
    stranger.
    """

    def __init__(self, secured: bool = False) -> None:
        self.secured = secured
        self.by_host: dict[bytes, NasEntry] = {}
        # Certificates that were pasted, for the TLS layer to believe; only of the secured.
        self.certificates: list[str] = []
        # (NAS, times forgotten) of those seen to sign here; kept until `signed_since` says so everywhere.
        self.ratcheted: dict[tuple[int, int], datetime] = {}

    def ratchet(self, nas: NasEntry, now: float) -> None:
        """From now on this NAS must sign, for it has shown that it can; somebody else writes it down."""
        self.ratcheted.setdefault((nas.nas_id, nas.forgotten), datetime.fromtimestamp(now, UTC))
        nas.key.signing = Signing.REQUIRE

    def names(self) -> dict[int, str]:
        """What the NASes are called, by their ids."""
        return {nas.nas_id: nas.name for nas in self.by_host.values()}

    def reload(self, connection: Connection, between: Between = nothing_meanwhile) -> None:
        """Read them all; there are never many."""
        with connection.cursor() as cursor:
            cursor.execute(_NASES)
            rows = cursor.fetchall()
        self.by_host = self._secured(rows) if self.secured else self._plain(rows)
        self.certificates = [row[-1] for row in rows if "BEGIN" in row[-1]] if self.secured else []

    def _plain(self, rows: list[tuple[Any, ...]]) -> dict[bytes, NasEntry]:
        found: dict[bytes, NasEntry] = {}
        for nas_id, name, address, coa_port, kind, sealed, setting, signed, forgotten, *_ in rows:
            if address is None:
                continue
            signing = _SIGNING[setting]
            if signing is Signing.AUTO and (signed or (nas_id, forgotten) in self.ratcheted):
                signing = Signing.REQUIRE
            host = packed(address)
            known = self.by_host.get(host)
            try:
                key = Key(decrypt(sealed) if len(sealed) else b"", signing)
            except (SecretError, WireError) as error:
                log.error("nas_secret_unusable", nas=name, error=str(error))
                if known is None or known.nas_id != nas_id or isinstance(error, WireError):
                    continue
                # Encrypted anew under a key this process was not started with: what it knows is still true.
                key = Key(known.key.secret, signing)
            if known is not None and (known.key.secret, known.key.signing) == (key.secret, key.signing):
                key = known.key
            found[host] = NasEntry(nas_id, name, address, coa_port, key, kind, forgotten)
        return found

    def _secured(self, rows: list[tuple[Any, ...]]) -> dict[bytes, NasEntry]:
        key = Key(RADSEC_SECRET, Signing.OFF)
        return {
            bytes.fromhex(fingerprint): NasEntry(nas_id, name, address or "", coa_port, key, kind)
            for nas_id, name, address, coa_port, kind, _sealed, _setting, _signed, _forgotten, fingerprint, _ in rows
            if fingerprint
        }

    def apply(self, connection: Connection, scope: str, ids: list[int]) -> None:
        """Read again what changed; of no interest here is all but NASes."""
        if scope == "nas":
            Nases.reload(self, connection)


_NASES = (
    "SELECT id, name, host(address), coa_port, kind, secret, message_authenticator, signed_since IS NOT NULL,"
    " signing_forgotten, fingerprint, certificate FROM radius_nas WHERE enabled"
)


class Snapshot(Nases):
    """What an authentication worker knows."""

    def __init__(self, usernames: Usernames = EVERYDAY, *, secured: bool = False) -> None:
        super().__init__(secured)
        self._usernames = usernames
        self.lines: dict[bytes, Line] = {}
        self.macs: dict[bytes, Line] = {}
        self._names: dict[int, bytes] = {}

    def find(self, sent: bytes) -> Line | None:
        """The line that a User-Name means."""
        return self.lines.get(sent.lower() if self._usernames.fold else sent) or self._look_further(sent)

    def _look_further(self, sent: bytes) -> Line | None:
        with suppress(UnicodeDecodeError):
            for key in self._usernames.keys(sent.decode()):  # noqa: SIM118 - not a dict
                line = self.lines.get(key.encode())
                if line is not None:
                    return line
        return self.macs.get(bare_mac(sent)) if self.macs else None

    def reload(self, connection: Connection, between: Between = nothing_meanwhile) -> None:
        """Read everything; lines that did not change keep what was computed for them."""
        super().reload(connection, between)
        gone = set(self.lines)
        gone -= set(self._store(connection, "", [], between))
        for name in gone & self.lines.keys():
            self._forget(self.lines[name].account_id)

    def apply(self, connection: Connection, scope: str, ids: list[int]) -> None:
        """Read again what changed."""
        super().apply(connection, scope, ids)
        if scope in subscribers.SCOPES:
            seen = set(self._store(connection, scope, ids))
            if scope == "account":
                for account_id in ids:
                    if self._names.get(account_id) not in seen:
                        self._forget(account_id)

    def _store(
        self, connection: Connection, scope: str, ids: list[int], between: Between = nothing_meanwhile
    ) -> Iterator[bytes]:
        made: dict[int, Compiled] = {}
        with connection.cursor() as cursor:
            for stored in subscribers.read(cursor, clock.now(), scope, ids, between=between):
                name = self._usernames.key(stored.username).encode()
                line = self.lines.get(name)
                if line is not None and stored.facts.unreadable == "secret":
                    stored = _as_known(stored, line)
                if line is None or not line.holds(stored):
                    compiled = made.get(id(stored.facts))
                    if compiled is None:
                        compiled = made[id(stored.facts)] = Compiled(stored.facts)
                    self._put(name, Line(name, stored, compiled), line)
                yield name

    def _put(self, name: bytes, line: Line, former: Line | None) -> None:
        if self._names.get(line.account_id, name) != name:
            self._forget(line.account_id)
        if former is not None:
            line.home = former.home
            if line.compiled.simultaneous_use:
                line.places = former.places[-line.compiled.simultaneous_use :]
        self.lines[name] = line
        self._names[line.account_id] = name
        if line.compiled.by_mac:
            self.macs[bare_mac(name)] = line
        elif former is not None and former.compiled.by_mac:
            self.macs.pop(bare_mac(name), None)

    def saw(self, account_id: int, place: bytes) -> None:
        """A session of that line began there, says the sessions table; see `online`."""
        line = self.lines.get(self._names.get(account_id, b""))
        if line is not None and line.compiled.simultaneous_use:
            line.saw(place)

    def _forget(self, account_id: int) -> None:
        name = self._names.pop(account_id, b"")
        line = self.lines.get(name)
        if line is not None and line.account_id == account_id:
            del self.lines[name]
            if line.compiled.by_mac:
                self.macs.pop(bare_mac(name), None)


def _as_known(stored: Stored, line: Line) -> Stored:
    """With the password that is known of a line whose stored one is under a key this process was not started with,
    as during a change of keys: better the last password than nobody online.
    """
    if line.account_id != stored.account_id or line.compiled.facts.unreadable:
        return stored
    return stored._replace(facts=stored.facts._replace(unreadable=""), password=line.password)


_ACCOUNTS = "SELECT username, id, mac_authentication FROM radius_dataaccount"


class Directory(Nases):
    """What an accounting worker knows: whose a username is."""

    def __init__(self, usernames: Usernames = EVERYDAY, *, secured: bool = False) -> None:
        super().__init__(secured)
        self._usernames = usernames
        self.accounts: dict[str, int] = {}
        self._macs: dict[bytes, int] = {}

    def find(self, sent: str) -> int | None:
        """The data account that a User-Name means."""
        for key in self._usernames.keys(sent):  # noqa: SIM118 - not a dict
            account_id = self.accounts.get(key)
            if account_id is not None:
                return account_id
        return self._macs.get(bare_mac(sent.encode())) if self._macs else None

    def reload(self, connection: Connection, between: Between = nothing_meanwhile) -> None:
        super().reload(connection, between)
        self._macs = {}
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
            for username, account_id, by_mac in cursor.fetchall():
                if by_mac:
                    self._macs[bare_mac(username.encode())] = account_id
                yield self._usernames.key(username), account_id
