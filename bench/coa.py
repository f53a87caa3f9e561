"""Bulk suspension: how long after the COMMIT that closed ten thousand gates each NAS is told of each session.

Customers with a session on one of several NASes are suspended in one commit; the clock runs from there to the
arrival of the first Disconnect-Request about each session at its NAS. One of the NASes never answers.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import django

from bench import nases, population, sql
from ispbilling.runner.account import CHECKOUT
from ispbilling.runner.embedded import services
from ispbilling.runner.guarded import guarded

SECRET = "bench-secret"
PORT = 13799
# For ten thousand sessions of one commit: the share that must have left, and within how many seconds.
SHARE, SECONDS = 0.99, 1.0
POSTGRES = {"shared_buffers": "512MB", "fsync": "on", "synchronous_commit": "on"}


def main(arguments: list[str]) -> int:
    """Run the bench, print one JSON line, and return 0 when every session was spoken of in time."""
    options = _options(arguments)
    for name in ("DATABASE_URL", "REDIS_URL"):  # never somebody's own database
        os.environ.pop(name, None)
    with services("bench", settings=POSTGRES) as servers:
        sql.make_afresh(sql.address(os.environ["DATABASE_URL"]), "isp")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ispbilling.settings")
        django.setup()
        from django.core.management import call_command

        say(
            f"migrating and filling: {options.lines} lines, {options.sessions} online on {options.nases} NASes ..."
        )
        call_command("migrate", verbosity=0, interactive=False)
        _fill(options)
        with _nas_process(options) as nas, _responder(servers.folder):
            rounds = [_round(nas, options, number) for number in range(1, options.rounds + 1)]
    rounds.sort(key=lambda one: one["p99_ms"])
    middle = rounds[len(rounds) // 2]
    correct = all(one["told"] == options.sessions for one in rounds)
    result = {
        "coa": middle,
        "goal_ms": SECONDS * 1000,
        "within_goal": [one["within_goal"] for one in rounds],
        "correct": correct,
        "config": {**vars(options), "python": platform.python_version(), "cpus": os.cpu_count()},
    }
    print(json.dumps(result))
    return 0 if correct and middle["within_goal"] >= SHARE else 1


def _fill(options: argparse.Namespace) -> None:
    from django.db import connection

    from bench.tables import copy_rows, restart_numbering
    from customers.models import Customer
    from groups.models import CustomerGroup
    from ispbilling.core import clock, secrets
    from radius.models import CapKind, DataAccount, Nas, Package, Service, Session

    now = clock.now()
    group = CustomerGroup.objects.create(title="Bench")
    service = Service.objects.create(code="bench", title="Bench", down_kbps=20_000, up_kbps=10_000)
    package = Package.objects.create(
        title="Bench", service=service, cap_kind=CapKind.UNCAPPED, price=Decimal("399.00")
    )
    towers = [
        Nas.objects.create(name=f"Tower {n:03}", address=nases.address(n), secret=SECRET, coa_port=PORT)
        for n in range(options.nases)
    ]
    people = list(population.lines(options.lines))
    copy_rows(Customer, (
        {"id": one.number + 1, "code": f"BEN{one.number:07}", "name": f"Bench {one.number}", "group": group.pk,
         "id_number": b"", "created_at": now} for one in people
    ))  # fmt: skip
    copy_rows(DataAccount, (
        {"id": one.number + 1, "customer": one.number + 1, "username": one.username,
         "secret": secrets.encrypt(one.password.encode()), "package": package.pk,
         "starts_on": clock.local_day(now), "framed_ip": one.framed_ip, "created_at": now} for one in people
    ))  # fmt: skip
    copy_rows(Session, (
        {"id": one.number + 1, "key": f"{one.number:032x}", "nas": towers[one.number % len(towers)].pk,
         "data_account": one.number + 1, "username": one.username, "acct_session_id": f"S{one.number:07}",
         "framed_ip": f"10.{one.number >> 16}.{one.number >> 8 & 255}.{one.number & 255}",
         "started_at": now - timedelta(hours=1), "updated_at": now} for one in people[: options.sessions]
    ))  # fmt: skip
    restart_numbering(Customer, DataAccount, Session)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _round(nas: "subprocess.Popen[str]", options: argparse.Namespace, number: int) -> dict[str, Any]:
    """Suspend them all, wait until all NASes heard of all, and take it back."""
    from django.db import connection, transaction

    from radius.models import Session

    _until(
        lambda: not Session.objects.open().filter(applied="").exists(), "the service to know every session"
    )
    while _report(nas):  # repeats of the round before; then all of them are recorded
        time.sleep(9)
    with connection.cursor() as cursor:  # what was tried a moment ago would be given its time to take effect
        cursor.execute("TRUNCATE radius_coaattempt")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_gate (customer_id, kind, since, reason)"
            " SELECT id, 'suspended', now(), 'bench' FROM customers_customer WHERE id <= %s",
            [options.sessions],
        )
        asked = time.monotonic()
    committed = time.monotonic()
    first: dict[str, float] = {}
    _until(lambda: len(_gather(nas, first)) >= options.sessions, "every session to be spoken of")
    waited = sorted((at - committed) * 1000 for at in first.values())
    result = {
        "told": len(waited),
        "within_goal": round(sum(ms <= SECONDS * 1000 for ms in waited) / options.sessions, 4),
        "first_ms": round(waited[0], 1),
        "p50_ms": round(waited[len(waited) // 2], 1),
        "p99_ms": round(waited[int(len(waited) * 0.99)], 1),
        "last_ms": round(waited[-1], 1),
        "commit_ms": round((committed - asked) * 1000, 1),
    }
    say(f"round {number}: {result}")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_gate")
    return result


def _gather(nas: "subprocess.Popen[str]", first: dict[str, float]) -> dict[str, float]:
    """What the NASes heard first of each session until now; asked seldom, since asking takes their time."""
    time.sleep(2 * SECONDS)
    first.update({name: at for name, at in _report(nas).items() if name not in first})
    return first


def _report(nas: "subprocess.Popen[str]") -> dict[str, float]:
    assert nas.stdin
    assert nas.stdout
    nas.stdin.write("report\n")
    nas.stdin.flush()
    told: dict[str, float] = json.loads(nas.stdout.readline())
    return told


def _until(question: Any, what: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not question():
        if time.monotonic() > end:
            raise SystemExit(f"waited {seconds} s for {what}")
        time.sleep(0.1)


@contextmanager
def _nas_process(options: argparse.Namespace) -> Iterator["subprocess.Popen[str]"]:
    command = [
        sys.executable,
        "-m",
        "bench.nases",
        str(PORT),
        str(options.nases),
        str(options.silent),
        SECRET,
    ]
    process = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin
    assert process.stdout
    process.stdout.readline()
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(10)


@contextmanager
def _responder(folder: Path) -> Iterator[None]:
    """The RADIUS service as it runs in production, on ports that nobody uses."""
    ports = {"RADIUS_AUTH_PORT": "11812", "RADIUS_ACCT_PORT": "11813", "RADIUS_ADDRESS": "127.0.0.1"}
    with (folder / "radiusd.log").open("wb") as log:
        process = subprocess.Popen(
            guarded(str(CHECKOUT / "manage.py"), "radiusd"),
            env={**os.environ, **ports},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)
        say((folder / "radiusd.log").read_text()[-1500:] if os.environ.get("BENCH_LOG") else "stopped")


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench coa", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--lines", type=int, default=20_000, help="data accounts (20000)")
    parser.add_argument(
        "--sessions", type=int, default=10_000, help="of them online, all suspended at once (10000)"
    )
    parser.add_argument("--nases", type=int, default=40, help="NASes they are spread over (40)")
    parser.add_argument("--silent", type=int, default=1, help="NASes that never answer (1)")
    parser.add_argument("--rounds", type=int, default=3, help="suspensions; the median counts (3)")
    return parser.parse_args(arguments)


def say(text: str) -> None:
    """Progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)
