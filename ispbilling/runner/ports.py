"""The ports of `./run`: which, whether they are free, and what to say when not."""

import errno
import os
import socket
from dataclasses import dataclass

from ispbilling.runner.account import StartError


@dataclass(frozen=True)
class Port:
    """A port the product listens on; `variable` is the setting that changes it."""

    what: str
    variable: str
    default: int
    kind: socket.SocketKind
    address: str

    @property
    def number(self) -> int:
        """The port in use; StartError when the setting is not a port."""
        value = os.environ.get(self.variable) or str(self.default)
        if not value.isdecimal() or not 0 < int(value) < 65536:
            raise StartError(f"{self.variable}={value} is not a port number.")
        return int(value)

    def taken(self) -> OSError | None:
        """Why nothing can listen here now, None when it can."""
        with socket.socket(socket.AF_INET, self.kind) as probe:
            if self.kind is socket.SOCK_STREAM:  # connections of the last run still closing do not count
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.address, self.number))
            except OSError as error:
                return error
        return None

    def require(self) -> None:
        """Raise StartError with a remedy when nothing can listen here."""
        error = self.taken()
        if error is None:
            return
        name = f"{'TCP' if self.kind is socket.SOCK_STREAM else 'UDP'} port {self.number} ({self.what})"
        if error.errno == errno.EADDRINUSE:
            why = f"{name} is in use by another program."
        elif error.errno == errno.EACCES:
            why = f"{name} may only be opened by root."
        else:
            why = f"{name} on {self.address} cannot be opened: {error.strerror}."
        other = self.number + (10_000 if self.number < 50_000 else -10_000)
        raise StartError(f"{why} Free it, or choose another one: {self.variable}={other} ./run")


def ports() -> dict[str, Port]:
    """The ports by their short names: web, auth, acct."""
    radius = os.environ.get("RADIUS_ADDRESS") or "0.0.0.0"  # noqa: S104 - a NAS reaches it from outside
    udp = socket.SOCK_DGRAM
    return {
        "web": Port("web", "PORT", 8000, socket.SOCK_STREAM, "127.0.0.1"),
        "auth": Port("RADIUS authentication", "RADIUS_AUTH_PORT", 1812, udp, radius),
        "acct": Port("RADIUS accounting", "RADIUS_ACCT_PORT", 1813, udp, radius),
    }
