"""RADIUS over TLS (RFC 6614, RFC 6613): what a NAS with a certificate sends over one lasting connection.

Design Overview: one process, one event loop. The TLS layer lets in only whoever proves to own a certificate of
ours; the connection is then known by the SHA-256 of that certificate, and its requests go through the same
`Authentication` and `Accounting` as datagrams do, `host` being that digest and the secret the word "radsec".
Requests of all connections that wait at the same time make a batch; accounting batches run in a thread, so that
their fsync never delays a login, and are answered after COMMIT.

Nothing grows with what a peer does: handshakes under way are bounded by where they come from and in all, and the
oldest gives way, so that who never ends his locks nobody out; a frame is at most 4096 octets and has to be complete
within seconds, a connection has a bounded number of requests in flight and is read no further until they are
answered, one that does not read its answers or is silent for long is closed, and so is one whose NAS is not known
any more.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Container, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import structlog

from radius.server.counting import Counts
from radius.server.loop import Datagram, Handle, packed

log = structlog.get_logger(__name__)

MIN_FRAME, MAX_FRAME, HEADER = 20, 4096, 4
IN_FLIGHT, UNREAD = 256, 1 << 20
CONNECTIONS, CONNECTIONS_OF_ONE = 2_000, 32
BATCH, BACKLOG = 256, 1024
ACCOUNTING_REQUEST = 4
# What one customer of another provider has of IPv6, and may take all addresses of.
_SITE = 8
# Without a descriptor to accept with, one may be free again after so long.
_NO_DESCRIPTOR_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for the handshake, for the rest of a frame that has begun, and without any request at all: a NAS that
    sends Status-Server as a watchdog (RFC 3539, every half minute) is never idle. Then how many handshakes may be
    under way, from one place (an IPv4 address or a /64) and from all together.
    """

    handshake: float = 10.0
    frame: float = 10.0
    idle: float = 900.0
    shaking_of_one: int = 32
    shaking: int = 512


def context(certificate: Path, key: Path, authority: Path | None) -> ssl.SSLContext:
    """TLS for the server: 1.2 or later, a certificate asked of everybody, no resumption without one.

    With an authority the chain must lead to it; without one only the certificates that were pasted are believed.
    Raises OSError or ssl.SSLError when the files cannot be used.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_mode = ssl.CERT_REQUIRED
    made.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    made.num_tickets = 0
    made.load_cert_chain(certificate, key)
    if authority is not None:
        made.load_verify_locations(authority)
    else:
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return made


def believe(tls: ssl.SSLContext, certificates: Sequence[str]) -> None:
    """Let the owners of these certificates in; who was let in before is told apart by the digest alone."""
    for pem in certificates:
        try:
            tls.load_verify_locations(cadata=pem)
        except ssl.SSLError as error:
            log.error("radsec_certificate_unusable", error=str(error))


class Connection:
    """One NAS's end: what it may still send before it is answered, and where its answers go."""

    def __init__(self, host: bytes, number: int, writer: asyncio.StreamWriter) -> None:
        self.host, self.writer = host, writer
        self.source = b"tls" + number.to_bytes(8, "big")
        self.room = asyncio.Semaphore(IN_FLIGHT)

    def answer(self, reply: bytes | None) -> None:
        """Send a reply, if there is one, and make room for the next request."""
        self.room.release()
        if reply is None or self.writer.is_closing():
            return
        if self.writer.transport.get_write_buffer_size() > UNREAD:
            self.writer.transport.abort()
            return
        self.writer.write(reply)


Waiting = list[tuple[Datagram, Connection]]


