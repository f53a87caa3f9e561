"""The search and filters in force as removable chips: what each says and the URL without it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Model, QuerySet
from django.forms import Field
from django.http import HttpRequest

#: What is searched for at most: who pastes a page of text gets an answer, not a statement of a thousand parts.
LONGEST, MOST_WORDS = 200, 12


def search_text(request: HttpRequest) -> str:
    """The words that are searched for, as the chip shows them."""
    return " ".join(request.GET.get("q", "")[:LONGEST].split()[:MOST_WORDS])


@dataclass(frozen=True, slots=True)
class Chip:
    """One condition in force. `is_filter` is False for the search text."""

    label: str
    text: str
    remove_url: str
    is_filter: bool = True


def chips(request: HttpRequest, filterset: Any) -> list[Chip]:
    """The chips of a list: the search text first, then each filter, one chip per chosen value."""
    found = []
    if text := search_text(request):
        found.append(Chip("Search", text, _without(request, {"q": None}), is_filter=False))
    if filterset is None or not filterset.is_bound or not hasattr(filterset.form, "cleaned_data"):
        return found
    for name, field in filterset.form.fields.items():
        value = filterset.form.cleaned_data.get(name)
        if value in (None, "", slice(None)) or (isinstance(value, list | QuerySet) and not value):
            continue
        found += _of_field(request, name, field, value)
    return found


def _of_field(request: HttpRequest, name: str, field: Field, value: Any) -> Iterable[Chip]:
    label = str(field.label or name.replace("_", " ").capitalize())
    if isinstance(value, list | QuerySet):
        sent = request.GET.getlist(name)
        for item in value:
            raw = str(item.pk) if isinstance(item, Model) else str(item)
            rest = [other for other in sent if other != raw]
            yield Chip(label, _words(field, item), _without(request, {name: rest or None}))
        return
    suffixes = getattr(field.widget, "suffixes", None)
    keys = [f"{name}_{suffix}" for suffix in suffixes] if suffixes else [name]
    yield Chip(label, _words(field, value), _without(request, dict.fromkeys(keys)))


def _words(field: Field, value: Any) -> str:
    if isinstance(value, slice):
        start, stop = (_words(field, end) if end is not None else "" for end in (value.start, value.stop))
        return f"{start} to {stop}" if start and stop else (f"from {start}" if start else f"to {stop}")
    if value is True or value is False:
        return "Yes" if value else "No"
    if isinstance(value, date):
        return value.strftime("%Y-%m-%d")
    choices = dict(getattr(field, "choices", ())) if not isinstance(value, Model) else {}
    return str(choices.get(value, choices.get(str(value), value)))


def _without(request: HttpRequest, changes: dict[str, list[str] | None]) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    for key, values in changes.items():
        query.pop(key, None)
        if values:
            query.setlist(key, values)
    return request.path + (f"?{query.urlencode()}" if query else "")
