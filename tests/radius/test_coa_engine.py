"""The engine of CoA: what leaves when (pure), and thousands of requests over real sockets."""

import time

from radius.coa.client import Ask, Client, exchange
from radius.coa.scheduling import FEWEST, WINDOW, Schedule
from radius.wire.coa import named
from radius.wire.codec import Key
from radius.wire.requests import Code
from tests.radius.fake_nas import FakeNas
from tests.radius.packets import SECRET

EAST, WEST = ("10.0.0.1", 3799), ("10.0.0.2", 3799)


def schedule(slots: int = 1024) -> Schedule[int]:
    return Schedule((1.0, 2.0), slots)


def sent(of: Schedule[int], now: float, most: int = 10_000) -> list[int]:
    return [flight.what for flight in of.leaving(now, most)]


def test_the_nases_take_turns_and_each_has_its_own_window():
    plan = schedule()
    for n in range(WINDOW + 10):
        plan.add(EAST, n)
    plan.add(WEST, -1)
    first = sent(plan, 0.0)
    assert first[:2] == [0, -1], "one silent NAS with a long queue delays nobody"
    assert len(first) == WINDOW + 1
    assert not plan.ready
    flight = plan.find(EAST, 3)
    plan.answered(flight)
    assert sent(plan, 0.1) == [WINDOW]


def test_a_request_is_repeated_at_increasing_waits_and_then_given_up():
    plan = schedule()
    plan.add(EAST, 7)
    (flight,) = plan.leaving(10.0, 9)
    slot = flight.slot
    assert (plan.next_at(), sent(plan, 10.9)) == (11.0, [])
    assert sent(plan, 11.0) == [7]
    assert (flight.slot, plan.next_at()) == (slot, 13.0)
    assert list(plan.silent(12.9)) == []
    assert [one.what for one in plan.silent(13.0)] == [7]
    assert (plan.open, plan.find(EAST, slot), plan.next_at()) == (0, None, None)


def test_silence_makes_a_window_smaller_and_answers_make_it_larger():
    plan = schedule()
    for n in range(3 * WINDOW):
        plan.add(EAST, n)
    assert len(sent(plan, 0.0)) == WINDOW
    assert len(sent(plan, 1.0)) == WINDOW, "the same ones again"
    assert len(list(plan.silent(3.0))) == WINDOW
    assert len(sent(plan, 3.0)) == WINDOW / 2
    answered = 0
    while plan.open:
        for slot in range(1024):
            if flight := plan.find(EAST, slot):
                plan.answered(flight)
                answered += 1
        sent(plan, 3.1)
    assert answered == 2 * WINDOW
    for second in range(10):
        plan.add(EAST, -second)
        assert sent(plan, 100.0 * second)
        sent(plan, 100.0 * second + 1)
        list(plan.silent(100.0 * second + 50))
    for n in range(WINDOW):
        plan.add(EAST, n)
    assert len(sent(plan, 2000.0)) == FEWEST


def test_an_identifier_rests_before_it_is_used_again():
    plan = schedule(slots=4)
    used = []
    for n in range(12):
        plan.add(EAST, n)
        (flight,) = plan.leaving(0.0, 1)
        used.append(flight.slot)
        plan.answered(flight)
    assert used == [0, 1, 2, 3] * 3


def test_a_full_socket_does_not_count_as_a_try():
    plan = schedule()
    plan.add(EAST, 7)
    (flight,) = plan.leaving(0.0, 9)
    plan.put_off(flight, 0.01)
    assert sent(plan, 0.01) == [7]
    assert (flight.tries, plan.next_at()) == (1, 1.01)


def ask(port: int, about: object = None, address: str = "127.0.0.1") -> Ask:
    return Ask(address, port, Key(SECRET), Code.DISCONNECT_REQUEST, named("x", str(about), None), about)


def test_thousands_are_asked_at_once_and_a_silent_nas_delays_nobody():
    with FakeNas(SECRET) as speaking, FakeNas(SECRET, "silent") as silent, Client((0.5, 0.5)) as client:
        for n in range(600):
            client.ask(ask(silent.port, -n))
            client.ask(ask(speaking.port, n))
        begun, answered = time.monotonic(), 0
        while answered < 600 and time.monotonic() < begun + 10:
            answered += sum(answer is not None for _ask, answer in client.turn(0.2))
        assert answered == 600
        assert len(client) >= 600 - 2 * WINDOW, "the silent one is still being asked"
    assert {request[44] for request in speaking.received} == {str(n).encode() for n in range(600)}


def test_a_repeat_is_the_same_octets_and_silence_ends_it():
    with FakeNas(SECRET, "silent") as nas:
        (outcome,) = exchange([ask(nas.port)], (0.15, 0.15))
        assert outcome[1] is None
        assert len(nas.received) == 2
        assert nas.received[0] == nas.received[1]
        assert list(exchange([ask(9, address="::1")], (0.05,)))[0][1] is None


def test_only_the_nas_itself_can_answer():
    with FakeNas(SECRET, forging=b"another secret") as nas:
        nas.deaf_to_forgery = False
        (outcome,) = exchange([ask(nas.port)], (0.2,))
        assert outcome[1] is None


def test_waking_ends_a_turn():
    with Client() as client:
        client.wake()
        begun = time.monotonic()
        assert client.turn(5.0) == []
        assert time.monotonic() - begun < 2
