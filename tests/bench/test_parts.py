"""The parts of the benches that could lie without anybody noticing."""

import os
import socket
import subprocess
import sys
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import asking, cpu, goals, measuring, population, processes, sql
from bench.loadgen import Load
from bench.mutating import mutations
from bench.parts import open_loop
from radius.wire import codec
from radius.wire.codec import Key
from radius.wire.errors import WireError


def test_without_a_name_it_says_which_benches_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 2
    assert "radius" in capsys.readouterr().err


def test_both_sides_get_the_same_population(tmp_path: Path) -> None:
    people = list(population.lines(2_000))
    population.write_users(people, tmp_path / "users.csv")

    assert people == list(population.lines(2_000))
    assert len({one.username for one in people}) == 2_000
    assert 300 < sum(one.framed_ip is not None for one in people) < 500
    assert (tmp_path / "users.csv").read_text().splitlines()[
        7
    ] == f"{people[7].username},{people[7].password}"


def test_a_socket_folder_is_read_out_of_the_url() -> None:
    assert sql.address("postgres://isp@%2Fhome%2FAna%2Frun:5433/isp") == {
        "host": "/home/Ana/run",
        "port": "5433",
        "user": "isp",
    }


def test_processor_time_of_children_counts() -> None:
    before = cpu.seconds(os.getpid())
    spin = "import time\nwhile time.process_time() < 0.2: pass"
    with subprocess.Popen([sys.executable, "-c", spin]):
        pass  # waited for: its time is now that of a child that ended

    assert cpu.seconds(os.getpid()) - before >= 0.15  # the kernel counts in ticks of 10 ms, rounded down


def test_memory_and_listeners_are_found_by_the_port() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]

        assert processes.listeners(os.getpid(), port) == [os.getpid()]
        assert processes.listeners(os.getpid(), 1) == []
        assert processes.drops(port) == 0
        assert processes.largest_mb(os.getpid(), port) > 5


def test_what_a_full_socket_drops_is_counted() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as full,
        socket.socket(type=socket.SOCK_DGRAM) as sending,
    ):
        full.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        full.bind(("127.0.0.1", 0))
        for _ in range(100):
            sending.sendto(bytes(500), full.getsockname())

        assert 0 < processes.drops(full.getsockname()[1]) < 100


def test_goals_are_judged_from_their_right_side() -> None:
    result = {"ratios": {"pap": 21.5, "chap": 13.0, "start": 2.0}, "junk": {"ours": {"p99_ms": 120.0}}}
    lines = {line["figure"]: (line["met"], line["within_floor"]) for line in goals.judged(result)}

    assert lines["pap ratio"] == (True, True)
    assert lines["chap ratio"] == (False, True)
    assert lines["start ratio at 64"] == (False, False)
    assert lines["p99 ms of real clients under junk"] == (False, True)
    assert lines["mschapv2 ratio"] == (None, None)


def test_percentiles_are_values_that_occurred() -> None:
    assert measuring.summary(range(1, 101)) == {"p50": 51, "p99": 100, "max": 100, "count": 100}
    assert measuring.summary([7.0]) == {"p50": 7.0, "p99": 7.0, "max": 7.0, "count": 1}


def test_only_rounds_without_other_work_count() -> None:
    def a_round(foreign: float) -> open_loop.Round:
        return {("ours", "auth"): measuring.Sample(1, 1, 1, 1, 1, 1, foreign)}

    busy, quiet = a_round(0.9), a_round(0.1)

    assert open_loop.quietest([busy, quiet, quiet], 2) == [quiet, quiet]
    assert open_loop.quietest([busy, quiet], 1) == [quiet]
    assert open_loop.quietest([a_round(1.5), busy, quiet], 2) == [quiet, busy]


def test_junk_is_sent_at_the_rate_it_says(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        bound.bind(("127.0.0.1", 0))
        sent = Load("junk", port=bound.getsockname()[1], rate=2_000, seconds=0.2, sources=20).result()
        got = {bound.recvfrom(4096)[1][0] for _ in range(sent["sent"])}

    assert 300 <= sent["sent"] <= 400
    assert "127.0.0.1" not in got
    assert len(got) > 10


def test_mutations_are_repeatable_and_many_get_past_the_checks() -> None:
    key = Key(b"bench-secret")
    line = next(population.lines(1))
    good = [
        ask(line, key, 1) for ask in (asking.pap, asking.chap, asking.mschapv2, asking.start, asking.status)
    ]
    made = list(islice(mutations(good, key, 3), 3_000))
    authentic = 0
    for datagram in made:
        for decode in (codec.decode_access, codec.decode_accounting):
            with suppress(WireError):
                decode(datagram, key)
                authentic += 1

    assert made == list(islice(mutations(good, key, 3), 3_000))
    assert sum(datagram in good for datagram in made) < 300
    assert 600 < authentic < 2_500
    assert max(map(len, made)) > 2_000


def test_good_requests_are_good() -> None:
    key = Key(b"bench-secret")
    line = next(population.lines(1))

    for ask in (asking.pap, asking.chap, asking.mschapv2, asking.status):
        assert codec.decode_access(ask(line, key, 7), key).identifier == 7
    for ask in (asking.start, asking.stop):
        assert codec.decode_accounting(ask(line, key, 8), key).identifier == 8
