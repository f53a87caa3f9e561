"""What to type on a router so that it asks us. Pure."""

from dataclasses import dataclass
from ipaddress import ip_address

_PLACEHOLDER = "ADDRESS-OF-THIS-SERVER"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where this installation listens, and where its routers listen for Disconnect-Requests."""

    auth: int
    acct: int
    coa: int


def mikrotik(server: str, ports: Ports, interim_minutes: int = 5) -> str:
    """The lines for RouterOS, one command each; the secret is a placeholder, it is never shown here."""
    return "\n".join(
        (
            f'/radius add service=ppp address={server} secret="THE-SECRET" '
            f"authentication-port={ports.auth} accounting-port={ports.acct} timeout=3s",
            f"/radius incoming set accept=yes port={ports.coa}",
            f"/ppp aaa set use-radius=yes accounting=yes interim-update={interim_minutes}m",
        )
    )


def server_address(listening: str, base_host: str) -> str:
    """The address routers must use: the one we listen on, else the web address if it is a number, else a word
    to be replaced.
    """
    for candidate in (listening, base_host):
        try:
            address = ip_address(candidate)
        except ValueError:
            continue
        if not address.is_unspecified and not address.is_loopback:
            return candidate
    return _PLACEHOLDER
