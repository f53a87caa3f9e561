"""Workers of the server in this process: for what is about their memory and not about sockets."""

import os
import tempfile
from pathlib import Path

from django.db import connection

from radius.server.counting import Counts
from radius.server.handlers import Accounting, Authentication
from radius.server.loop import Datagram, packed
from radius.server.posture import PostureLog
from radius.server.snapshot import Directory, Snapshot
from radius.server.spool import Spool
from radius.usage.recording import Recorder
from radius.wire.usernames import Usernames
from tests.radius.packets import access

HOST = "10.1.0.1"


class Worker:
    """An authentication worker in this process."""

    def __init__(self) -> None:
        self.snapshot, self.counts = Snapshot(), Counts("test")
        self.handle = self.handler()
        self.posture = PostureLog(self.counts, self.snapshot.ratcheted, self.snapshot.names)
        self.reload()

    def handler(self):
        return Authentication(self.snapshot, self.counts, lambda _attempt: None)

    def reload(self) -> None:
        connection.ensure_connection()
        self.snapshot.reload(connection.connection)

    def ask(self, packet, host: str = HOST, source: bytes = b"") -> bytes | None:
        octets = packet if isinstance(packet, bytes) else packet.RequestPacket()
        return self.handle([Datagram(octets, packed(host), source or os.urandom(6))])[0]

    def answers(self, **how) -> bool:
        return self.ask(access(**how)) is not None


class AccountingWorker(Worker):
    """The same for accounting, on this process's connection."""

    def handler(self):
        self.snapshot = Directory()
        spool = Spool(Path(tempfile.gettempdir()) / "never-needed", 0)
        return Accounting(
            self.snapshot, self.counts, lambda: Recorder(connection.connection, Usernames()), spool
        )
