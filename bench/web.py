"""Staff pages over a provider of any size: time on the server, SQL statements, and the same SQL without the product.

Each page is asked for 200 times as a member of staff would: another name, another customer, another group each
time. `median_ms` and `p95_ms` are of the whole request in the server (middleware, permissions, SQL, template) with
the production settings; `queries` counts its SQL statements, `queries_at_100_rows` those of a page of 100 rows
(the same page asked with 15 rows otherwise). `bare_sql_ms` is the median of the statements of such a request, sent
again by psycopg2 alone, results fetched; `python_ms` is processor time of ours, which other work on the machine
hardly disturbs. `whole_profile` is the profile with every widget it then loads, one after the other; a browser loads
them beside each other.

EXPLAIN of the search for a fragment of a name is printed, and the indexes it uses are in the result.
"""

import argparse
import json
import os
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django

from ispbilling.runner.embedded import services

POSTGRES = {"shared_buffers": "1GB", "max_wal_size": "8GB", "checkpoint_timeout": "30min", "work_mem": "32MB"}
BAR_MS, BAR_QUERIES = 150, 25
WARM_UP = 10
FRAGMENTS = ["liz", "frik", "van", "bot", "nka", "hen", "coe", "smi", "ali", "ong"]

Url = Callable[[random.Random], str]


