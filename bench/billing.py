"""The month-end run of a large provider: plan, issue and undo, against the bare floor of the same rows.

`floor_s` is one transaction with one INSERT ... SELECT per table, of the rows the run left, into the same emptied
tables with every index, foreign key, check and trigger; `floor_bare_s` the same without foreign keys and triggers. In
every round the run is done with each number of workers and then the floors, so other work on the machine meets all of
them; the figures are medians. `growth` is the time of the whole against a tenth of the customers. While one more run is
issued, payments are recorded one after the other: `payment_ms` is how long each took, and `payment_ms.locked_out` how
many PostgreSQL refused because they would have waited for a lock for longer than LOCK_MS.

Seconds depend on what else the machine does; processor milliseconds per customer, of the workers and of PostgreSQL,
hardly do. `peak_mb` is the largest worker's own high-water mark, `idle_mb` what it needs before it does anything.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

import django

from bench import cpu
from bench.goals import Goal, judged
from bench.measuring import say, summary
from ispbilling.runner.embedded import services

T = TypeVar("T")
POSTGRES = {"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "30min"}
#: Children and lines before the postings, as the run writes them.
TABLES = (
    "billing_party",
    "billing_document",
    "billing_documentline",
    "billing_line",
    "billing_seal",
    "billing_posting",
    "billing_billedperiod",
    "core_event",
)
RUNS = ("billing_runplan", "billing_runexception", "billing_runchunk", "billing_run")
WORKER = """
import django; django.setup()
import time
from pathlib import Path
from ispbilling import sweeping
from ispbilling.core.clock import now
from ispbilling.core.collecting import settle
def memory(name):
    return dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())[name].split()[0]
settle()
print("ready", flush=True)
base = memory("VmHWM")
input()
before = time.process_time()
sweeping.run("issue_runs", now())
print(time.process_time() - before, base, memory("VmHWM"), flush=True)
"""
# No lock is held for longer that somebody who pays in the portal would wait for.
LOCK_MS = 300
#: Payments as the portal records them, each timed, until the file of results is asked for by a signal.
TILL = f"""
import django; django.setup()
import json, signal, sys, time
from django.db import connection
from django.db.utils import OperationalError
from decimal import Decimal
from itertools import count
from billing.payments.receiving import Money, receive
from customers.models import Customer
from ispbilling.core.clock import local_day, now
took, locked_out = [], []
def leave(*_):
    print(json.dumps([took, len(locked_out)]), flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, leave)
customers = list(Customer.objects.order_by("pk")[:1000])
connection.cursor().execute("SET lock_timeout = {LOCK_MS}")
print("ready", flush=True)
for number in count():
    money = Money(Decimal("10.00"), local_day(now()), f"bench:{{number}}", customers[number % 1000])
    before = time.perf_counter()
    try:
        receive(money, now(), actor=None)
    except OperationalError:
        locked_out.append(number)
    took.append(1000 * (time.perf_counter() - before))
    time.sleep(0.02)
"""
# 1.5 lines each on average; a tenth for part of the month, a fifth discounted, a tenth of the customers discounted.
SEED = """
INSERT INTO groups_customergroup (title, description, vip, auto_data_rollover, sync_to_accounting,
    suspensions_disabled, enabled, sort_order) VALUES ('Bench', '', false, false, true, false, true, 0);
INSERT INTO customers_customer (code, type, name, contact_name, id_number, vat_number, group_id, vip, phone,
    physical_address, postal_address, discount, is_master, bill_all_to_master, is_reseller, demonstration, created_at)
SELECT 'C' || lpad(i::text, 7, '0'), 'individual', 'Customer number ' || i, '', '',
    CASE WHEN i %% 5 = 0 THEN '4' || lpad(i::text, 9, '0') ELSE '' END,
    (SELECT max(id) FROM groups_customergroup), false, '', i || ' Long Street' || chr(10) || 'Cape Town', '',
    CASE WHEN i %% 10 = 0 THEN 5 ELSE 0 END, false, false, false, false, now()
FROM generate_series(1, %(customers)s) i;
INSERT INTO billing_recurringline (customer_id, description, quantity, price, discount, vat_exempt, starts_on, ends_on)
SELECT c.id, 'Uncapped fibre ' || 10 * (1 + c.id %% 10) || ' Mb/s' || CASE WHEN k = 2 THEN ', static IP' ELSE '' END,
    1, 199.99 + (c.id * 37 %% 900) + k * 0.33, CASE WHEN c.id %% 5 = 0 THEN 7.5 ELSE 0 END, false,
    CASE WHEN c.id %% 20 = 0 THEN date '2026-06-11' ELSE date '2025-01-01' END,
    CASE WHEN c.id %% 20 = 1 THEN date '2026-06-20' END
