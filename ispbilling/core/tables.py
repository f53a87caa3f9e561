"""The base table and the columns of this domain: every list is declared with them, none draws its own cells.

A table sets `default_columns` (what a new user sees), `row_url` (where a click goes) and `row_off` (greyed
rows). Numbers are right-aligned with tabular figures; exports get plain values (`value`), pages get HTML
(`render`).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from html import unescape
from types import MappingProxyType
from typing import Any, ClassVar

import django_tables2 as tables
from django.db import models
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString

from ispbilling.core import access
from ispbilling.core.money import format_money
from ispbilling.core.parts import Button
from ispbilling.core.units import format_octets

NUMBER: dict[str, Any] = {"th": {"class": "text-end"}, "td": {"class": "text-end num text-nowrap"}}


def _words(value: Any) -> str:
    """A cell as plain text, to be escaped again: what was rendered may be a link."""
    return unescape(strip_tags(value)) if isinstance(value, SafeString) else str(value or "")


#: A text of which a wide page shows the beginning, and all of it on hover.
CLIP: dict[str, Any] = {"td": {"class": "cell-clip", "title": lambda value: _words(value)}}

#: What a colour means, everywhere (never shown without its word).
MEANINGS = {
    "working": "green",
    "attention": "yellow",
    "stopped": "red",
    "off": "secondary",
    "info": "blue",
}


def badge(word: str, meaning: str = "off") -> SafeString:
    """A coloured dot and its word. `meaning`: working, attention, stopped, off or info."""
    return format_html(
        '<span class="badge-state state-{}">{}</span>', meaning if meaning in MEANINGS else "off", word
    )


def tag(word: Any, colour: str = "") -> SafeString:
    """A label in its colour, one of the names that app.css knows as `tag-NAME`."""
    name = f" tag-{colour}" if colour.isalpha() else ""
    return format_html('<span class="badge-tag{}">{}</span>', name, word)


Column = tables.Column


class Table(tables.Table):
    """The base of every list: look, row link, greyed rows, remembered columns."""

    #: Whether there are more rows than are counted (`ListPage.most`).
    more: bool = False
    #: Column name -> its sum over all rows that match (`ListPage.sums`); while there is none there is no foot.
    sums: Mapping[str, Decimal] = MappingProxyType({})
    #: Columns shown until a user chooses; empty means all.
    default_columns: ClassVar[tuple[str, ...]] = ()
    #: Columns a phone leaves out, where every row is a card of its own; the row's page has them.
    wide_columns: ClassVar[tuple[str, ...]] = ()
    #: Columns that cannot be hidden.
    fixed_columns: ClassVar[tuple[str, ...]] = ("actions",)

    class Meta:
        attrs: ClassVar[dict[str, Any]] = {"class": "table table-hover card-table list-table"}
        row_attrs: ClassVar[dict[str, Any]] = {
            "data-href": lambda record, table: table.row_url(record),
            "class": lambda record, table: "row-off" if table.row_off(record) else "",
        }
        order_by_field = "sort"
        empty_text = ""
        default = ""

    def row_url(self, record: Any) -> str | None:
        """Where a click on the row goes; None makes the row inert."""
        url: str | None = record.get_absolute_url() if hasattr(record, "get_absolute_url") else None
        return url

    def row_off(self, record: Any) -> bool:
        """Whether the row is greyed (NAV-11): disabled, deleted, ended."""
        return False

    def drawn(self) -> Iterator[tuple[SafeString, list[tuple[SafeString, Any]]]]:
        """The rows of the page: the attributes of each as HTML, and attributes and content of its cells.

        Attributes that are the same in every row are made up once; for each cell they took longer than the cells.
        """
        same: dict[str, SafeString] = {}
        for row in self.paginated_rows:
            cells = []
            for column, content in row.items():
                attributes = same.get(column.name)
                if attributes is None:
                    attributes = self._attributes(column)
                    if not self._varies(column):
                        same[column.name] = attributes
                cells.append((attributes, content))
            yield row.attrs.as_html(), cells

    def _attributes(self, column: Any) -> SafeString:
        """What a cell of the column says of itself, in the row that is being drawn."""
        found: dict[str, Any] = column.attrs["td"]
        if column.name not in ("actions", "tick"):
            found["data-label"] = column.header
        if column.name in self.wide_columns:
            found["data-wide"] = ""
        return SafeString(found.as_html())

    def _varies(self, column: Any) -> bool:
        attrs = {**self.attrs, **column.column.attrs}
        return any(callable(value) for value in attrs.get("td", attrs.get("cell", {})).values())

    def has_footer(self) -> bool:
        """Whether there is a foot: one without its sums would be a row of empty cells."""
        waiting = any(isinstance(column.column, SumColumn) for column in self.columns)
        return bool(super().has_footer() and (self.sums or not waiting))

    @classmethod
    def column_choices(cls) -> list[tuple[str, str]]:
        """(name, heading) of every column that may be shown or hidden, in order."""
        return [
            (name, str(column.verbose_name or name.replace("_", " ").capitalize()))
            for name, column in cls.base_columns.items()
            if name not in cls.fixed_columns
        ]

    def shown(self) -> list[str]:
        """The names of the visible columns, in order."""
        return [column.name for column in self.columns]


class MoneyColumn(tables.Column):
    """`R 34,343.29`; zero is `R 0.00`, never blank (LST-3)."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**{"attrs": NUMBER, **extra})

    def render(self, value: Decimal) -> SafeString:
        return format_html('<span class="{}">{}</span>', "credit" if value < 0 else "", format_money(value))

    def value(self, value: Decimal) -> Decimal:
        return value


