"""Which data account a User-Name means, asked of PostgreSQL by the rule by which log-ins find their line."""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from django.conf import settings

from radius.wire.usernames import Usernames, bare_mac


class Cursor(Protocol):
    """What is needed of a cursor, Django's or psycopg2's own."""

    def execute(self, sql: str, params: Any = None) -> Any: ...

    def fetchall(self) -> Sequence[Sequence[Any]]: ...


def rule() -> Usernames:
    """The provider's, as the settings have it."""
    return Usernames(settings.RADIUS_USERNAME_CASE == "fold", settings.RADIUS_REALMS)


def accounts(cursor: Cursor, usernames: Usernames, sent: Collection[str]) -> dict[str, int]:
    """The data accounts that these User-Names mean; those that nobody has are left out."""
    keys = {name: list(usernames.keys(name)) for name in sent}
    macs = {name: mac.decode() for name in sent if (mac := bare_mac(name.encode()))}
    asked = {
        "names": list({key.lower() for wanted in keys.values() for key in wanted}),
        "macs": list(set(macs.values())),
    }
    cursor.execute(_NAMED, asked)
    named, by_mac = {}, {}
    for username, account_id, mac in cursor.fetchall():
        named[usernames.key(username)] = account_id
        if mac:
            by_mac[mac] = account_id
    return {
        name: found
        for name, wanted in keys.items()
        if (found := next((named[key] for key in wanted if key in named), by_mac.get(macs.get(name, ""))))
    }


# Each half by an index of its own.
_BARE = "regexp_replace(lower(username), '[:. -]', '', 'g')"
_NAMED = f"""
SELECT username, id, CASE WHEN mac_authentication THEN {_BARE} END
FROM radius_dataaccount WHERE lower(username) = ANY(%(names)s)
UNION
SELECT username, id, {_BARE} FROM radius_dataaccount WHERE mac_authentication AND {_BARE} = ANY(%(macs)s)
"""  # noqa: S608 - the expression is ours
