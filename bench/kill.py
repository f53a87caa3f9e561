"""RADIUS: the accounting responder killed with -9 five hundred times under load; what it acknowledged must be there.

A responder is the product's own worker; another takes the port as soon as one is dead, and one of them goes through
all that a start goes through. The load is a router's: packets in flight from several ports, sent again until they are
answered. At the end every acknowledged packet is looked for in the tables, and no octet may be there twice.
"""

import argparse
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django

from bench.goals import Goal, judged
from ispbilling.runner.account import CHECKOUT
from radius.wire.codec import md5

GOALS = (
    Goal("acknowledged packets that are not stored", ("missing",), 0, 0, lower=True),
    Goal("octets counted twice or not at all", ("octets_off",), 0, 0, lower=True),
)
PORTS, IN_FLIGHT, AGAIN_SECONDS = 8, 16, 0.1
OCTETS = 1000
#: A responder dies after so many answers at most, or after so many seconds without.
ANSWERS, PATIENCE = 300, 3.0


def main(arguments: list[str]) -> int:
    """Run it, print one JSON line, and return 0 when nothing acknowledged is missing."""
    parser = argparse.ArgumentParser(prog="./run bench kill", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=500, help="how often the responder is killed (500)")
    options = parser.parse_args(arguments)
    from bench import sql
    from ispbilling.runner.embedded import services

    for name in ("DATABASE_URL", "REDIS_URL"):  # never somebody's own database
        os.environ.pop(name, None)
    with services("bench") as servers:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ispbilling.settings")
        django.setup()
        from django.core.management import call_command

        from bench import ours  # imports models, so only now
        from bench.measuring import SECRET
        from bench.population import lines
        from bench.stage import free_ports

        sql.make_afresh(sql.address(os.environ["DATABASE_URL"]), "isp")
        call_command("migrate", verbosity=0, interactive=False)
        people = list(lines(1_000))
        ours.fill(people)
        (port,) = free_ports(1)
        environment = {"RADIUS_SPOOL_DIR": str(servers.folder / "spool")}
        with Responder(port, environment) as responder:
            storm = Storm(port, SECRET.encode(), [one.username for one in people])
            result = storm.rage(responder, options.kills)
            result |= missing(storm)
    result["goals"] = judged(result, GOALS)
    print(json.dumps(result), flush=True)
    return 1 if result["missing"] or result["octets_off"] else 0


def missing(storm: "Storm") -> dict[str, int]:
    """What was acknowledged and is not in the tables, and how far the usage of days is off what they hold."""
    from django.db.models import Sum

    from radius.models import Session, UsageDay

    rows = Session.objects.filter(acct_session_id__startswith=storm.name)
    stored = dict(rows.values_list("acct_session_id", "download_octets"))
    names = set(rows.values_list("username", flat=True))
    counted = UsageDay.objects.filter(data_account__username__in=names).aggregate(
        octets=Sum("download_octets")
    )
    held = Session.objects.filter(data_account__username__in=names).aggregate(octets=Sum("download_octets"))
    return {
        "missing": len(storm.acknowledged - stored.keys()),
        "stored": len(stored),
        "octets_off": (rows.count() - len(stored)) * OCTETS
        + abs((counted["octets"] or 0) - (held["octets"] or 0))
        + sum(abs(octets - OCTETS) for octets in stored.values()),
    }


class Responder:
    """A process that keeps one accounting worker on the port, another as soon as one is dead."""

    def __init__(self, port: int, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "bench.kill", str(port)]
        self._process = subprocess.Popen(
            command, cwd=CHECKOUT, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
        )
        self.pid = 0

    def __enter__(self) -> "Responder":
        self.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)
        assert self._process.stdout
        self._process.stdout.close()

    def wait(self) -> None:
        """Return when a worker answers."""
        assert self._process.stdout
        while not (line := self._process.stdout.readline()).startswith("ready "):
            if not line:
                raise RuntimeError("the responder did not start")
        self.pid = int(line.split()[1])

    def is_ready(self, seconds: float) -> bool:
        """Whether another worker answers within that time."""
        assert self._process.stdout
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return False
        self.wait()
        return True

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


