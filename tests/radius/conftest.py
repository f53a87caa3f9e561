"""The RADIUS server as it runs in production, on free loopback ports and the test database."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from pyrad.packet import Packet

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    """A running radiusd and a socket to talk to it through."""

    process: subprocess.Popen
    auth_port: int
    acct_port: int
    address: str = "127.0.0.1"
    spool: Path = Path()

    def ask(self, packet: Packet, seconds: float = 3.0, source: str = "") -> Packet | None:
        """The verified reply as pyrad reads it; None when the server keeps silent. Asked from that address."""
        octets = packet.RequestPacket()
        port = self.auth_port if packet.code in (1, 12) else self.acct_port
        reply = self.send(octets, port, seconds, source)
        if reply is None:
            return None
        read = packet.CreateReply(packet=reply)
        if packet.code == 4:
            assert packet.VerifyReply(read, reply)
        else:
            assert packet.VerifyReply(read, reply, enforce_ma=True)
        return read

    def send(self, octets: bytes, port: int, seconds: float = 3.0, source: str = "") -> bytes | None:
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as client:
            client.settimeout(seconds)
            if source:
                client.bind((source, 0))
            client.sendto(octets, (self.address, port))
            with contextlib.suppress(TimeoutError):
                return client.recv(4096)
        return None


def database_url() -> str:
    """The test database's URL, for a process of its own."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path="/" + connection.settings_dict["NAME"]))


def start(address: str = "127.0.0.1", log: Any = None, **environment: str) -> Server:
    """Start radiusd and wait until it answers; `log` is an open file for what it logs."""
    auth_port, acct_port = free_port(), free_port()
    spool = Path(environment.setdefault("RADIUS_SPOOL_DIR", tempfile.mkdtemp(prefix="spool-")))
    process = subprocess.Popen(
        [sys.executable, "manage.py", "radiusd", f"--address={address}", f"--auth-port={auth_port}",
         f"--acct-port={acct_port}"],
        cwd=ROOT,
        env={
            **os.environ, "DATABASE_URL": database_url(), "RADIUS_SAMPLE_ACCEPTS": "0", **environment,
        },  # fmt: skip
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )  # fmt: skip
    line = process.stdout.readline()
    while line and not line.startswith("RADIUS answers"):
        line = process.stdout.readline()
    assert line, "radiusd did not start"
    return Server(process, auth_port, acct_port, address, spool)


def stop(server: Server) -> None:
    server.process.terminate()
    server.process.wait(15)
    server.process.stdout.close()
    shutil.rmtree(server.spool)


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker) -> Iterator[Server]:
    """One radiusd for the tests of a module; it follows the database as it does in production."""
    with django_db_blocker.unblock():
        running = start()
        yield running
        stop(running)
        from ispbilling.runner.pytest_database import restore

        # What it wrote when it ended came after the tables were emptied behind the last test.
        restore()


def eventually(question, seconds: float = 5.0):
    """What `question()` answers once that is true; its last answer when time is up."""
    end = time.monotonic() + seconds
    while not (answer := question()) and time.monotonic() < end:
        time.sleep(0.02)
    return answer


def settled(question, seconds: float = 5.0) -> bool:
    """Whether `question()` becomes true whoever answers: every worker has a copy of its own, and each socket of
    ours may reach another one.
    """
    return eventually(lambda: all(question() for _ in range(6)), seconds)
