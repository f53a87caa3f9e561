"""The components of every page as tags; each has one template in `templates/ui/`.

Tags: icon, badge, button, attr, panel, empty, progress, chart, columns, bars, map, query, may.
Filters: money, octets, day, instant, yes.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import template
from django.contrib.messages.storage.base import Message
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ispbilling.core import access, tables
from ispbilling.core.maps import look
from ispbilling.core.money import format_money
from ispbilling.core.parts import Attr, Bar, Button, Chart, Columns
from ispbilling.core.units import format_octets

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A Tabler icon; with `label` it speaks for itself, without it is decoration."""
    if not name:
        return SafeString("")
    if label:
        return format_html(
            '<i class="ti ti-{}" role="img" aria-label="{}" title="{}"></i>', name, label, label
        )
    return format_html('<i class="ti ti-{}" aria-hidden="true"></i>', name)


@register.simple_tag
def badge(word: str, meaning: str = "off") -> SafeString:
    """A coloured dot and its word; meaning: working, attention, stopped, off, info."""
    return tables.badge(word, meaning)


@register.inclusion_tag("ui/button.html")
def button(button: Button, extra_class: str = "", small: bool = False) -> dict[str, Any]:
    """A Button: a link, a dialog link, or a one-press form."""
    return {"button": button, "extra_class": extra_class, "small": small}


@register.simple_tag(takes_context=True)
def may(context: Context, permission: str) -> bool:
    """`{% may "customers.edit" as editable %}`."""
    return access.may(context["request"].user, permission)


@register.simple_tag
def attr(attribute: Attr, obj: Any) -> str:
    """One line of a panel: label and value, drawn by the template of its kind."""
    value = attribute.path(obj) if callable(attribute.path) else _walk(obj, attribute.path)
    label = attribute.label or _label(obj, attribute.path)
    missing = value is None or value == ""
    return render_to_string(
        "ui/attr.html",
        {
            "attr": attribute,
            "label": label,
            "value": value,
            "missing": missing,
            "kind": f"ui/attrs/{attribute.kind}.html",
        },
    )


@register.simple_block_tag
def panel(content: str, title: str = "", icon: str = "", flush: bool = False, extra_class: str = "") -> str:
    """`{% panel "Title" icon="user" %}...{% endpanel %}`; flush leaves out the padding (for a table)."""
    return render_to_string(
        "ui/panel.html",
        {"content": content, "title": title, "icon": icon, "flush": flush, "extra_class": extra_class},
    )


@register.inclusion_tag("ui/empty.html")
def empty(title: str, text: str = "", icon: str = "list", button: Button | None = None) -> dict[str, Any]:
    """What belongs here and the button that makes the first one."""
    return {"title": title, "text": text, "icon": icon, "button": button}


@register.inclusion_tag("ui/progress.html")
def progress(url: str, done: int = 0, total: int = 0, label: str = "", poll: bool = True) -> dict[str, Any]:
    """A bar that asks `url` each second for itself again, until that answers with `poll=False`."""
    percent = int(100 * done / total) if total else 0
    return {"url": url, "done": done, "total": total, "percent": percent, "label": label, "poll": poll}


@register.inclusion_tag("ui/chart.html")
def chart(chart: Chart, id: str) -> dict[str, Any]:
    """A canvas, its numbers as JSON, and the table behind it. `id` is unique on the page."""
    return {"chart": chart, "id": id, "data_id": f"{id}-data"}


@register.inclusion_tag("ui/columns.html")
def columns(columns: Columns) -> dict[str, Any]:
    """Amounts over time as bars that lead to what they are made of, and the table behind them."""
    return {"columns": columns}


@register.inclusion_tag("ui/bars.html")
def bars(bars: list[Bar]) -> dict[str, Any]:
    """Amounts as bars below each other, each with its words and its number."""
    return {"bars": bars}


@register.inclusion_tag("ui/map.html")
def map(latitude: Any, longitude: Any, label: str = "", pin_for: str = "") -> dict[str, Any]:  # noqa: A001
    """A map with one pin; `pin_for` is the id of the position input that a dragged pin fills."""
    return look(latitude, longitude, label, pin_for)


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """The present query string with some keys replaced; None or "" removes: `href="{% query page=2 %}"`."""
    query = context["request"].GET.copy()
    for key, value in changes.items():
        query.pop(key, None)
        if value not in (None, ""):
            query.setlist(key, value if isinstance(value, list) else [str(value)])
    return "?" + urlencode(list(query.lists()), doseq=True)


@register.filter
def money(value: Decimal | None) -> str:
    """`R 34,343.29`; nothing for None."""
    return "" if value is None else format_money(Decimal(value))


@register.filter
def octets(value: int | None) -> str | SafeString:
    """`416.3 GB` with the exact octets on hover."""
    if value is None:
        return ""
    return format_html(
        '<span class="num" title="{} octets">{}</span>', f"{int(value):,}", format_octets(int(value))
    )


@register.filter
def day(value: date | datetime | None) -> str:
    """`2026-12-04`, in the provider's zone."""
    if value is None:
        return ""
    return (timezone.localtime(value).date() if isinstance(value, datetime) else value).isoformat()


@register.filter
def instant(value: datetime | None) -> str | SafeString:
    """`2026-12-04 06:00` with seconds and zone on hover."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    return format_html(
        '<time class="num" datetime="{}" title="{}">{}</time>',
        local.isoformat(), local.strftime("%Y-%m-%d %H:%M:%S %Z"), local.strftime("%Y-%m-%d %H:%M"),
    )  # fmt: skip


@register.filter
def yes(value: Any) -> str:
    """ "Yes" or nothing (NAV-8)."""
    return "Yes" if value else ""


@register.filter
def undo_url(message: Message) -> str:
    """The URL an Undo button posts to, when the message offers one (core.views.report)."""
    return next((tag[5:] for tag in (message.extra_tags or "").split() if tag.startswith("undo=/")), "")


@register.filter
def meaning_class(meaning: str) -> str:
    """The alert colour of a meaning."""
    return tables.MEANINGS.get(meaning, "secondary").replace("yellow", "warning").replace("red", "danger")


def _walk(obj: Any, path: str) -> Any:
    """The value at a dotted path; a choice field gives its word, a method its answer."""
    *parents, last = path.split(".")
    for name in parents:
        obj = getattr(obj, name, None)
        if obj is None:
            return None
    display = getattr(obj, f"get_{last}_display", None)
    value = display() if display else getattr(obj, last)
    return value() if callable(value) and not hasattr(value, "all") else value


def _label(obj: Any, path: Any) -> str:
    if callable(path):
        return ""
    name = path.split(".")[-1]
    for field in obj._meta.get_fields() if hasattr(obj, "_meta") else ():
        if field.name == name and hasattr(field, "verbose_name"):
            text = str(field.verbose_name)
            return text[:1].upper() + text[1:]
    return name.replace("_", " ").capitalize()