@dataclass
class Storm:
    """The load: Stops of sessions of their own, each sent until it is answered."""

    port: int
    secret: bytes
    usernames: list[str]
    name: str = field(default_factory=lambda: f"K{os.getpid()}x{time.time_ns() % 10**9}-")
    acknowledged: set[str] = field(default_factory=set)
    _count: int = 0

    def rage(self, responder: Responder, kills: int) -> dict[str, Any]:
        """Send, kill, and send on; returns when the last responder has answered everything in flight."""
        began, done, dead_at = time.monotonic(), 0, 0.0
        sockets = [_Source(self) for _ in range(PORTS)]
        dies_at, answers = time.monotonic() + PATIENCE, self._answers()
        while done < kills:
            for one in sockets:
                one.turn(IN_FLIGHT)
            if dead_at:
                if responder.is_ready(0.001):
                    dead_at, dies_at, answers = 0.0, time.monotonic() + PATIENCE, self._answers()
            elif len(self.acknowledged) >= answers or time.monotonic() >= dies_at:
                responder.kill()
                dead_at, done = time.monotonic(), done + 1
        responder.wait()
        end = time.monotonic() + 20
        while any(one.waiting for one in sockets) and time.monotonic() < end:
            for one in sockets:
                one.turn(0)
        left = sum(len(one.waiting) for one in sockets)
        for one in sockets:
            one.close()
        seconds = round(time.monotonic() - began, 1)
        return {
            "kills": done,
            "seconds": seconds,
            "sent": self._count,
            "acknowledged": len(self.acknowledged),
            "unanswered": left,
        }

    def _answers(self) -> int:
        """So many answers the next responder gives."""
        return len(self.acknowledged) + random.randint(1, ANSWERS)

    def packet(self, identifier: int) -> tuple[str, bytes]:
        """The next session and its Stop."""
        self._count += 1
        session, now = f"{self.name}{self._count}", int(time.time())
        numbers = ((40, 2), (46, 60), (43, OCTETS), (42, 0), (55, now), (49, 1))
        attributes = b"".join(bytes((kind, 6)) + value.to_bytes(4, "big") for kind, value in numbers)
        username = self.usernames[self._count % len(self.usernames)]
        for kind, text in ((1, username), (44, session)):
            attributes += bytes((kind, len(text) + 2)) + text.encode()
        head = bytes((4, identifier)) + (20 + len(attributes)).to_bytes(2, "big")
        return session, head + md5(head + bytes(16) + attributes + self.secret).digest() + attributes


class _Source:
    """One source port of the router, with up to 256 packets in flight."""

    def __init__(self, storm: Storm) -> None:
        self._storm = storm
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect(("127.0.0.1", storm.port))
        self.waiting: dict[int, tuple[str, bytes, float]] = {}
        self._identifier = 0

    def close(self) -> None:
        self._socket.close()

    def turn(self, in_flight: int) -> None:
        """Take the answers that are there, send again what waits for long, and fill up."""
        self._take()
        now = time.monotonic()
        for identifier, (session, packet, at) in list(self.waiting.items()):
            if now - at > AGAIN_SECONDS:
                self._send(identifier, session, packet, now)
        while len(self.waiting) < in_flight:
            self._identifier = (self._identifier + 1) % 256
            self._send(self._identifier, *self._storm.packet(self._identifier), now)

    def _take(self) -> None:
        while True:
            try:
                answer = self._socket.recv(4096)
            except BlockingIOError:
                return
            except ConnectionRefusedError:  # nobody listens just now
                continue
            known = self.waiting.get(answer[1])
            if known is not None:
                proof = md5(answer[:4] + known[1][4:20] + answer[20:] + self._storm.secret).digest()
                if answer[0] == 5 and proof == answer[4:20]:
                    self._storm.acknowledged.add(known[0])
                    del self.waiting[answer[1]]

    def _send(self, identifier: int, session: str, packet: bytes, now: float) -> None:
        self.waiting[identifier] = (session, packet, now)
        try:
            self._socket.send(packet)
        except OSError:  # nobody listens just now, or the buffer is full: later again
            return


def respond(port: int) -> None:
    """Keep an accounting worker on the port until SIGTERM; says `ready PID` for each."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ispbilling.settings")
    django.setup()
    from django.conf import settings as chosen

    from radius.server.hints import Hints
    from radius.server.workers import Settings, account

    settings = Settings(
        ("127.0.0.1",), 0, port, 0, 1, 0, Path(chosen.RADIUS_SPOOL_DIR), chosen.RADIUS_SPOOL_MAX_MB * 10**6
    )
    child = 0

    def stop(_number: int, _frame: object) -> None:
        if child:
            os.kill(child, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    parent = os.getpid()
    while True:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            account(Hints(), settings, "127.0.0.1", lambda: os.getppid() != parent, _say_ready)
            os._exit(0)
        os.waitpid(child, 0)


def _say_ready() -> None:
    os.write(1, f"ready {os.getpid()}\n".encode())


if __name__ == "__main__":
    respond(int(sys.argv[1]))