def _sum_at_the_foot(bound_column: Any, table: Any) -> str:
    found = table.sums.get(bound_column.name)
    return "" if found is None else format_money(found)


class SumColumn(MoneyColumn):
    """Money with its sum over all rows that match at the foot, where the list gives one (`ListPage.sums`)."""

    def __init__(self, **extra: Any) -> None:
        attrs = {**NUMBER, "tf": {"class": "text-end num fw-bold text-nowrap"}}
        super().__init__(**{"attrs": attrs, "footer": _sum_at_the_foot, **extra})


class OctetsColumn(tables.Column):
    """`416.3 GB`, the exact octets on hover; exported as octets."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**{"attrs": NUMBER, **extra})

    def render(self, value: int) -> SafeString:
        return format_html('<span title="{} octets">{}</span>', f"{value:,}", format_octets(value))

    def value(self, value: int) -> int:
        return int(value)


class DateColumn(tables.Column):
    """`2026-12-04`; an instant is shown as the provider's local day with the exact time on hover."""

    def render(self, value: date | datetime) -> str | SafeString:
        if isinstance(value, datetime):
            local = timezone.localtime(value)
            return format_html(
                '<time datetime="{}" title="{}">{}</time>',
                local.isoformat(),
                local.strftime("%Y-%m-%d %H:%M:%S"),
                local.strftime("%Y-%m-%d"),
            )
        return value.isoformat()

    def value(self, value: date | datetime) -> date:
        return timezone.localtime(value).date() if isinstance(value, datetime) else value


class DateTimeColumn(tables.Column):
    """`2026-12-04 06:00` in the provider's zone, seconds on hover."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**{"attrs": {"td": {"class": "num text-nowrap"}}, **extra})

    def render(self, value: datetime) -> SafeString:
        local = timezone.localtime(value)
        return format_html(
            '<time datetime="{}" title="{}">{}</time>',
            local.isoformat(),
            local.strftime("%Y-%m-%d %H:%M:%S %Z"),
            local.strftime("%Y-%m-%d %H:%M"),
        )

    def value(self, value: datetime) -> datetime:
        return timezone.localtime(value).replace(tzinfo=None)


class BlankFalseColumn(tables.Column):
    """ "Yes" or blank (NAV-8)."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**{"empty_values": (None, "", False), "default": "", **extra})

    def render(self, value: Any) -> str:
        return "Yes" if value else ""


class CountColumn(tables.Column):
    """A count; zero is blank (NAV-8)."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**{"attrs": NUMBER, "empty_values": (None, "", 0), "default": "", **extra})

    def render(self, value: int) -> str:
        return f"{value:,}"

    def value(self, value: int) -> int:
        return value


class NumberColumn(tables.Column):
    """Any other number, right-aligned."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**{"attrs": NUMBER, **extra})

    def value(self, value: Any) -> Any:
        return value


