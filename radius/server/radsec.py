"""RADIUS over TLS (RFC 6614, RFC 6613): what a NAS with a certificate sends over one lasting connection.

Design Overview: one process, one event loop. The TLS layer lets in only whoever proves to own a certificate of
ours; the connection is then known by the SHA-256 of that certificate, and its requests go through the same
`Authentication` and `Accounting` as datagrams do, `host` being that digest and the secret the word "radsec".
Requests of all connections that wait at the same time make a batch; accounting batches run in a thread, so that
their fsync never delays a login, and are answered after COMMIT.

Nothing grows with what a peer does: a frame is at most 4096 octets and has to be complete within seconds, a
connection has a bounded number of requests in flight and is read no further until they are answered, one that
does not read its answers or is silent for long is closed, and so is one whose NAS is not known any more.
"""

import asyncio
import ssl
from collections.abc import Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import structlog

from radius.server.counting import Counts
from radius.server.loop import Datagram, Handle

log = structlog.get_logger(__name__)

MIN_FRAME, MAX_FRAME, HEADER = 20, 4096, 4
# Seconds: for the handshake, for the rest of a frame that has begun, and without any request at all. A NAS that
# sends Status-Server as a watchdog (RFC 3539, every half minute) is never idle.
HANDSHAKE, FRAME, IDLE = 10.0, 10.0, 900.0
IN_FLIGHT, UNREAD = 256, 1 << 20
CONNECTIONS, CONNECTIONS_OF_ONE = 2_000, 32
BATCH = 256
ACCOUNTING_REQUEST = 4


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
        idle: float = IDLE,
        frame: float = FRAME,
    ) -> None:
        self._authentication, self._accounting = authentication, accounting
        self._known, self._counts = known, counts
        self._idle, self._frame = idle, frame
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
        server = await asyncio.start_server(
            self._connected,
            address,
            port,
            ssl=tls,
            ssl_handshake_timeout=HANDSHAKE,
            reuse_port=True,
            limit=MAX_FRAME * 4,
        )
        ready()
        while not stopping():
            await asyncio.sleep(0.25)
            for connection in [one for one in self._connections if one.host not in self._known()]:
                connection.writer.transport.abort()
        server.close()
        for connection in list(self._connections):
            connection.writer.close()
        while self._recording:
            await asyncio.sleep(0.01)
        self._thread.shutdown()

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
            start = await asyncio.wait_for(reader.readexactly(1), self._idle)
            async with asyncio.timeout(self._frame):
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
