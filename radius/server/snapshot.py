"""The server's picture of NASes and subscribers, read from PostgreSQL and kept as it changes."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from psycopg2.extensions import connection as Connection

from ispbilling.core import clock
from radius import subscribers
from radius.server.following import Between, nothing_meanwhile
from radius.server.lines import Compiled, Line
from radius.server.nases import Nases
from radius.subscribers import Stored
from radius.wire.usernames import Usernames, bare_mac

EVERYDAY = Usernames()


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
