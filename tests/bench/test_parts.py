"""The parts of the benches that could lie without anybody noticing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import cpu, population, sql


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
