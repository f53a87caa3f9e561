"""A NAS on loopback that listens for Disconnect- and CoA-Requests and answers as it is told to."""

import socket
import threading

from radius.wire.coa import decode_request
from radius.wire.codec import Key, md5


class FakeNas:
    """`cause` None acknowledges, a number refuses with that Error-Cause, "silent" says nothing; `causes` may say
    otherwise for a code of RFC 5176 (40 Disconnect, 43 CoA). `forging` is the secret it answers with.
    """

    def __init__(
        self,
        secret: bytes,
        cause: int | str | None = None,
        *,
        forging: bytes = b"",
        address: str = "127.0.0.1",
        **causes: int | str | None,
    ) -> None:
        self._key, self.cause = Key(secret), cause
        self._signs = Key(forging or secret)
        self.causes = {int(name.removeprefix("code")): value for name, value in causes.items()}
        self.received: list[dict[int, bytes]] = []
        self.codes: list[int] = []
        self.octets: list[bytes] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = address
        self._socket.bind((address, 0))
        self._socket.settimeout(0.1)
        self.port = self._socket.getsockname()[1]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "FakeNas":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                data, sender = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            code, attributes = decode_request(data, self._key)
            self.received.append(attributes)
            self.codes.append(code)
            self.octets.append(data)
            cause = self.causes.get(code, self.cause)
            if cause != "silent":
                self._socket.sendto(self._answer(code, cause, data), sender)

    def _answer(self, code: int, cause: int | str | None, request: bytes) -> bytes:
        tail = b"" if cause is None else b"\x65\x06" + int(cause).to_bytes(4, "big")
        head = bytes((code + (1 if cause is None else 2), request[1])) + (20 + len(tail)).to_bytes(2, "big")
        return head + md5(head + request[4:20] + tail + self._signs.secret).digest() + tail
