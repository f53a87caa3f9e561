"""Wrong passwords are limited per line, and the owner at home never pays for those of others."""

from hypothesis import given
from hypothesis import strategies as st

from radius.server.limiting import Guesses, Seldom

ELSEWHERE, HOME = False, True


def test_a_line_has_so_many_wrong_passwords_a_minute_from_elsewhere():
    guesses = Guesses(3)
    for second in range(3):
        assert not guesses.spent("alice", ELSEWHERE, second)
        guesses.wrong("alice", ELSEWHERE, second)
    assert guesses.spent("alice", ELSEWHERE, 59)
    assert not guesses.spent("bob", ELSEWHERE, 59)
    assert not guesses.spent("alice", ELSEWHERE, 60)


def test_home_has_a_budget_of_its_own_that_a_right_password_clears():
    guesses = Guesses(1)
    guesses.wrong("alice", ELSEWHERE, 0)
    assert not guesses.spent("alice", HOME, 0)
    guesses.wrong("alice", HOME, 0)
    assert guesses.spent("alice", HOME, 0)
    guesses.right("alice", HOME)
    assert not guesses.spent("alice", HOME, 0)
    assert guesses.spent("alice", ELSEWHERE, 0), "others guess no more often because the owner logs in"
    guesses.right("alice", ELSEWHERE)
    assert not guesses.counted, "the owner has moved"


def test_nothing_is_counted_when_none_are_allowed():
    guesses = Guesses(0)
    guesses.wrong("alice", ELSEWHERE, 0)
    assert not guesses.counted


steps = st.lists(
    st.tuples(
        st.sampled_from("abcdef"), st.booleans(), st.sampled_from(["wrong", "right"]), st.floats(0, 40)
    ),
    max_size=60,
)


@given(steps, st.integers(1, 4), st.integers(2, 5))
def test_memory_is_bounded_and_everything_ages(steps, allowed, entries):
    guesses, now = Guesses(allowed, entries=entries), 0.0
    for line, home, act, wait in steps:
        now += wait
        guesses.age(now)
        if not guesses.spent(line, home, now):
            guesses.wrong(line, home, now) if act == "wrong" else guesses.right(line, home)
        ends = [until for _count, until in guesses.counted.values()]
        assert len(ends) <= entries
        assert ends == sorted(ends)
        assert all(count <= allowed for count, _until in guesses.counted.values())
    guesses.age(now + 60)
    assert not guesses.counted


def test_a_key_is_told_once_in_a_period():
    seldom = Seldom(60)
    assert [seldom(1, now) for now in (5.0, 6.0, 64.9, 65.0)] == [True, False, False, True]
    assert seldom(2, 6.0)
