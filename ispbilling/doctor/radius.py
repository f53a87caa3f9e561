"""A real log-in through the RADIUS socket, once accepted and once rejected; and whether stored ones hold."""

import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db.models import Exists, OuterRef

from ispbilling.core.clock import now
from ispbilling.doctor.findings import Finding
from radius.models import AuthAttempt, DataAccount, Nas, Session
from radius.policy.decision import decide
from radius.server.stored import replay_attempt
from radius.subscribers import find
from radius.wire.errors import WireError
from radius.wire.probe import access_request, reply_code
from radius.wire.requests import Code

SECONDS, TRIES = 1.0, 5
REPLAYED = 500


def radius() -> Iterator[Finding]:
    """Access-Requests from this machine: a known line is accepted, an unknown user rejected."""
    host = "127.0.0.1" if settings.RADIUS_ADDRESS in ("", "0.0.0.0", "::") else settings.RADIUS_ADDRESS  # noqa: S104
    address = f"{host}:{settings.RADIUS_AUTH_PORT}"
    with _known_here(host) as secret:
        try:
            code = _ask(host, f"doctor-{uuid.uuid4().hex[:12]}", "no such user", secret)
        except (OSError, WireError) as error:
            yield Finding(
                "radius",
                False,
                f"No answer from {address} ({error}).",
                "Start `./run radiusd`; check the ports.",
            )
            return
        if code != Code.ACCESS_REJECT:
            yield Finding(
                "radius", False, "An unknown user was not rejected.", "Stop the server and report this."
            )
            return
        yield Finding("radius", True, f"{address} rejects a user it does not know.")
        account = _line_that_may_log_in()
        if account is None:
            remedy = "Add a data account (or `./run demo load`) and ask again."
            yield Finding(
                "radius", None, "There is no data account that may log in, so no accept was tried.", remedy
            )
            return
        code = _ask(host, account.username, str(account.secret), secret)
        if code == Code.ACCESS_ACCEPT:
            yield Finding("radius", True, f"{address} accepts {account.username}.")
        else:
            remedy = "Open Rejects in the staff pages: the trace names the gate."
            yield Finding("radius", False, f"{account.username} may log in, but was rejected.", remedy)


def decisions() -> Iterator[Finding]:
    """The latest stored log-ins, decided again from what was stored with them (W-3)."""
    latest = AuthAttempt.objects.select_related("facts")[:REPLAYED]
    replays = [found for found in map(replay_attempt, latest) if found is not None]
    broken = sum(found.broken for found in replays)
    if broken:
        remedy = "`./run replay_decisions` names them; report this."
        yield Finding(
            "decisions", False, f"{broken} of the latest log-ins would be decided otherwise.", remedy
        )
    elif replays:
        yield Finding("decisions", True, f"The latest {len(replays)} log-ins are decided the same again.")


@contextmanager
def _known_here(host: str) -> Iterator[bytes]:
    """The secret of the NAS at our own address; one is made for the visit when there is none."""
    known = Nas.objects.filter(address=host, enabled=True).first()
    if known is not None:
        yield str(known.secret).encode()
        return
    secret = uuid.uuid4().hex
    visitor = Nas.objects.create(name=f"Self-test {secret[:6]}", address=host, secret=secret)
    try:
        yield secret.encode()
    finally:
        visitor.delete()


def _line_that_may_log_in() -> DataAccount | None:
    """A line without a lock to another device, which is not online and which the decision accepts now."""
    at = now()
    online = Session.objects.open().filter(data_account=OuterRef("pk"))
    free = DataAccount.objects.filter(
        ~Exists(online), blocked=False, mac_lock="", nas_lock=None, port_lock=""
    )
    for account in free.order_by("pk")[:200]:
        if decide(find(account.username, at), None, at).accepted:
            return account
    return None


def _ask(host: str, username: str, password: str, secret: bytes) -> int:
    """Send and wait; a server that has just learnt of a NAS may need a moment. Raises OSError, WireError."""
    with _udp(host) as channel:
        for attempt in range(TRIES):
            request = access_request(username, password, secret)
            try:
                channel.send(request)
                return reply_code(channel.recv(4096), request, secret)
            except TimeoutError:
                if attempt == TRIES - 1:
                    raise
    raise TimeoutError


def _udp(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    channel = socket.socket(family, socket.SOCK_DGRAM)
    channel.settimeout(SECONDS)
    channel.connect((host, settings.RADIUS_AUTH_PORT))
    return channel
