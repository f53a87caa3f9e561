"""The month-end run of a large provider: plan, issue, undo and verify, against the bare floor of the same rows.

The floor is one transaction with one INSERT ... SELECT per table, of the rows the run left, into the same emptied
tables with every index, foreign key, check and trigger. With --kills the workers of a second run are killed at
random and started again; afterwards nothing may be missing or doubled.

Seconds depend on what else the machine does; processor milliseconds per customer, of the workers and of PostgreSQL,
hardly do. `peak_mb` is the largest worker's own high-water mark, `idle_mb` what it needs before it does anything.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

import django

from bench import cpu
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
def memory(name):
    return dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())[name].split()[0]
print("ready", flush=True)
base = memory("VmHWM")
input()
before = time.process_time()
sweeping.run("issue_runs", now())
print(time.process_time() - before, base, memory("VmHWM"), flush=True)
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


def main(arguments: list[str]) -> int:
    """Run it and print one JSON line at the end. Returns 1 when a check fails."""
    parser = argparse.ArgumentParser(prog="./run bench billing", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--chunk", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=0)
    options = parser.parse_args(arguments)
    with services("bench-billing", settings=POSTGRES) as servers:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ispbilling.settings")
        django.setup()
        result = Bench(options, servers.servers[0].process.pid).run()
    print(json.dumps(result))
    return 0 if result["sound"] else 1


class Bench:
    """One measurement; `figures` holds seconds, `spent` processor seconds of the workers and of PostgreSQL."""

    def __init__(self, options: argparse.Namespace, database_pid: int) -> None:
        self.options, self.database_pid = options, database_pid
        self.figures: dict[str, float] = {}
        self.spent: dict[str, tuple[float, float]] = {}
        self.worked = 0.0
        self.base_kb = self.peak_kb = 0
        self.workers: list[subprocess.Popen[str]] = []

    def run(self) -> dict[str, Any]:
        """Everything, in order; what it prints on the way is for people."""
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        self.empty(*RUNS, "customers_customer", "billing_recurringline", "groups_customergroup")
        self.sql(SEED, {"customers": self.options.customers})
        self.sql("ANALYZE")
        self.start_workers()
        run = self.timed("plan", self.plan)
        self.sql("ANALYZE")
        self.start_workers()
        self.timed("issue", lambda: self.issue(run))
        sound = self.sound(run)
        facts = run.certificate
        self.save_rows()
        self.start_workers()
        self.timed("undo", lambda: self.undo(run))
        sound = sound and self.sound(run)
        if self.options.kills:
            self.start_workers()
            again = self.plan()
            self.start_workers()
            self.timed("issue_killed", lambda: self.issue(again, self.options.kills))
            sound = sound and self.sound(again)
        self.empty()
        self.timed("floor", self.floor)
        return {
            "bench": "billing",
            "customers": self.options.customers,
            "workers": self.options.workers,
            "chunk": self.options.chunk,
            "kills": self.options.kills,
            "issued": facts["issued"],
            "seconds": {name: round(value, 2) for name, value in self.figures.items()},
            "floor_ratio": round(self.figures["issue"] / self.figures["floor"], 2),
            "undo_ratio": round(self.figures["undo"] / self.figures["floor"], 2),
            "cpu_ms_per_customer": {
                name: {"python": self.each(python), "postgresql": self.each(database)}
                for name, (python, database) in self.spent.items()
            },
            "idle_mb": round(self.base_kb / 1024),
            "peak_mb": round(self.peak_kb / 1024),
            "sound": sound,
        }

    def timed(self, name: str, act: Callable[[], T]) -> T:
        worked, database, started = self.worked, cpu.seconds(self.database_pid), time.perf_counter()
        result = act()
        self.figures[name] = time.perf_counter() - started
        self.spent[name] = (self.worked - worked, cpu.seconds(self.database_pid) - database)
        print(f"{name}: {self.figures[name]:.2f} s", flush=True)
        return result

    def each(self, seconds: float) -> float:
        """Milliseconds per customer."""
        return round(1000 * seconds / self.options.customers, 3)

    def start_workers(self) -> None:
        self.workers = [self.worker() for _ in range(self.options.workers)]

    def plan(self) -> Any:
        from datetime import date

        from billing.runs.planning import Asked, request
        from ispbilling.core.clock import month_of, now

        month = month_of(date(2026, 6, 1))
        run = request(Asked(month, month.start), now(), actor=None, chunk=self.options.chunk, at_once=0)
        self.work(run)
        return run

    def issue(self, run: Any, kills: int = 0) -> None:
        from billing.runs import monthly
        from ispbilling.core.clock import now

        monthly.approve(run, now(), actor=None)
        for _ in range(kills):
            process = self.worker()
            process.stdin.write("go\n")
            process.stdin.flush()
            time.sleep(random.uniform(0.3, 3))
            process.send_signal(signal.SIGKILL)
            process.wait()
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

    def worker(self) -> "subprocess.Popen[str]":
        """A process that has loaded the product and waits to be told to start, as a Celery worker does."""
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        process.stdout.readline()
        return process

    def sound(self, run: Any) -> bool:
        """Whether the run is finished, its certificate holds and the books verify."""
        from billing.documents.verification import findings

        found = self.timed("verify", lambda: list(findings()))
        wrong = [sentence for sentence, holds in run.certificate["checks"] if not holds]
        print(run.get_state_display(), *found[:5], *wrong, sep="; ", flush=True)
        return run.state in ("issued", "undone") and not found and not wrong

    def save_rows(self) -> None:
        self.sql("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept")
        for table in TABLES:
            self.sql(f"CREATE TABLE kept.{table} AS TABLE public.{table}")
        self.sql("ANALYZE")

    def floor(self) -> None:
        from django.db import connection, transaction

        with transaction.atomic(), connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"SELECT string_agg(quote_ident(attname), ',') FROM pg_attribute WHERE"
                               f" attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped")  # fmt: skip
                columns = cursor.fetchone()[0]
                cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM kept.{table}")

    def empty(self, *more: str) -> None:
        """Empty the tables of money, as only a superuser can."""
        tables = ", ".join((*TABLES, "billing_balance", *more))
        self.sql(
            f"SET session_replication_role = replica; TRUNCATE {tables} CASCADE;"
            " UPDATE billing_numbersequence SET last = 0;"
            " UPDATE billing_chainhead SET seq = 0, hash = decode(repeat('00', 32), 'hex');"
            " SET session_replication_role = origin; CHECKPOINT"
        )

    def sql(self, statements: str, values: dict[str, Any] | None = None) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            for statement in statements.split(";"):
                if statement.strip():
                    cursor.execute(statement, values)
