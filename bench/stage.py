"""What the parts of the RADIUS bench share: databases with the same subscribers, and servers started when needed."""

import argparse
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from bench import comparing, measuring, ours, peer, population, sql
from bench.measuring import SECRET, Sample, Side, say
from bench.population import Line
from ispbilling.runner.embedded import Running

EMPTY = "isp_empty"  # migrated, without a row of the bench: a template
MAIN = "isp"


class Stage:
    """Starts what a part asks for, at its first use, and stops it at the end; keeps what was found wrong."""

    def __init__(self, running: Running, options: argparse.Namespace, where: dict[str, str]) -> None:
        self.running, self.options, self.where = running, options, where
        self.folder = running.folder
        self.faults: list[str] = []
        self.drawn_seconds: list[float] = []  # after each accounting test of ours
        self.random = random.Random(options.users)
        self.version = ""
        self._stack = ExitStack()
        self._peer_stack = self._stack.enter_context(ExitStack())
        self._seeds = count(1)
        self._filled = False

    def __enter__(self) -> "Stage":
        sql.make_afresh(self.where, MAIN, peer.DATABASE)
        say("migrating ...")
        call_command("migrate", verbosity=0, interactive=False)
        connection.close()
        sql.copy_database(self.where, EMPTY, MAIN)
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    @property
    def database_pid(self) -> int:
        return self.running.servers[0].process.pid

    @property
    def quick(self) -> bool:
        return bool(self.options.quick)

    def seed(self) -> int:
        """Another load: other users, and sessions of its own."""
        return next(self._seeds)

    @cached_property
    def people(self) -> list[Line]:
        """The subscribers of the main database, which is filled with them at this moment."""
        people = list(population.lines(self.options.users))
        say(f"filling our database with {len(people)} lines ...")
        ours.fill(people, metered=True)
        return people

    @property
    def spared(self) -> list[Line]:
        """Lines that no load uses: a part may close them and open them again."""
        return self.people[: len(self.people) // 10]

    @cached_property
    def users(self) -> Path:
        """What the load generator reads."""
        return self.write_users("users.csv", self.people[len(self.spared) :])

    def write_users(self, name: str, people: list[Line]) -> Path:
        """A file of users for the load generator."""
        file = self.folder / name
        population.write_users(people, file)
        return file

    @cached_property
    def ours(self) -> Side:
        """Our server over the main database."""
        return self._stack.enter_context(self.responder("radiusd.log"))

    @contextmanager
    def responder(self, log: str, lines: int = 0, **settings: str) -> Iterator[Side]:
        """One of our servers, on ports of its own, over the database that is in use."""
        first = self.people[0]
        auth, acct = free_ports(2)
        with ours.running(self.folder / log, first, auth, acct, 120 + lines / 5_000, **settings) as started:
            yield Side("ours", auth, acct, started.process.pid, ours.recorded)

    @cached_property
    def peer(self) -> Side:
        """FreeRADIUS over its own database with the same subscribers; replies of both are compared once."""
        mine = self.ours
        say("filling the peer's database ...")
        database = sql.connect(self.where, peer.DATABASE)
        self._peer_stack.callback(database.close)
        peer.fill(database, self.people)
        with database.cursor() as cursor:
            cursor.execute("CHECKPOINT")
        auth, acct = free_ports(2)
        theirs = self._peer_stack.enter_context(
            peer.running(self.folder / "freeradius", self.where, SECRET, auth, acct)
        )
        self.version = theirs.version
        different = comparing.differences(self.people, SECRET, mine.auth_port, auth)
        self.faults += [f"replies differ: {one}" for one in different]
        say(f"radiusd and FreeRADIUS {theirs.version} answer; {len(different)} replies differ")
        pid = theirs.process.pid
        return Side("peer", auth, acct, pid, lambda seed: peer.recorded(database, seed), signs=False)

    @property
    def sides(self) -> list[Side]:
        return [self.ours, self.peer]

    def stop_peer(self) -> None:
        """End it before something happens to the database server."""
        self._peer_stack.close()

    def keep(self, stack_entry: Any) -> Any:
        """Enter a context that lasts as long as the stage."""
        return self._stack.enter_context(stack_entry)

    def measure(
        self, side: Side, mode: str, users: Path | None = None, **options: Any
    ) -> tuple[Sample, dict[str, Any]]:
        """A load to its end; what was wrong with it is a fault."""
        sample, result = measuring.measure(side, self.database_pid, users or self.users, mode, **options)
        if not result["pass"]:
            self.faults.append(f"{side.name} {mode}: {result}")
        return sample, result

    def draw(self, side: Side) -> None:
        """Wait until ours has drawn what it recorded, which is to cost the peer's next test nothing."""
        if side.name != "ours":
            return
        seconds = ours.drawn()
        if self.check(seconds is not None, "ours: what was recorded is not drawn"):
            self.drawn_seconds.append(seconds or 0.0)

    def reconcile(self, side: Side, seed: int, result: dict[str, Any]) -> None:
        """What the tables hold must be what was sent."""
        wanted = (result["sessions"], result["sum_in"], result["sum_out"])
        held = side.recorded(seed)
        if held != wanted:
            self.faults.append(f"{side.name} recorded {held} (sessions, octets in, out), sent were {wanted}")

    def check(self, right: bool, sentence: str) -> bool:
        """Keep `sentence` as a fault unless it is `right`."""
        if not right:
            self.faults.append(sentence)
        return right


Part = Callable[[Stage], dict[str, Any]]


def free_ports(number: int) -> list[int]:
    """UDP ports that nobody uses at this moment."""
    probes = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(number)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    numbers = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return numbers
