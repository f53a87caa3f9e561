"""`./run` as a whole: what it says, that it serves, and that nothing outlives it."""

import http.client
import os
import signal
import socket
import sys

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux ends the children of a killed process; run it there"
)


def first_page(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/")
    return connection.getresponse().status


def in_shell(runner, code: str) -> str:
    """What `./run shell` prints for `code`."""
    done = runner.command("ispbilling.runner.command", "shell", "-v0", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.feature("W-10")
def test_it_leaves_nothing_running_however_it_ends_and_finds_its_data_again(runner):
    runner.start()
    assert first_page(runner.port) < 400
    second = runner.command("ispbilling.runner.up")
    assert second.returncode == 1
    assert f"Already running: http://127.0.0.1:{runner.port}" in second.stderr
    assert in_shell(runner, "from django.core.cache import cache; cache.set('kept', 'yes', None)") == ""
    runner.end(signal.SIGKILL)

    # Now the servers are started for the command alone, and stopped after it.
    assert in_shell(runner, "from django.core.cache import cache; print(cache.get('kept'))") == "yes\n"
    assert not (runner.state / "dev" / "env").exists()

    runner.start()
    assert runner.end(signal.SIGTERM) == 0
    assert runner.lines[-1] == "All stopped.\n"


# The runner's own servers and manager, with one idle process in place of the product's four.
IDLE = """
from ispbilling.runner.embedded import services
from ispbilling.runner.up import Together
with services() as running:
    together = Together(running)
    together.add("idle", "-c", "import time; print('is running', flush=True); time.sleep(60)")
    status = together.run_until_stopped()
print(together.failure)
raise SystemExit(status)
"""


def postmaster(runner) -> int:
    note = next(runner.state.glob("dev/pg*/postmaster.pid"))
    return int(note.read_text().split()[0])


def idle_process(runner) -> int:
    line = next(line for line in runner.lines if "idle started" in line)  # "... (pid=123)"
    return int(line.split("pid=")[1].rstrip(")\n"))


@pytest.mark.parametrize(
    ("victim", "sentence"),
    [(postmaster, "PostgreSQL stopped by itself"), (idle_process, "idle ended by itself")],
)
def test_it_stops_everything_and_says_why_when_a_part_dies(runner, victim, sentence):
    runner.start("-c", IDLE)
    os.kill(victim(runner), signal.SIGKILL)
    assert runner.end() == 1
    assert any(sentence in line for line in runner.lines)


def test_it_names_the_port_that_is_taken_and_how_to_change_it(runner):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", int(runner.environment["RADIUS_AUTH_PORT"])))  # noqa: S104
        done = runner.command("ispbilling.runner.up")
    assert done.returncode == 1
    assert (
        f"UDP port {runner.environment['RADIUS_AUTH_PORT']} (RADIUS authentication) is in use" in done.stderr
    )
    assert "RADIUS_AUTH_PORT=" in done.stderr
