"""Two workers, a killed worker, a reader meanwhile, and a file of fifty thousand: never half an import."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

from customers import sweeps
from customers.imports import applying, checking, undoing
from customers.models import CodeCounter, Customer, CustomerImport, PortalLogin
from ispbilling.core.clock import now
from ispbilling.core.models import Event
from tests import builders
from tests.customers.importing import as_csv, checked, problems, upload, work

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.feature("W-9"),
]
MANY = 6000


@pytest.fixture(autouse=True)
def home(transactional_db: None) -> None:
    builders.group(title="Home")


def file(count: int) -> bytes:
    return as_csv(*([str(n), f"Name{n % 9} Surname", "Home"] for n in range(count)))


def worker() -> "subprocess.Popen[str]":
    """Another process on this test's database, doing what the Celery worker does."""
    database = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    env = os.environ | {"DATABASE_URL": urlunsplit(database._replace(path=f"/{name}"))}
    return subprocess.Popen(
        [sys.executable, "-c", WORKER], cwd=settings.BASE_DIR, env=env, stdout=subprocess.PIPE, text=True
    )


#: A sweep that says at its end how much memory it took.
WORKER = """
import django; django.setup()
from django.core.management import call_command
call_command("sweep", "import_customers")
import re; print("peak", re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def killed_half_way(one: CustomerImport) -> None:
    """Let a worker come some way, look what others see of it, then kill it without a warning."""
    process = worker()
    try:
        for _ in range(3000):
            one.refresh_from_db()
            if one.done or process.poll() is not None:
                break
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert 0 < one.done < MANY


def test_a_worker_that_is_killed_leaves_nothing_and_the_next_one_does_it_all() -> None:
    one = checked(file(MANY))
    applying.request(one, now(), actor=None)
    killed_half_way(one)
    assert one.state == "applying"
    assert not Customer.objects.exists()
    assert not CodeCounter.objects.exists()
    assert not Event.objects.filter(kind="customer.added").exists()

    assert work(one).state == "applied"
    assert Customer.objects.count() == PortalLogin.objects.count() == MANY
    assert CodeCounter.objects.get(stem="NAM").last == MANY
    assert set(Customer.objects.values_list("code", flat=True)) == {f"NAM{n:03}" for n in range(1, MANY + 1)}

    undoing.request(one, now(), actor=None)
    killed_half_way(one)
    assert Customer.objects.count() == MANY
    assert work(one).state == "undone"
    assert not Customer.objects.exists()


def test_a_killed_check_is_started_over() -> None:
    one = upload(file(MANY))
    checking.request(one, now(), actor=None)
    killed_half_way(one)
    assert (one.state, one.lines.count()) == ("checking", 0)
    one = work(one)
    assert (one.state, one.to_create, one.lines.count()) == ("checked", MANY, MANY)


def test_two_workers_do_it_once() -> None:
    one = checked(file(300))
    applying.request(one, now(), actor=None)
    done: list[int] = []
    together = threading.Barrier(2)

    def run() -> None:
        try:
            plan = sweeps.import_customers(now())
            together.wait()
            done.append(plan.apply(now()).applied)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 1]
    one.refresh_from_db()
    assert (one.state, Customer.objects.count()) == ("applied", 300)


def test_fifty_thousand_rows_are_checked_and_the_one_before_the_last_is_found() -> None:
    rows = [[str(n), f"Name{n % 99} Surname", "Home"] for n in range(1, 50_001)]
    rows[49_997][2] = "Nowhere"
    one = upload(as_csv(*rows))
    checking.request(one, now(), actor=None)
    said, _ = worker().communicate()
    one.refresh_from_db()
    assert (one.total, one.to_create, one.bad) == (50_000, 49_999, 1)
    ((row, _, value, _),) = problems(one)
    assert (row, value) == (49_999, "Nowhere")
    assert not Customer.objects.exists()
    assert int(re.search(r"peak (\d+)", said)[1]) < 300_000
