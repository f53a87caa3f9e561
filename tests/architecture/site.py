"""Every page of the site as data: what the permission table and the query counts walk over."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver

#: Not ours to decide about: allauth's own pages (their doors are tested in tests/core and tests/portal).
OTHERS = ("account_", "mfa_", "usersessions_")


@dataclass(frozen=True, slots=True)
class Page:
    """One named URL, the names of its arguments, and its view class (None for a function)."""

    name: str
    arguments: tuple[str, ...]
    view: Any


def pages() -> list[Page]:
    """All named URLs of our own, in the order of the site map."""
    return [page for page in _walk(get_resolver().url_patterns, "", ()) if not page.name.startswith(OTHERS)]


#: So many pages share a test: making users and logging them in takes longer than most pages.
TOGETHER = 12


def together(places: Sequence[Page]) -> pytest.MarkDecorator:
    """A test for every dozen pages of an app, which it gets as `places`."""
    sets = []
    for app, members in groupby(places, key=lambda place: place.name.partition(":")[0]):
        pages = list(members)
        for start in range(0, len(pages), TOGETHER):
            part = pages[start : start + TOGETHER]
            sets.append(pytest.param(part, id=f"{app}-{part[0].name.rpartition(':')[2]}"))
    return pytest.mark.parametrize("places", sets)


@contextmanager
def apart() -> Iterator[None]:
    """What is done to one page is undone before the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _walk(patterns: list[Any], space: str, outer: tuple[str, ...]) -> Iterator[Page]:
    for one in patterns:
        if isinstance(one, URLResolver):
            inner = f"{space}{one.namespace}:" if one.namespace else space
            yield from _walk(one.url_patterns, inner, (*outer, *one.pattern.converters))
        elif isinstance(one, URLPattern):
            view = getattr(one.callback, "view_class", None)
            yield Page(f"{space}{one.name}", (*outer, *one.pattern.converters), view)
