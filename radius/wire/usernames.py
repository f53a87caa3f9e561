"""Whose line a User-Name means: one rule for logins and accounting, so that both name the same line."""

from collections.abc import Iterable, Iterator


class Usernames:
    """How names are compared. `fold`: upper and lower case are the same. `realms`: what may be left out.

    A realm stands behind the name (`user@realm`) or before it (`realm\\user`, `realm/user`); its case never
    counts, and `*` means any. The name as it was sent goes first, so that a line which is known with its
    realm keeps meaning itself.
    """

    __slots__ = ("_any", "_realms", "fold")

    def __init__(self, fold: bool = True, realms: Iterable[str] = ()) -> None:
        self.fold = fold
        self._realms = frozenset(realm.lower() for realm in realms)
        self._any = "*" in self._realms

    def key(self, username: str) -> str:
        """What a line of that username is found by."""
        return username.lower() if self.fold else username

    def keys(self, sent: str) -> Iterator[str]:
        """The keys to look for, in order, for a User-Name as a NAS sent it."""
        yield self.key(sent)
        if not self._realms:
            return
        user, mark, realm = sent.rpartition("@")
        if mark and self._stripped(user, realm):
            yield self.key(user)
        for sign in "\\/":
            realm, mark, user = sent.partition(sign)
            if mark and self._stripped(user, realm):
                yield self.key(user)

    def _stripped(self, user: str, realm: str) -> bool:
        return bool(user) and (self._any or realm.lower() in self._realms)


def bare_mac(octets: bytes) -> bytes:
    """The twelve lower-case digits of a MAC address in any punctuation; empty for anything else.

    A DHCP client identifier (RFC 2132 section 9.14) that is an Ethernet address counts as that address.
    """
    bare = octets.translate(None, b":-. ").lower()
    if len(bare) == 13 and octets.startswith(b"1:"):
        bare = bare[1:]
    return bare if len(bare) == 12 and not bare.strip(b"0123456789abcdef") else b""
