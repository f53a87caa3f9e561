"""What the tests of imports share: a file, uploaded, checked, imported, as staff and worker would."""

import csv
import io
from typing import Any

from customers import sweeps
from customers.imports import applying, checking, storing, undoing
from customers.imports.models import CustomerImport
from ispbilling.core.clock import now
from ispbilling.core.models import User

HEADINGS = ("External ID", "Name", "Customer group")


def as_csv(*rows: Any, headings: Any = HEADINGS) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([headings, *rows])
    return text.getvalue().encode()


def upload(content: bytes, name: str = "list.csv", actor: User | None = None) -> CustomerImport:
    return storing.receive(io.BytesIO(content), len(content), name, now(), actor=actor)


def work(one: CustomerImport) -> CustomerImport:
    """Let the worker do what is asked."""
    assert sweeps.import_customers(now()).apply(now()).failed == []
    one.refresh_from_db()
    return one


def checked(content: bytes, actor: User | None = None, **options: Any) -> CustomerImport:
    one = upload(content, actor=actor)
    for name, value in options.items():
        setattr(one, name, value)
    checking.request(one, now(), actor=actor)
    return work(one)


def imported(content: bytes, actor: User | None = None, **options: Any) -> CustomerImport:
    one = checked(content, actor, **options)
    assert (one.state, one.bad) == ("checked", 0), problems(one)
    applying.request(one, now(), actor=actor)
    one = work(one)
    assert one.state == "applied", one.refusal
    return one


def undone(one: CustomerImport, actor: User | None = None) -> CustomerImport:
    undoing.request(one, now(), actor=actor)
    one = work(one)
    assert one.state == "undone", one.refusal
    return one


def problems(one: CustomerImport) -> list[tuple[int, str, str, str]]:
    """(row, column, value, reason) of everything that is wrong."""
    from json import loads

    return [
        (row.number, *problem)
        for row in one.lines.filter(action="bad").order_by("number")
        for problem in loads(row.content)["problems"]
    ]
