"""The NASes we answer, by where their packets come from."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from psycopg2.extensions import connection as Connection

from ispbilling.core.secrets import SecretError, decrypt
from radius.nas.models import MessageAuthenticator
from radius.server.following import Between, nothing_meanwhile
from radius.server.loop import packed
from radius.wire.codec import Key, Signing
from radius.wire.errors import WireError

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
