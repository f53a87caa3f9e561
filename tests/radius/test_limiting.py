"""Wrong passwords are limited per line, and the owner at home never pays for those of others."""

from hypothesis import given
from hypothesis import strategies as st

from radius.server.limiting import Guesses, Seldom

TOWER, ROOF = "tower", "roof"


def test_a_line_has_so_many_wrong_passwords_a_minute_from_a_place():
    guesses = Guesses(3)
    for second in range(3):
        assert not guesses.spent("alice", TOWER, False, second)
        guesses.wrong("alice", TOWER, False, second)
    assert guesses.spent("alice", TOWER, False, 59)
    assert not guesses.spent("bob", TOWER, False, 59)
    assert not guesses.spent("alice", ROOF, False, 59), "the owner elsewhere does not pay for it"
    assert not guesses.spent("alice", TOWER, False, 60)


def test_who_is_ever_another_device_gets_no_further_and_the_owner_at_home_logs_in():
    guesses = Guesses(2)
    tried = 0
    while not guesses.spent("alice", tried, False, 1):
        guesses.wrong("alice", tried, False, 1)
        tried += 1
    assert tried == 2 * Guesses.CROWD
    assert guesses.spent("alice", "another", False, 1)
    assert not guesses.spent("alice", ROOF, True, 1)


def test_a_right_password_clears_the_budget_of_its_place_alone():
    guesses = Guesses(1)
    guesses.wrong("alice", TOWER, False, 0)
    guesses.wrong("alice", ROOF, True, 0)
    assert guesses.spent("alice", ROOF, True, 0)
    guesses.right("alice", ROOF)
    assert not guesses.spent("alice", ROOF, True, 0)
    assert guesses.spent("alice", TOWER, False, 0), "others guess no more often because the owner logs in"


def test_nothing_is_counted_when_none_are_allowed():
    guesses = Guesses(0)
    guesses.wrong("alice", TOWER, False, 0)
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
        if not guesses.spent(line, wait, home, now):
            guesses.wrong(line, wait, home, now) if act == "wrong" else guesses.right(line, wait)
        ends = [until for _count, until in guesses.counted.values()]
        assert len(ends) <= entries
        assert ends == sorted(ends)
        assert all(count <= Guesses.CROWD * allowed for count, _until in guesses.counted.values())
    guesses.age(now + 60)
    assert not guesses.counted


def test_a_key_is_told_once_in_a_period():
    seldom = Seldom(60)
    assert [seldom(1, now) for now in (5.0, 6.0, 64.9, 65.0)] == [True, False, False, True]
    assert seldom(2, 6.0)
