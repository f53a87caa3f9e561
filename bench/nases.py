"""Many NASes in one process, each with an address of its own, that note when each session was first spoken of.

    python -m bench.nases PORT COUNT SILENT SECRET

listens on 127.1.0.1 to 127.1.0.COUNT; the last SILENT of them never answer, the others acknowledge everything.
A line `report` on stdin answers with one line of JSON ({Acct-Session-Id: monotonic seconds}) and starts afresh.
"""

import json
import select
import socket
import sys
import time
from hashlib import md5

_BUFFER = 16 << 20


def address(number: int) -> str:
    """That of the NAS with this number, from 0."""
    return f"127.1.{number >> 8}.{(number & 255) + 1}"


def main(arguments: list[str]) -> None:
    """Serve until stdin ends."""
    port, count, silent = map(int, arguments[:3])
    secret = arguments[3].encode()
    poll = select.epoll()
    sockets: dict[int, tuple[socket.socket, bool]] = {}
    for number in range(count):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        one.setblocking(False)
        one.bind((address(number), port))
        poll.register(one, select.EPOLLIN)
        sockets[one.fileno()] = (one, number < count - silent)
    poll.register(sys.stdin, select.EPOLLIN)
    first: dict[bytes, float] = {}
    print("ready", flush=True)
    while True:
        for ready, _events in poll.poll():
            if ready == sys.stdin.fileno():
                if not sys.stdin.readline():
                    return
                print(json.dumps({name.decode(): at for name, at in first.items()}), flush=True)
                first.clear()
            else:
                _serve(*sockets[ready], secret, first)


def _serve(one: socket.socket, answers: bool, secret: bytes, first: dict[bytes, float]) -> None:
    for _ in range(64):
        try:
            data, sender = one.recvfrom(4096)
        except BlockingIOError:
            return
        first.setdefault(_session_id(data), time.monotonic())
        if answers:
            head = bytes((data[0] + 1, data[1], 0, 20))
            one.sendto(head + md5(head + data[4:20] + secret, usedforsecurity=False).digest(), sender)


def _session_id(data: bytes) -> bytes:
    offset = 20
    while data[offset] != 44:
        offset += data[offset + 1]
    return data[offset + 2 : offset + data[offset + 1]]


if __name__ == "__main__":
    main(sys.argv[1:])