class ChoiceColumn(tables.Column):
    """A choice as a coloured word; `meanings` maps the stored value to one of MEANINGS."""

    def __init__(self, meanings: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(**extra)
        self.meanings = meanings or {}

    def render(self, value: Any, record: Any, bound_column: Any) -> SafeString:
        raw = tables.A(bound_column.accessor).resolve(record, quiet=True)
        return badge(str(value), self.meanings.get(raw, "off"))

    def value(self, value: Any) -> str:
        return str(value)


class BadgesColumn(tables.Column):
    """Several labels in one cell: an iterable, a related manager, or a function of the record.

    Each item is a word or anything with a `__str__`, and a `colour` if it has one; prefetch what it reads.
    """

    def __init__(self, items: Callable[[Any], Any] | None = None, **extra: Any) -> None:
        defaults: dict[str, Any] = {"orderable": False}
        if items is not None:
            defaults["empty_values"] = ()
        super().__init__(**{**defaults, **extra})
        self.items = items

    def _found(self, value: Any, record: Any) -> list[Any]:
        found = self.items(record) if self.items else value
        return list(found.all() if isinstance(found, models.Manager) else found or ())

    def render(self, value: Any, record: Any) -> SafeString:
        words = self._found(value, record)
        return format_html_join(" ", "{}", ((tag(word, getattr(word, "colour", "")),) for word in words))

    def value(self, value: Any, record: Any) -> str:
        return ", ".join(map(str, self._found(value, record)))


class LinkColumn(tables.Column):
    """The list's main column: opens `url(record)` or the row's page; `text(record)` is the words."""

    def __init__(
        self,
        url: Callable[[Any], str | None] | None = None,
        text: Callable[[Any], str] | None = None,
        **extra: Any,
    ) -> None:
        if text is not None:
            extra.setdefault("empty_values", ())
        super().__init__(**extra)
        self.url, self.text = url, text

    def render(self, value: Any, record: Any, table: Any) -> Any:
        words = self.text(record) if self.text else value
        url = self.url(record) if self.url else table.row_url(record)
        return format_html('<a href="{}" class="row-link">{}</a>', url, words) if url else words

    def value(self, value: Any, record: Any) -> str:
        return str(self.text(record) if self.text else value)


Actions = Callable[[Any], list[Button]]


class ActionsColumn(tables.Column):
    """Icon buttons with tooltips and accessible names at the right of each row (NAV-7).

    `ActionsColumn(lambda record: [Button("Edit", url, icon="pencil", permission="x.edit", modal=True)])`;
    buttons whose permission the user lacks are left out.
    """

    def __init__(self, actions: Actions, **extra: Any) -> None:
        defaults: dict[str, Any] = {
            "empty_values": (),
            "orderable": False,
            "exclude_from_export": True,
            "verbose_name": "Actions",
            "attrs": {"th": {"class": "w-1 actions-head"}, "td": {"class": "row-actions"}},
        }
        super().__init__(**{**defaults, **extra})
        self.actions = actions

    def render(self, record: Any, table: Any) -> SafeString:
        request = getattr(table, "request", None)
        buttons = [b for b in self.actions(record) if allowed(b, getattr(request, "user", None))]
        context: dict[str, Any] = {"buttons": buttons, "subject": str(record)}
        if request is not None and any(button.post for button in buttons):
            context["csrf_token"] = get_token(request)
        # Without the request: its context processors would run for every row.
        return render_to_string("ui/row_actions.html", context)


class TickColumn(tables.Column):
    """The tick box of a list with bulk actions; ListPage adds it."""

    def __init__(self) -> None:
        super().__init__(
            accessor="pk", orderable=False, exclude_from_export=True, verbose_name="Select",
            attrs={"th": {"class": "w-1 tick"}, "td": {"class": "tick"}},
        )  # fmt: skip

    @property
    def header(self) -> SafeString:
        return format_html(
            '<input type="checkbox" class="form-check-input" data-tick-all aria-label="{}">', "Select page"
        )

    def render(self, value: Any, record: Any) -> SafeString:
        return format_html(
            '<input type="checkbox" class="form-check-input" name="pk" value="{}" form="bulk-form"'
            ' aria-label="Select {}">', value, str(record),
        )  # fmt: skip


def allowed(button: Button, user: Any) -> bool:
    """Whether the button is shown: its permission, if it names one."""
    return not button.permission or (user is not None and access.may(user, button.permission))


def url_or_none(name: str, *args: Any) -> str | None:
    """The URL, or None where there is no such page: a link that leads nowhere is not shown."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return None
