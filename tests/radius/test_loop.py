"""The socket loop and the duplicate cache, by themselves."""

import socket
import threading

import pytest

from radius.server import loop
from radius.server.dedupe import Duplicates


def echo(datagrams):
    """Answers with what came and from where; `silent` gets nothing."""
    return [None if d.data == b"silent" else d.data + b"|" + d.host for d in datagrams]


@pytest.fixture(params=[loop._Batched, loop._Plain], ids=["batched", "plain"])
def listening(request):
    """A loop on each way to the kernel; yields a function that starts it on an address."""
    stop, threads, bounds = threading.Event(), [], []

    def start(address: str) -> int:
        bound = loop.listen(address, 0)
        exchange = request.param(bound, 8)

        def run() -> None:
            while not stop.is_set():
                datagrams = exchange.receive()
                if datagrams:
                    exchange.send(echo(datagrams))

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        bounds.append(bound)
        return bound.getsockname()[1]

    yield start
    stop.set()
    for thread in threads:
        thread.join(3)
    for bound in bounds:
        bound.close()


def ask(address: str, port: int, data: bytes, seconds: float = 2.0) -> bytes | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(seconds)
        client.sendto(data, (address, port))
        try:
            return client.recv(8192)
        except TimeoutError:
            return None


def test_it_answers_on_ipv4(listening):
    port = listening("127.0.0.1")
    assert ask("127.0.0.1", port, b"hello") == b"hello|\x7f\x00\x00\x01"


def test_one_ipv6_socket_answers_both_families(listening):
    port = listening("::")
    assert ask("::1", port, b"six") == b"six|" + bytes(15) + b"\x01"
    assert ask("127.0.0.1", port, b"four") == b"four|\x7f\x00\x00\x01"


def test_silence_is_possible_and_hurts_no_neighbour(listening):
    port = listening("127.0.0.1")
    assert ask("127.0.0.1", port, b"silent", 0.2) is None
    assert ask("127.0.0.1", port, b"after") == b"after|\x7f\x00\x00\x01"


def test_every_one_of_many_gets_its_own_answer(listening):
    port = listening("127.0.0.1")
    clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(40)]
    for n, client in enumerate(clients):
        client.settimeout(2)
        client.sendto(b"%d" % n, ("127.0.0.1", port))
    for n, client in enumerate(clients):
        with client:
            assert client.recv(4096).partition(b"|")[0] == b"%d" % n


def test_a_datagram_of_full_length_passes(listening):
    port = listening("127.0.0.1")
    assert ask("127.0.0.1", port, b"x" * 4000) == b"x" * 4000 + b"|\x7f\x00\x00\x01"


def test_answers_are_remembered_for_one_to_two_periods():
    cache = Duplicates(seconds=5, entries=3)
    cache.age(100.0)
    cache.keep(b"a", b"1")
    cache.age(104.0)
    assert cache.find(b"a") == b"1"
    cache.age(105.0)
    assert cache.find(b"a") == b"1"
    cache.age(110.0)
    assert cache.find(b"a") is None


def test_the_duplicate_cache_is_bounded():
    cache = Duplicates(seconds=1000, entries=3)
    for n in range(100):
        cache.age(0.0)
        cache.keep(b"%d" % n, b"x")
    assert cache.find(b"99") == b"x"
    assert cache.find(b"90") is None
