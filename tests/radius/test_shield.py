"""A flood from strangers is dropped by the kernel, and real clients are answered meanwhile."""

import socket

import pytest

from radius.server import shield
from radius.server.loop import listen, packed
from radius.server.shield import FLOOD, SAMPLE, Shield


@pytest.fixture(params=["127.0.0.1", "::"])
def bound(request):
    with listen(request.param, 0) as made:
        made.settimeout(0.2)
        yield made


def send(bound: socket.socket, source: str, count: int = 1) -> None:
    """From that address to the socket's port."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.bind((source, 0))
        for _ in range(count):
            sender.sendto(b"x", ("::1" if ":" in source else "127.0.0.1", bound.getsockname()[1]))


def arrived(bound: socket.socket) -> int:
    count = 0
    while True:
        try:
            bound.recv(10)
        except TimeoutError:
            return count
        count += 1


def raised(bound, *known: str) -> Shield:
    made = Shield(bound, lambda: [packed(address) for address in known])
    made.look(0.0, 0)
    made.look(1.0, FLOOD + 1)
    assert made.up
    return made


@pytest.mark.feature("W-11")
def test_known_addresses_pass_and_strangers_only_as_a_sample(bound):
    raised(bound, *(f"127.1.{n}.1" for n in range(200)), "127.0.0.3", "2001:db8::1", "::1")
    send(bound, "127.0.0.3", 50)
    assert arrived(bound) == 50
    if bound.family == socket.AF_INET6:
        send(bound, "::1", 50)
        assert arrived(bound) == 50
    send(bound, "127.0.0.2", 20 * SAMPLE)
    assert 0 < arrived(bound) < SAMPLE


def test_a_new_nas_is_let_in_within_a_second_and_calm_lowers_it(bound):
    known = ["127.0.0.2"]
    made = Shield(bound, lambda: [packed(address) for address in known])
    made.look(0.0, 0)
    made.look(1.0, FLOOD + 1)
    known.append("127.0.0.3")
    made.look(2.0, 2 * FLOOD)
    send(bound, "127.0.0.3", 20)
    assert arrived(bound) == 20
    for second in range(3, 15):
        made.look(float(second), 2 * FLOOD)
    assert not made.up
    send(bound, "127.0.0.9", 20)
    assert arrived(bound) == 20


def test_a_few_strangers_do_not_raise_it(bound):
    made = Shield(bound, list)
    for second in range(5):
        made.look(float(second), second * (FLOOD - 1))
    assert not made.up


def test_more_addresses_than_the_kernel_takes_leave_the_socket_open(bound):
    made = Shield(bound, lambda: [n.to_bytes(4, "big") for n in range(shield._LONGEST)])
    made.look(0.0, 0)
    made.look(1.0, FLOOD + 1)
    assert not made.up
    send(bound, "127.0.0.2")
    assert arrived(bound) == 1
