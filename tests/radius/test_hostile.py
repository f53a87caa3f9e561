"""The running server against what a broken router, a liar and a crash of PostgreSQL send its way."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from pyrad.packet import Packet, PacketError

from bench.mutating import mutations
from radius.models import AuthAttempt, Session
from radius.wire.codec import Key, text
from tests import builders
from tests.radius.conftest import Server, eventually, settled, start, stop
from tests.radius.packets import SECRET, access, accounting, vector
from tests.radius.test_vectors import EXPECTED

pytestmark = pytest.mark.django_db(transaction=True)
ACCEPT = 2


@pytest.fixture
def line(server):
    builders.nas(secret=SECRET.decode())
    made = builders.data_account(username="alice@isp.test", secret="wire-secret")
    assert eventually(lambda: answers(server))
    return made


def answers(server: Server, seconds: float = 0.5) -> bool:
    reply = server.ask(access(), seconds)
    return reply is not None and reply.code == ACCEPT


def workers(server: Server) -> list[str]:
    pid = server.process.pid
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def private_megabytes(pids: list[str]) -> float:
    """The resident memory of these processes that they do not share with files: second and third of statm (proc(5)),
    in pages, which every Linux counts.
    """
    pages = 0
    for pid in pids:
        _size, resident, shared, *_rest = map(int, Path(f"/proc/{pid}/statm").read_text().split())
        pages += resident - shared
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Talk:
    """One source port of a NAS: broken datagrams, and behind them a good one, which the same worker answers."""

    def __init__(self, port: int, good: Callable[[], Packet]) -> None:
        self._good = good
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._socket.settimeout(5)

    def __enter__(self) -> "Talk":
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()

    def turn(self, broken: Iterable[bytes]) -> float:
        """Seconds that the good one took, with all that waited before it."""
        for datagram in broken:
            self._socket.send(datagram)
        packet = self._good()  # of a line that nobody guesses the password of
        octets = packet.RequestPacket()
        began = time.monotonic()
        self._socket.send(octets)
        while True:
            reply = self._socket.recv(4096)
            if reply[1] == octets[1] and reply[0] in (2, 5) and self._is_ours(packet, reply):
                return time.monotonic() - began

    def _is_ours(self, packet: Packet, reply: bytes) -> bool:
        with contextlib.suppress(PacketError):
            return bool(packet.VerifyReply(packet.CreateReply(packet=reply), reply))
        return False


# A group is what the smallest receive queue of a kernel holds.
FUZZED, GROUP = 100_000, 100


def test_a_hundred_thousand_broken_datagrams_neither_stop_nor_slow_the_good_ones(server, line):
    """Made of the vectors, most of them signed again so that they get far; a fifth from an unknown source."""
    builders.data_account(username="bob@isp.test", secret="wire-secret")
    assert settled(lambda: server.ask(honest_login(), 0.5).code == ACCEPT)
    good = [vector(name) for name, e in EXPECTED.items() if e["form"] in ("access", "accounting", "status")]
    good += [access().RequestPacket(), access(method="mschap2").RequestPacket()]
    broken = mutations(good, Key(SECRET), seed=1812)
    before, memory, slowest, sent = workers(server), 0.0, 0.0, 0
    with ExitStack() as stack:
        talks = [
            stack.enter_context(Talk(port, make))
            for port, make in [(server.auth_port, honest_login), (server.acct_port, honest_report)] * 2
        ]
        stranger = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        stranger.bind(("127.0.0.2", 0))
        while sent < FUZZED:
            slowest = max(slowest, *[talk.turn(islice(broken, GROUP)) for talk in talks])
            for datagram in islice(broken, GROUP):
                stranger.sendto(
                    datagram, ("127.0.0.1", server.auth_port if sent % 1000 else server.acct_port)
                )
            sent += GROUP * (len(talks) + 1)
            if not memory and sent >= FUZZED // 4:  # caches of answers have filled
                memory = private_megabytes(before)
    assert workers(server) == before
    assert slowest < 0.5
    assert private_megabytes(before) - memory < 50


def honest_login() -> Packet:
    return access("bob@isp.test")


def honest_report() -> Packet:
    return accounting("Interim-Update", "fuzz", "bob@isp.test")


@pytest.mark.parametrize("username", [b"a\x00b", b"\xff\xfe\xed\xa0\x80", b"\\.\n\t\\N", "'{}\",💣".encode()])
def test_a_name_no_table_could_hold_loses_nobodys_record(server, line, username):
    """Rejects and reports are written in batches: one poisonous row must not take its neighbours with it."""
    for packet in (access("x"), accounting("Start", "poison")):
        packet[1] = [username]
        if packet.code == 1:
            packet.add_message_authenticator()
        assert server.ask(packet) is not None
    server.ask(access("neighbour@isp.test"))
    assert server.ask(accounting("Start", "neighbour")) is not None
    assert eventually(lambda: AuthAttempt.objects.filter(username="neighbour@isp.test").exists())
    assert eventually(
        lambda: AuthAttempt.objects.filter(username=text(username), code="UNKNOWN_USER").exists()
    )
    assert set(Session.objects.values_list("acct_session_id", flat=True)) == {"poison", "neighbour"}


def test_proxy_states_of_any_size_come_back_whole(server, line):
    states = [bytes([n]) * 253 for n in range(14)]
    packet = access(Proxy_State=states[0])
    for state in states[1:]:
        packet.AddAttribute("Proxy-State", state)
    packet.add_message_authenticator()
    reply = server.ask(packet)
    if reply is not None:  # what does not fit into 4096 octets with the answer is dropped, not cut
        assert reply["Proxy-State"] == states
    assert answers(server)


def test_a_stranger_flood_is_dropped_unwritten(server, line):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        for _ in range(2000):
            stranger.sendto(access("nobody").RequestPacket(), ("127.0.0.1", server.auth_port))
    assert answers(server, 2)
    time.sleep(0.3)
    assert not AuthAttempt.objects.filter(username="nobody").exists()


def test_a_nas_taken_away_is_a_stranger_at_once_and_a_new_secret_counts_at_once(server, line):
    nas = builders.Nas.objects.get()
    nas.secret = "another-secret"
    nas.save(update_fields=["secret"])
    assert eventually(lambda: server.ask(access(secret=b"another-secret"), 0.3) is not None)
    assert server.ask(access(), 0.3) is None
    nas.delete()
    assert eventually(lambda: server.ask(access(secret=b"another-secret"), 0.3) is None)


def test_postgresql_killed_under_load_takes_no_promise_back(django_db_blocker):
    """kill -9 of a backend makes PostgreSQL end all of them and recover its log, as after any crash."""
    with connection.cursor() as cursor:  # the embedded server of the tests is forgetful; production is not
        cursor.execute(f'ALTER DATABASE "{connection.settings_dict["NAME"]}" SET synchronous_commit = on')
    builders.nas(secret=SECRET.decode())
    line = builders.data_account(username="alice@isp.test", secret="wire-secret")
    running = start()
    promised = []
    try:
        assert eventually(lambda: answers(running))
        assert eventually(lambda: running.ask(accounting("Start", "first"), 0.5) is not None)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'radiusd accounting'")
            victim = cursor.fetchone()[0]
        before = workers(running)
        os.kill(victim, signal.SIGKILL)
        end = time.monotonic() + 12
        while time.monotonic() < end and len(promised) < 5:
            session = f"s{time.monotonic()}"
            if running.ask(accounting("Start", session), 0.1) is not None:
                promised.append(session)
            assert answers(running, 2), "logins are answered from memory"
        connection.close()
        assert eventually(back, 60)
        assert promised, "accounting is recorded again"
        assert workers(running) == before, "no worker fell over it"
        assert eventually(lambda: {"first", *promised} <= recorded(), 10), "what went to disk is recorded"
        line.blocked = True
        line.save(update_fields=["blocked"])
        assert eventually(lambda: not answers(running), 10), "the copy follows again"
    finally:
        stop(running)
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{connection.settings_dict["NAME"]}" RESET synchronous_commit')


def recorded() -> set[str]:
    return set(Session.objects.values_list("acct_session_id", flat=True))


def back() -> bool:
    with contextlib.suppress(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return True
    connection.close()
    return False
