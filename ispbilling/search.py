"""The global search (press /) and the customer picker (press c). Apps register their sources in `apps.ready`:

    search.register(Source("customers", "Customers", "customers.view", find_customers, icon="user"))

`find_customers(text, user, limit)` yields `Hit(title, url, subtitle)` of rows the user may see, best first.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from ispbilling.core import access
from ispbilling.core.views import StaffPage

IN_DROPDOWN = 6
ON_PAGE = 25
#: One letter is in everything.
SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Hit:
    """One result. `off` greys it (disabled, deleted, ended)."""

    title: str
    url: str
    subtitle: str = ""
    off: bool = False


Find = Callable[[str, Any, int], Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class Source:
    """Something that can be found: its heading, who may search it, and how; lower weight comes first."""

    name: str
    label: str
    permission: str
    find: Find
    icon: str = "point"
    weight: int = 100


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Add a source. Raises ValueError when another one has its name."""
    if _sources.setdefault(source.name, source) != source:
        raise ValueError(f"there is already a search source {source.name!r}")


def available(name: str, user: Any) -> bool:
    """Whether the source exists and this user may search it."""
    return name in _sources and access.may(user, _sources[name].permission)


def find(text: str, user: Any, limit: int, kind: str = "") -> list[tuple[Source, list[Hit]]]:
    """What the user may see and matches, by source; nothing for a text that is too short."""
    if len(text.strip()) < SHORTEST:
        return []
    mine = sorted(
        (s for s in _sources.values() if available(s.name, user) and kind in ("", s.name)),
        key=lambda source: (source.weight, source.label),
    )
    groups = [(source, list(source.find(text.strip(), user, limit))[:limit]) for source in mine]
    return [(source, hits) for source, hits in groups if hits]


class SearchPage(StaffPage):
    """The results as a page, and for HTMX as the drop-down under the box. `?kind=` narrows to one source."""

    permission = "staff.use"
    title = "Search"
    template_name = "search/page.html"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        text, kind = request.GET.get("q", ""), request.GET.get("kind", "")
        results = find(text, self.actor, IN_DROPDOWN if self.partial else ON_PAGE, kind)
        return self.answer(
            "search/_results.html" if self.partial else "",
            text=text,
            kind=kind,
            results=results,
            too_short=len(text.strip()) < SHORTEST,
        )