FROM customers_customer c, generate_series(1, 2) k WHERE k = 1 OR c.id %% 2 = 0;
"""


PDFS = 200
GOALS = (
    Goal("issuing with one worker, of the floor", ("by_workers", "1", "floor_ratio"), 2.5, 4, lower=True),
    Goal("issuing with two workers, of the floor", ("by_workers", "2", "floor_ratio"), 1.5, 4, lower=True),
    Goal("PDFs a second of one core", ("pdfs_per_s",), 20, 20),
    Goal("peak MB of a worker", ("peak_mb",), 200, 200, lower=True),
    Goal("growth", ("growth",), 11, 13, lower=True),
    Goal("payments that waited over 0.3 s for a lock", ("payment_ms", "locked_out"), 0, 0, lower=True),
)


def main(arguments: list[str]) -> int:
    """Run it and print one JSON line at the end. Returns 1 when a check fails."""
    parser = argparse.ArgumentParser(prog="./run bench billing", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--workers", default="1,2", help="numbers of workers to compare (1,2)")
    parser.add_argument("--chunk", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    with services("bench-billing", settings=POSTGRES) as servers:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ispbilling.settings")
        django.setup()
        result = measured(options, servers.servers[0].process.pid)
    print(json.dumps(result))
    return 0 if result["sound"] else 1


def measured(options: argparse.Namespace, database_pid: int) -> dict[str, Any]:
    """Both sizes, with their relation and the goals."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    workers = [int(number) for number in options.workers.split(",")]
    sizes = {}
    for customers in (options.customers // 10, options.customers):
        say(f"{customers} customers")
        sizes[customers] = Bench(customers, workers, options, database_pid).run()
    small, large = sizes.values()
    most = str(max(workers))
    result = {
        "bench": "billing",
        "rounds": options.rounds,
        "chunk": options.chunk,
        **large,
        "growth": round(large["by_workers"][most]["seconds"] / small["by_workers"][most]["seconds"], 2),
        "sound": small["sound"] and large["sound"],
    }
    result["goals"] = judged(result, GOALS)
    return result


class Bench:
    """One size. `figures` holds seconds of every round, `spent` processor seconds of workers and of PostgreSQL."""

    def __init__(
        self, customers: int, workers: list[int], options: argparse.Namespace, database_pid: int
    ) -> None:
        self.customers, self.kinds, self.options, self.database_pid = (
            customers,
            workers,
            options,
            database_pid,
        )
        self.figures: dict[str, list[float]] = defaultdict(list)
        self.spent: dict[str, tuple[float, float]] = {}
        self.worked = 0.0
        self.base_kb = self.peak_kb = 0
        self.workers: list[subprocess.Popen[str]] = []

    def run(self) -> dict[str, Any]:
        """Everything, in order; what it prints on the way is for people."""
        self.empty(*RUNS, "customers_customer", "billing_recurringline", "groups_customergroup")
        self.sql(SEED, {"customers": self.customers})
        self.sql("ANALYZE")
        sound, issued = True, 0
        for number in range(self.options.rounds):
            for workers in self.kinds:
                self.empty()
                run = self.month(workers)
                if (number, workers) == (0, self.kinds[0]):
                    sound, issued = self.sound(run), run.certificate["issued"]
                    self.timed("pdfs", lambda run=run: self.pdfs(run))
                    self.save_rows()
                self.start_workers(workers)
                self.timed(f"undo {workers}", lambda run=run: self.undo(run))
            self.empty()
            self.timed("floor", lambda: self.floor("public"))
            self.timed("floor_bare", lambda: self.floor("bare"))
        self.empty()
        payments = self.under_payments(max(self.kinds))
        floor, bare = self.median("floor"), self.median("floor_bare")
        return {
            "customers": self.customers,
            "issued": issued,
            "floor_s": round(floor, 2),
            "floor_bare_s": round(bare, 2),
            "by_workers": {str(workers): self.with_workers(workers, floor, issued) for workers in self.kinds},
            "cpu_ms_per_customer": {
                name: {"python": self.each(python), "postgresql": self.each(database)}
                for name, (python, database) in self.spent.items()
            },
            "payment_ms": payments,
            "pdfs_per_s": round(PDFS / self.median("pdfs")),
            "idle_mb": round(self.base_kb / 1024),
            "peak_mb": round(self.peak_kb / 1024),
            "sound": sound,
        }

    def with_workers(self, workers: int, floor: float, issued: int) -> dict[str, float]:
        """The medians of one number of workers."""
        plan, issue, undo = (self.median(f"{act} {workers}") for act in ("plan", "issue", "undo"))
        return {
            "plan_s": round(plan, 2),
            "issue_s": round(issue, 2),
            "undo_s": round(undo, 2),
            "seconds": round(plan + issue + undo, 2),
            "invoices_per_s": round(issued / issue),
            "floor_ratio": round(issue / floor, 2),
            "undo_ratio": round(undo / floor, 2),
        }

    def median(self, name: str) -> float:
        return statistics.median(self.figures[name])

    def month(self, workers: int) -> Any:
        """A month planned and issued."""
        self.start_workers(workers)
        run = self.timed(f"plan {workers}", self.plan)
        self.sql("ANALYZE")
        self.start_workers(workers)
        self.timed(f"issue {workers}", lambda: self.issue(run))
        return run

    def pdfs(self, run: Any) -> None:
        """As many invoices as PDF, one after the other."""
        from billing.documents.rendering import render_pdf

        for document in run.documents.select_related("party", "issuer").order_by("pk")[:PDFS]:
            render_pdf(document)

    def under_payments(self, workers: int) -> dict[str, float]:
        """Milliseconds that payments took which were recorded while a month was issued."""
        self.start_workers(workers)
        run = self.plan()
        self.start_workers(workers)
        till = self.process(TILL)
        self.issue(run)
        till.send_signal(signal.SIGTERM)
        took, locked_out = json.loads(till.stdout.readline())
        till.wait()
        return {**summary(took), "locked_out": locked_out}

    def timed(self, name: str, act: Callable[[], T]) -> T:
        worked, database, started = self.worked, cpu.seconds(self.database_pid), time.perf_counter()
        result = act()
        self.figures[name].append(time.perf_counter() - started)
        self.spent[name] = (self.worked - worked, cpu.seconds(self.database_pid) - database)
        say(f"{name}: {self.figures[name][-1]:.2f} s")
        return result

    def each(self, seconds: float) -> float:
        """Milliseconds per customer."""
        return round(1000 * seconds / self.customers, 3)

    def start_workers(self, number: int) -> None:
        self.workers = [self.process(WORKER) for _ in range(number)]

    def plan(self) -> Any:
        from datetime import date

        from billing.runs.planning import Asked, request
        from ispbilling.core.clock import month_of, now

        month = month_of(date(2026, 6, 1))
        run = request(Asked(month, month.start), now(), actor=None, chunk=self.options.chunk, at_once=0)
        self.work(run)
        return run

    def issue(self, run: Any) -> None:
        from billing.runs import monthly
        from ispbilling.core.clock import now

        monthly.approve(run, now(), actor=None)
        self.work(run)

    def undo(self, run: Any) -> None:
        from billing.runs import undoing
        from ispbilling.core.clock import now

        undoing.request(run, now(), actor=None, reason="bench")
        self.work(run)

    def work(self, run: Any) -> None:
        """Let the workers go and wait until the run is finished."""
        from ispbilling import sweeping
        from ispbilling.core.clock import now

        for process in self.workers:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in self.workers:
            worked, base, peak = process.stdout.readline().split()
            self.worked += float(worked)
            self.base_kb, self.peak_kb = int(base), max(self.peak_kb, int(peak))
            process.wait()
        # Two that end together each leave the certificate to the other; the next tick of the sweep makes it.
        sweeping.run("issue_runs", now())
        run.refresh_from_db()

    def process(self, program: str) -> "subprocess.Popen[str]":
        """A process that has loaded the product and says so, as a Celery worker or a web server has."""
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        process.stdout.readline()
        return process

    def sound(self, run: Any) -> bool:
        """Whether the run is finished, its certificate holds and the books verify."""
        from billing.documents.verification import findings

        found = self.timed("verify", lambda: list(findings()))
        wrong = [sentence for sentence, holds in run.certificate["checks"] if not holds]
        say("; ".join([run.get_state_display(), *found[:5], *wrong]))
        return run.state in ("issued", "undone") and not found and not wrong

    def save_rows(self) -> None:
        self.sql("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept")
        self.sql("DROP SCHEMA IF EXISTS bare CASCADE; CREATE SCHEMA bare")
        for table in TABLES:
            self.sql(f"CREATE TABLE kept.{table} AS TABLE public.{table}")
            # Indexes and checks, which LIKE copies; foreign keys and triggers it does not.
            self.sql(f"CREATE TABLE bare.{table} (LIKE public.{table} INCLUDING ALL)")
        self.sql("ANALYZE")

    def floor(self, schema: str) -> None:
        from django.db import connection, transaction

        with transaction.atomic(), connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(
                    "SELECT string_agg(quote_ident(attname), ',') FROM pg_attribute"
                    " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
                    " AND attname <> 'xact'",  # each row says which transaction wrote it
                    [f"public.{table}"],
                )
                columns = cursor.fetchone()[0]
                rows = f"SELECT {columns} FROM kept.{table}"
                cursor.execute(f"INSERT INTO {schema}.{table} ({columns}) OVERRIDING SYSTEM VALUE {rows}")

    def empty(self, *more: str) -> None:
        """Empty the tables of money, as only a superuser can."""
        tables = ", ".join((*TABLES, "billing_balance", *more))
        bare = ", ".join(f"bare.{table}" for table in TABLES)
        if self.has_bare():
            self.sql(f"TRUNCATE {bare}")
        self.sql(
            f"SET session_replication_role = replica; TRUNCATE {tables}, billing_payment CASCADE;"
            " UPDATE billing_numbersequence SET last = 0;"
            " UPDATE billing_chainhead SET seq = 0, hash = decode(repeat('00', 32), 'hex');"
            " SET session_replication_role = origin; CHECKPOINT"
        )

    def has_bare(self) -> bool:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regnamespace('bare') IS NOT NULL")
            return bool(cursor.fetchone()[0])

    def sql(self, statements: str, values: dict[str, Any] | None = None) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            for statement in statements.split(";"):
                if statement.strip():
                    cursor.execute(statement, values)
