"""Sockets: take what waits, hand it over as one batch, send what comes back. Knows nothing of RADIUS.

On Linux whole batches cross into the kernel in one call each way (recvmmsg, sendmmsg through ctypes with
buffers laid out once); elsewhere recvfrom and sendto do the same work.
"""

import ctypes
import select
import socket
import sys
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple

SIZE = 4096
_WAIT_FOR_ONE = 0x10000
_MESSAGE = 64  # sizeof(struct mmsghdr) on 64-bit Linux
_SO_RCVBUFFORCE = 33
_MAPPED = bytes(10) + b"\xff\xff"
_tuple = tuple.__new__


class Datagram(NamedTuple):
    """What arrived. `host` is the sender's address, 4 or 16 octets; `source` tells sender and port apart."""

    data: bytes
    host: bytes
    source: bytes


Handle = Callable[[Sequence[Datagram]], Sequence[bytes | None]]


def listen(address: str, port: int, receive_buffer: int = 8 << 20) -> socket.socket:
    """A bound UDP socket that shares its port with the other workers; `::` also takes IPv4."""
    family = socket.AF_INET6 if isinstance(ip_address(address), IPv6Address) else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:  # beyond net.core.rmem_max, which holds a few hundred packets: for those who may (CAP_NET_ADMIN)
        bound.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, receive_buffer)
    except OSError:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    bound.bind((address, port))
    return bound


def packed(address: str) -> bytes:
    """An address as `Datagram.host` has it."""
    return _plain(ip_address(address).packed)


def _plain(host: bytes) -> bytes:
    """IPv4 that came through an IPv6 socket, as IPv4."""
    return host[12:] if host[:12] == _MAPPED else host


def serve(
    bound: socket.socket,
    handle: Handle,
    batch: int,
    stopping: Callable[[], bool],
    between: Callable[[], None] = lambda: None,
) -> None:
    """Answer until `stopping()`; that and `between()` are called at least every second, and the batch in hand is
    always finished.
    """
    exchange = _exchange(bound, batch)
    while not stopping():
        between()
        datagrams = exchange.receive()
        if datagrams:
            exchange.send(handle(datagrams))


class _Plain:
    """recvfrom and sendto."""

    def __init__(self, bound: socket.socket, batch: int) -> None:
        bound.setblocking(False)
        self._socket, self._batch = bound, batch
        self._senders: list[tuple[str, int]] = []

    def receive(self) -> list[Datagram]:
        datagrams: list[Datagram] = []
        self._senders = []
        select.select([self._socket], [], [], 1.0)
        while len(datagrams) < self._batch:
            try:
                data, sender = self._socket.recvfrom(SIZE)
            except OSError:  # nothing more waits
                break
            host = _plain(ip_address(sender[0].partition("%")[0]).packed)
            datagrams.append(Datagram(data, host, host + sender[1].to_bytes(2, "big")))
            self._senders.append(sender)
        return datagrams

    def send(self, replies: Sequence[bytes | None]) -> None:
        for sender, reply in zip(self._senders, replies, strict=True):
            if reply is not None:
                try:
                    self._socket.sendto(reply, sender)
                except OSError:
                    continue  # gone, or its buffer is full: it will ask again


class _Batched:
    """recvmmsg and sendmmsg; `n` messages with a buffer, an address and an I/O vector each, way in and way
    out.
    """

    def __init__(self, bound: socket.socket, batch: int) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._recvmmsg, self._sendmmsg = libc.recvmmsg, libc.sendmmsg
        self._recvmmsg.argtypes = [
            ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p
        ]  # fmt: skip
        self._sendmmsg.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int]
        bound.setblocking(True)
        seconds = (1).to_bytes(8, sys.byteorder) + bytes(8)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
        self._fd, self._batch = bound.fileno(), batch
        self._six = bound.family == socket.AF_INET6
        self._room = 32  # fits both socket address structures
        self._memory = [ctypes.create_string_buffer(batch * size) for size in (SIZE, 16, _MESSAGE)]
        self._reply_memory = [ctypes.create_string_buffer(batch * size) for size in (SIZE, 16, _MESSAGE)]
        self._address_memory = ctypes.create_string_buffer(batch * self._room)
        self._addresses = ctypes.addressof(self._address_memory)
        self._lay_out(self._memory)
        self._lay_out(self._reply_memory)
        self._in = self._memory[0]  # a slice of it is bytes at once, half the price of a memoryview's
        self._out = memoryview(self._reply_memory[0]).cast("B")
        self._from = self._address_memory
        self._lengths = memoryview(self._memory[2]).cast("B").cast("I")
        self._in_headers = memoryview(self._memory[2]).cast("B").cast("Q")
        self._out_vectors = memoryview(self._reply_memory[1]).cast("B").cast("Q")
        self._out_headers = memoryview(self._reply_memory[2]).cast("B").cast("Q")
        self._in_at = ctypes.addressof(self._memory[2])
        self._out_at = ctypes.addressof(self._reply_memory[2])

    def _lay_out(self, memory: list["ctypes.Array[ctypes.c_char]"]) -> None:
        data, vectors = ctypes.addressof(memory[0]), ctypes.addressof(memory[1])
        vector = memoryview(memory[1]).cast("B").cast("Q")
        header = memoryview(memory[2]).cast("B").cast("Q")
        for n in range(self._batch):
            vector[2 * n], vector[2 * n + 1] = data + n * SIZE, SIZE
            # struct msghdr: name, name length, vectors, their number
            header[8 * n], header[8 * n + 1] = self._addresses + n * self._room, self._room
            header[8 * n + 2], header[8 * n + 3] = vectors + 16 * n, 1

    def receive(self) -> list[Datagram]:
        count = self._recvmmsg(self._fd, self._in_at, self._batch, _WAIT_FOR_ONE, None)
        datagrams = []
        senders: Any = self._from
        incoming: Any = self._in
        lengths, headers = self._lengths, self._in_headers
        size = 24 if self._six else 8
        for n in range(count):  # none when it timed out or was interrupted (-1)
            sender: bytes = senders[n * 32 : n * 32 + size]
            # sockaddr_in: family, port, address; sockaddr_in6: family, port, flow, address
            host = _plain(sender[8:24]) if self._six else sender[4:]
            start = n * SIZE
            data: bytes = incoming[start : start + lengths[16 * n + 14]]
            datagrams.append(_tuple(Datagram, (data, host, sender)))
            headers[8 * n + 1] = 32
        return datagrams

    def send(self, replies: Sequence[bytes | None]) -> None:
        out, vectors, headers = self._out, self._out_vectors, self._out_headers
        count = 0
        length = 28 if self._six else 16
        for n, reply in enumerate(replies):
            if reply is not None:
                size = len(reply)
                start = count * SIZE
                out[start : start + size] = reply
                vectors[2 * count + 1] = size
                headers[8 * count] = self._addresses + n * 32
                headers[8 * count + 1] = length
                count += 1
        sent = 0
        while sent < count:
            done = self._sendmmsg(self._fd, self._out_at + sent * _MESSAGE, count - sent, 0)
            sent += max(done, 1)  # one that cannot be sent is given up: its NAS asks again


def _exchange(bound: socket.socket, batch: int) -> "_Plain | _Batched":
    if sys.platform == "linux" and sys.maxsize > 2**32 and hasattr(ctypes.CDLL(None), "recvmmsg"):
        return _Batched(bound, batch)
    return _Plain(bound, batch)
