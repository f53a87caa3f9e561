"""The engine of CoA: what leaves when (pure), and thousands of requests over real sockets."""

import time

from radius.coa.client import Ask, Client, exchange
from radius.coa.scheduling import FEWEST, PACE, REPEATS, WINDOW, Schedule
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
    plan.answered(plan.find(EAST, 3))
    assert sent(plan, 0.0) == [WINDOW]


def test_first_tries_beyond_the_window_leave_at_a_pace_without_an_answer():
    plan = schedule()
    for n in range(1100):
        plan.add(EAST, n)
    assert len(sent(plan, 0.0)) == WINDOW
    assert plan.next_at() == 1 / PACE
    gone = WINDOW
    for ms in range(10, 101, 10):
        some = len(sent(plan, ms / 1000))
        assert some <= PACE / 100 + 1
        gone += some
    assert gone >= WINDOW + 0.09 * PACE
    for ms in range(110, 300, 10):
        gone += len(sent(plan, ms / 1000))
    assert gone == 1024, "as many as there are identifiers"
    plan.answered(plan.find(EAST, 0))
    assert len(sent(plan, 0.3)) == 1


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


def test_repeats_are_spread_and_become_fewer_while_a_nas_says_nothing():
    plan = schedule()
    for n in range(WINDOW):
        plan.add(EAST, n)
    assert len(sent(plan, 0.0)) == WINDOW
    assert len(sent(plan, 1.0)) == 1, "not all at once"
    second = [len(sent(plan, 1 + ms / 1000)) for ms in range(10, 3000, 10)]
    assert max(second) <= 3
    assert sum(second[:100]) <= REPEATS / 2 + 1
    assert sum(second) == WINDOW - 1
    plan.add(EAST, -1)
    assert -1 in sent(plan, 4.0), "a first try does not wait for them"


def test_a_nas_that_was_silent_for_long_gets_the_next_first_tries_at_once():
    plan = schedule()
    for round_ in range(6):
        for n in range(WINDOW):
            plan.add(EAST, n)
        start = 1000.0 * round_
        assert len(sent(plan, start)) == WINDOW
        repeats = 0
        while plan.open:
            start += 0.05
            list(plan.silent(start))
            repeats += len(sent(plan, start))
        assert repeats == WINDOW
    assert start > 5000 + WINDOW / FEWEST


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
    with FakeNas(SECRET) as speaking, FakeNas(SECRET, "silent") as silent, Client((0.5, 10.0)) as client:
        for n in range(600):
            client.ask(ask(silent.port, -n))
            client.ask(ask(speaking.port, n))
        begun, answered = time.monotonic(), 0
        while answered < 600 and time.monotonic() < begun + 10:
            answered += sum(answer is not None for _ask, answer in client.turn(0.2))
        assert answered == 600
        assert len(client) == 600, "the silent one is still being asked"
    assert {request[44] for request in speaking.received} == {str(n).encode() for n in range(600)}


def test_first_tries_leave_before_answers_are_looked_at():
    with FakeNas(SECRET) as nas, Client((5.0,)) as client:
        for n in range(100):
            client.ask(ask(nas.port, n))
        client.flush()
        answered: list[object] = []
        while len(client):
            answered += [one.about for one, answer in client.turn(1.0) if answer]
    assert sorted(answered) == list(range(100))
    assert len(nas.received) == 100


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