def main(arguments: list[str]) -> int:
    """Run it and print one JSON line at the end. Returns 1 when a page misses a bar."""
    parser = argparse.ArgumentParser(prog="./run bench web", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--only", help="one page by name")
    options = parser.parse_args(arguments)
    with provider_of(options.customers):
        result = measure(options)
    print(json.dumps(result))
    return 0 if result["met"] else 1


@contextmanager
def provider_of(customers: int) -> Iterator[None]:
    """The product with its production settings, over a provider with so many customers."""
    with services("bench-web", settings=POSTGRES):
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "ispbilling.settings",
            "DEBUG": "no",
            "ALLOWED_HOSTS": "testserver",
            "STATICFILES_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
        }
        django.setup()
        from django.core.management import call_command

        from bench import provider

        call_command("migrate", verbosity=0)
        provider.fill(customers)
        yield


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Ask for every page, compare."""
    from bench import provider

    visitor = Visitor()
    pages = {}
    for name, url in addresses(options.customers).items():
        if options.only in (None, name):
            pages[name] = visitor.figures(url, options.requests, whole=name == "whole_profile")
            provider.say(f"{name:28} {pages[name]}")
    plan = visitor.plan(f"/customers/?q={FRAGMENTS[0]}")
    provider.say("\n".join(plan))
    indexes = sorted(set(re.findall(r"Index Scan on (\w+)", "\n".join(plan))))
    provider.say(f"The search for a fragment uses {', '.join(indexes) or 'no index'}.")
    met = all(
        page["p95_ms"] <= BAR_MS and page["queries"] == page["queries_at_100_rows"] <= BAR_QUERIES
        for name, page in pages.items()
        if name != "whole_profile"
    )
    return {
        "bench": "web",
        "customers": options.customers,
        "requests": options.requests,
        "pages": pages,
        "search_indexes": indexes,
        "met": met and bool(indexes),
    }


def addresses(customers: int) -> dict[str, Url]:
    """The pages by name; each asks for something else every time."""
    from django.urls import reverse

    from groups.models import CustomerGroup

    groups = list(CustomerGroup.objects.values_list("pk", flat=True))
    listed = reverse("customers:customer_list")

    def profile(rnd: random.Random) -> str:
        return reverse("customers:customer_detail", args=[rnd.randint(1, customers)])

    return {
        "customer_list": lambda rnd: f"{listed}?rows=15",
        "customer_list_page_500": lambda rnd: f"{listed}?rows=15&page={500 + rnd.randrange(100)}",
        "customer_search": lambda rnd: f"{listed}?rows=15&q={rnd.choice(FRAGMENTS)}",
        "customer_search_two_words": lambda rnd: (
            f"{listed}?rows=15&q={rnd.choice(FRAGMENTS)}+{rnd.randrange(9999)}"
        ),
        "customer_by_group": lambda rnd: f"{listed}?rows=15&group={rnd.choice(groups)}",
        "customer_by_balance": lambda rnd: (
            f"{listed}?rows=15&sort={rnd.choice('-+').replace('+', '')}balance"
        ),
        "customer_profile": profile,
        "whole_profile": profile,
        "group_list": lambda rnd: f"{reverse('groups:group_list')}?rows=15",
        "usage_list": lambda rnd: f"{reverse('radius:usage_list')}?rows=15&page={1 + rnd.randrange(500)}",
        "global_search": lambda rnd: f"{reverse('search')}?q={rnd.choice(FRAGMENTS)}+{rnd.randrange(999)}",
    }


class Visitor:
    """A manager who asks for pages, with every SQL statement counted."""

    def __init__(self) -> None:
        from django.test import Client

        from ispbilling.core.collecting import settle
        from ispbilling.core.models import Role, User

        settle()  # as the web server does
        manager, _ = User.objects.get_or_create(username="bench", defaults={"role": Role.MANAGER})
        self.client = Client()
        self.client.force_login(manager)
        self.statements: list[tuple[str, Any]] = []
        self.body = b""
        self.worked = 0.0

    def figures(self, url: Url, requests: int, *, whole: bool = False) -> dict[str, Any]:
        """Times and counts of one page. Raises SystemExit when the server does not answer with it."""
        rnd = random.Random(7)
        ask = self.ask_whole if whole else self.ask
        for _ in range(WARM_UP):
            ask(url(rnd))
        self.worked = 0.0
        times = [ask(url(rnd)) for _ in range(requests)]
        worked = self.worked / requests
        last = url(rnd)
        ask(last)
        statements = list(self.statements)
        bare = [self.bare(statements) for _ in range(20)]
        few = len(statements)
        ask(last.replace("rows=15", "rows=100"))
        return {
            "median_ms": round(statistics.median(times), 1),
            "p95_ms": round(statistics.quantiles(times, n=20)[-1], 1),
            "python_ms": round(worked * 1000, 1),
            "queries": few,
            "queries_at_100_rows": len(self.statements),
            "bare_sql_ms": round(statistics.median(bare), 1),
        }

    def ask_whole(self, url: str) -> float:
        """Milliseconds of the page and of each widget it loads afterwards; all their statements are kept."""
        spent = self.ask(url)
        statements = list(self.statements)
        for widget in sorted(set(re.findall(rb'hx-get="[^"]*\?widget=(\w+)"', self.body))):
            spent += self.ask(f"{url}?widget={widget.decode()}")
            statements += self.statements
        self.statements = statements
        return spent

    def ask(self, url: str) -> float:
        """Milliseconds until the whole answer is there; its statements are kept."""
        from django.db import connection

        self.statements = []

        def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            self.statements.append((sql, params))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(count):
            started, worked = time.perf_counter(), time.process_time()
            answer = self.client.get(url, secure=True)
            self.body = answer.getvalue()
            spent, self.worked = time.perf_counter() - started, self.worked + time.process_time() - worked
        if answer.status_code != 200 or not self.body:
            raise SystemExit(f"{url} answered {answer.status_code}")
        return spent * 1000

    def bare(self, statements: list[tuple[str, Any]]) -> float:
        """Milliseconds of the same reading statements through psycopg2 alone."""
        from django.db import connection

        reading = [(sql, params) for sql, params in statements if sql.startswith("SELECT")]
        with connection.connection.cursor() as cursor:
            started = time.perf_counter()
            for sql, params in reading:
                cursor.execute(sql, params)
                cursor.fetchall()
            return (time.perf_counter() - started) * 1000

    def plan(self, url: str) -> list[str]:
        """How PostgreSQL answers the search of that page: EXPLAIN ANALYZE of its statements with LIKE."""
        from django.db import connection

        self.ask(url)
        lines = []
        with connection.connection.cursor() as cursor:
            for sql, params in [s for s in self.statements if "LIKE UPPER" in s[0]]:
                cursor.execute("EXPLAIN ANALYZE " + sql, params)
                lines += [row[0] for row in cursor.fetchall()]
        return lines