class Radsec:
    """The listening process. `known()` are the digests of certificates that may talk now."""

    def __init__(
        self,
        authentication: Handle,
        accounting: Handle,
        known: Callable[[], Container[bytes]],
        counts: Counts,
        limits: Limits = Limits(),  # noqa: B008 - it never changes
    ) -> None:
        self._authentication, self._accounting = authentication, accounting
        self._known, self._counts = known, counts
        self._limits = limits
        # The handshakes under way and where they come from, the oldest first; and everything that is under way.
        self._shaking: dict[asyncio.Task[None], bytes] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._logins: Waiting = []
        self._reports: Waiting = []
        self._recording = False
        self._recorder: asyncio.Future[None] | None = None  # held, or it could be collected at work
        self._connections: set[Connection] = set()
        self._number = 0
        self._thread = ThreadPoolExecutor(1, "accounting")

    async def serve(
        self,
        address: str,
        port: int,
        tls: ssl.SSLContext,
        stopping: Callable[[], bool],
        ready: Callable[[], None],
    ) -> None:
        """Listen until `stopping()`."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.create_server(
            (address, port), family=family, backlog=BACKLOG, reuse_port=True, dualstack_ipv6=":" in address
        ) as listening:
            listening.setblocking(False)
            accepting = self._begin(self._accept(listening, tls))
            ready()
            while not stopping():
                await asyncio.sleep(0.25)
                for connection in [one for one in self._connections if one.host not in self._known()]:
                    connection.writer.transport.abort()
            for task in (accepting, *self._shaking):
                task.cancel()
        for connection in list(self._connections):
            connection.writer.close()
        while self._recording:
            await asyncio.sleep(0.01)
        self._thread.shutdown()

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # held, or it could be collected at work
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self, listening: socket.socket, tls: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                plain, peer = await loop.sock_accept(listening)
            except OSError:  # gone before it was taken, or no descriptor is left
                self._counts.drop("radsec_not_accepted")
                await asyncio.sleep(_NO_DESCRIPTOR_SECONDS)
                continue
            place = packed(peer[0].partition("%")[0])[:_SITE]
            self._make_room(place)
            self._shaking[self._begin(self._shake(plain, tls))] = place

    def _make_room(self, place: bytes) -> None:
        """Let go of the oldest handshake where there are too many: an honest one takes no longer than a moment."""
        here = [task for task, other in self._shaking.items() if other == place]
        if len(here) >= self._limits.shaking_of_one or len(self._shaking) >= self._limits.shaking:
            oldest = here[0] if len(here) >= self._limits.shaking_of_one else next(iter(self._shaking))
            del self._shaking[oldest]
            oldest.cancel()
            self._counts.drop("radsec_handshakes")

    async def _shake(self, plain: socket.socket, tls: ssl.SSLContext) -> None:
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader(MAX_FRAME * 4)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _protocol = await loop.connect_accepted_socket(
                lambda: protocol, plain, ssl=tls, ssl_handshake_timeout=self._limits.handshake
            )
        except OSError:  # no TLS, no certificate that we believe, or no end in time
            self._counts.drop("radsec_handshake")
            return
        finally:
            self._shaking.pop(cast("asyncio.Task[None]", asyncio.current_task()), None)
        await self._connected(reader, asyncio.StreamWriter(transport, protocol, reader, loop))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = sha256(writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b"").digest()
        mine = sum(one.host == host for one in self._connections)
        if host not in self._known() or mine >= CONNECTIONS_OF_ONE or len(self._connections) >= CONNECTIONS:
            self._counts.drop("radsec_refused")
            writer.transport.abort()
            return
        self._number += 1
        connection = Connection(host, self._number, writer)
        self._connections.add(connection)
        try:
            await self._read(reader, connection)
        except TimeoutError:
            self._counts.drop("radsec_timeout")
        except (OSError, asyncio.IncompleteReadError):
            pass  # gone, in the middle of a frame or between two
        finally:
            self._connections.discard(connection)
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader, connection: Connection) -> None:
        while True:
            start = await asyncio.wait_for(reader.readexactly(1), self._limits.idle)
            async with asyncio.timeout(self._limits.frame):
                head = start + await reader.readexactly(HEADER - 1)
                length = head[2] << 8 | head[3]
                if not MIN_FRAME <= length <= MAX_FRAME:
                    # RFC 6613 section 2.6.4: where the next frame begins cannot be known any more.
                    self._counts.drop("radsec_length")
                    return
                data = head + await reader.readexactly(length - HEADER)
            await connection.room.acquire()
            self._take(data, connection)

    def _take(self, data: bytes, connection: Connection) -> None:
        one = Datagram(data, connection.host, connection.source), connection
        if data[0] == ACCOUNTING_REQUEST:
            self._reports.append(one)
            if not self._recording:
                self._recording = True
                self._recorder = asyncio.ensure_future(self._record())
        else:
            if not self._logins:
                asyncio.get_running_loop().call_soon(self._decide)
            self._logins.append(one)

    def _decide(self) -> None:
        waiting, self._logins = self._logins, []
        _answer(waiting, _handled(self._authentication, [one for one, _connection in waiting]))

    async def _record(self) -> None:
        """What waits is one transaction; the next gathers meanwhile."""
        loop = asyncio.get_running_loop()
        try:
            while self._reports:
                waiting, self._reports = self._reports[:BATCH], self._reports[BATCH:]
                batch = [one for one, _connection in waiting]
                _answer(waiting, await loop.run_in_executor(self._thread, _handled, self._accounting, batch))
        finally:
            self._recording = False


def _handled(handle: Handle, batch: Sequence[Datagram]) -> Sequence[bytes | None]:
    try:
        return handle(batch)
    except Exception:  # one batch, whatever is wrong with it, must not end everybody's service
        log.exception("radsec_batch_failed", packets=len(batch))
        return [None] * len(batch)


def _answer(waiting: Waiting, replies: Sequence[bytes | None]) -> None:
    for (_one, connection), reply in zip(waiting, replies, strict=True):
        connection.answer(reply)
