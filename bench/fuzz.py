"""RADIUS: a million datagrams that no router would send, to the listening server, and good ones in between.

They come from a NAS the server knows, most of them rightly signed. After every 50 of them, from the same source port
and so to the same worker, a good request must be answered: while a worker hangs or is gone, it is not.
"""

import argparse
import json
import math
import os
import re
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import md5
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import django

from bench import asking, processes, sql
from bench.goals import Goal, judged
from bench.measuring import SECRET, say, summary
from bench.mutating import mutations
from bench.population import Line, lines
from bench.radius import leave
from ispbilling.runner.embedded import services
from radius.wire.codec import Key

GROUP = 50
#: Datagrams before memory is read for the first time: caches of answers fill, connections are made.
WARM = 100_000
GOALS = (
    Goal("workers that died", ("died",), 0, 0, lower=True),
    Goal("good requests without an answer", ("unanswered",), 0, 0, lower=True),
    Goal("datagrams that raised what nobody expected", ("unexpected",), 0, 0, lower=True),
    Goal("good answers p99 ms", ("answer_ms", "p99"), 50, 50, lower=True),
    Goal("good answers over 100 ms", ("answer_ms", "over_100"), 0, 0, lower=True),
    Goal("growth of memory, MB", ("growth_mb",), 16, 32, lower=True),
)
Ask = Callable[[Line, Key, int], bytes]
LOGINS: tuple[Ask, ...] = (asking.pap, asking.chap, asking.mschapv2, asking.status)
ACCOUNTING: tuple[Ask, ...] = (asking.start, asking.stop)
#: With so many good requests unanswered there is nothing more to learn.
ENOUGH = 20
_UNEXPECTED = ("login_failed_to_be_judged", "accounting_failed_to_be_read", "radius_worker_failed")
_EVENT = re.compile(r"\b([a-z]+(?:_[a-z]+)+)\b")


def main(arguments: list[str]) -> int:
    """Run it, print one JSON line, and return 0 when nothing died, went unanswered or raised the unexpected."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, leave)
    for name in ("DATABASE_URL", "REDIS_URL"):  # never somebody's own database
        os.environ.pop(name, None)
    with services("bench") as servers:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ispbilling.settings")
        django.setup()
        from django.core.management import call_command

        from bench import ours  # imports models, so only now
        from bench.stage import free_ports

        sql.make_afresh(sql.address(os.environ["DATABASE_URL"]), "isp")
        say("migrating ...")
        call_command("migrate", verbosity=0, interactive=False)
        people = list(lines(1_000))
        ours.fill(people)
        auth, acct = free_ports(2)
        log = servers.folder / "radiusd-fuzz.log"
        with ours.running(log, people[0], auth, acct) as started:
            result = _fuzz(options, people, (auth, acct), started.process.pid)
        result |= _said(log)
    result["goals"] = judged(result, GOALS)
    print(json.dumps(result), flush=True)
    return 1 if result["died"] or result["unanswered"] or result["unexpected"] else 0


def _fuzz(
    options: argparse.Namespace, people: list[Line], ports: tuple[int, int], root: int
) -> dict[str, Any]:
    """Half to each port: the answers of good requests in between, and what became of the workers."""
    workers = _workers(root, ports)
    dropped = sum(map(processes.drops, ports))
    answers: list[float] = []
    warm, sent, began = min(WARM, options.count // 5), 0, time.monotonic()
    before = 0.0
    with ExitStack() as stack:
        talks = [
            stack.enter_context(Conversation(port, ask, code, people, options.seed * 1_000 + 2 * n + code))
            for n in range(2 if options.quick else 8)
            for port, ask, code in zip(ports, (asking.pap, asking.start), (2, 5), strict=True)
        ]
        while sent < options.count and answers.count(math.inf) < ENOUGH:
            answers += [math.inf if took is None else took * 1000 for took in (one.turn() for one in talks)]
            sent += GROUP * len(talks)
            if not before and sent >= warm:
                before = max(map(processes.private_mb, workers))
            if len(answers) % (len(talks) * 100) == 0:
                say(f"  {sent} sent, the slowest answer took {max(answers):.0f} ms")
    after = max(map(processes.private_mb, workers))
    answered = [one for one in answers if one < math.inf]
    return {
        "sent": sent,
        "seconds": round(time.monotonic() - began, 1),
        "good_requests": len(answers),
        "unanswered": len(answers) - len(answered),
        "died": len(set(workers) - set(_workers(root, ports))),
        "answer_ms": {**summary(answered), "over_100": sum(1 for one in answers if one > 100)},
        "worker_mb": round(after, 1),
        "growth_mb": round(after - before, 1),
        "kernel_drops": sum(map(processes.drops, ports)) - dropped,
    }


def _workers(root: int, ports: tuple[int, int]) -> list[int]:
    return [pid for port in ports for pid in processes.listeners(root, port)]


class Conversation:
    """One source port: fifty mutations, then a good request and its answer."""

    def __init__(self, port: int, ask: Ask, code: int, people: list[Line], seed: int) -> None:
        # A line whose session runs elsewhere is refused, and rightly: those that log in are others.
        self._ask, self._code, self._honest = ask, code, people[0 if ask is asking.pap else 100]
        self._key, self._identifiers = Key(SECRET.encode()), cycle(range(256))
        good = [kind(line, self._key, 1) for line in people[1:50] for kind in LOGINS]
        good += [kind(line, self._key, 1) for line in people[101:150] for kind in ACCOUNTING]
        self._mutations = mutations(good, self._key, seed)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._socket.settimeout(5)

    def __enter__(self) -> "Conversation":
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()

    def turn(self) -> float | None:
        """Seconds from a good request, sent right behind the others, to its answer; None without one."""
        for datagram in islice(self._mutations, GROUP):
            self._socket.send(datagram)
        request = self._ask(self._honest, self._key, next(self._identifiers))
        began = time.monotonic()
        self._socket.send(request)
        try:
            while not self._answers(self._socket.recv(4096), request):
                pass
        except (TimeoutError, ConnectionRefusedError):
            return None
        return time.monotonic() - began

    def _answers(self, reply: bytes, request: bytes) -> bool:
        """Signed for this request (RFC 2865 section 3): mutations are answered too, with the same identifiers."""
        if len(reply) < 20 or reply[:2] != bytes((self._code, request[1])):
            return False
        hashed = md5(reply[:4] + request[4:20] + reply[20:] + self._key.secret, usedforsecurity=False)
        return reply[4:20] == hashed.digest()


def _said(log: Path) -> dict[str, Any]:
    """What the server logged: lines by event, and those that say something unforeseen happened."""
    events: Counter[str] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        found = _EVENT.search(line)
        events[found.group(1) if found else "other"] += 1
    return {
        "log_lines": dict(events.most_common(12)),
        "unexpected": sum(events[name] for name in _UNEXPECTED),
    }


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench fuzz", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--count", type=int, help="datagrams (1000000)")
    parser.add_argument("--seed", type=int, default=0, help="others are other datagrams (0)")
    parser.add_argument("--quick", action="store_true", help="20000 datagrams")
    chosen = parser.parse_args(arguments)
    chosen.count = chosen.count or (20_000 if chosen.quick else 1_000_000)
    return chosen
