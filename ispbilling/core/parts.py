"""The small declared parts of pages: buttons, states, panels and attributes, tabs, charts, bulk actions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet

from ispbilling.core.money import HUNDRED, ZERO, format_money


@dataclass(frozen=True, slots=True)
class Button:
    """A link or, with `post`, a one-press form. `permission` empty means whoever sees the page.

    `look` is primary, secondary, danger, dark (the black profile button, NAV-11) or link. `modal` opens the
    target as a dialog when JavaScript is there.
    """

    label: str
    url: str
    icon: str = ""
    look: str = "secondary"
    permission: str = ""
    modal: bool = False
    post: bool = False
    new_window: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """One entry of a list's state filter (NAV-4, LST-6), for example Normal, Deleted, All.

    `where` narrows the list; `hidden_word` makes the note "3 deleted not shown" in the other states.
    """

    name: str
    label: str
    where: Q = field(default_factory=Q)
    hidden_word: str = ""

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of this state."""
        return queryset.filter(self.where)


@dataclass(frozen=True, slots=True)
class BulkAction:
    """An act on the rows ticked in a list: their ids go as `pk` to the URL, which is a `BulkPage`."""

    label: str
    url_name: str
    icon: str = ""
    permission: str = ""
    look: str = "secondary"


@dataclass(frozen=True, slots=True)
class Attr:
    """One line of a panel: a dotted path into the object, or a function of it.

    `kind` names the template in `ui/attrs/`: text, money, octets, date, datetime, yes, badge, link, mono,
    lines, email, phone. `empty` is shown for None and "": never leave a reader guessing whether something
    failed to load.
    """

    path: str | Callable[[Any], Any]
    label: str = ""
    kind: str = "text"
    empty: str = "–"
    help: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A titled block of attributes on a detail page; `column` and `weight` place it among the widgets."""

    title: str
    attrs: tuple[Attr, ...]
    column: int = 1
    weight: int = 50
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of an edit dialog is one form class (NAV-9).

    `instance` gives the row a registered tab's ModelForm edits, when that is not the page's own object.
    `save` stores the valid form: `save(form, obj, actor)`; without it a ModelForm is saved by the page. `shown`
    says whether the tab is there at all now. Tabs stand in the order of their weight, the page's own first.
    """

    name: str
    title: str
    form: type[forms.BaseForm]
    permission: str = ""
    weight: int = 100
    icon: str = ""
    instance: Callable[[Any], Any] | None = None
    save: Callable[[Any, Any, Any], Any] | None = None
    shown: Callable[[Any], bool] | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One set of values of a chart. `meaning` picks a status colour; empty takes the next calm colour."""

    label: str
    values: tuple[float | int, ...]
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """An amount as a bar: how long it is (percent of the longest), how the amount reads, and the list behind it,
    whose rows add up to it. `meaning` picks a status colour."""

    label: str
    text: str
    share: Decimal
    url: str = ""
    meaning: str = ""


def bar_of(label: str, amount: Decimal, longest: Decimal, url: str, meaning: str = "") -> Bar:
    """An amount beside others of which the longest is given; something is never drawn as nothing."""
    share = abs(amount) * HUNDRED / longest if longest else ZERO
    return Bar(label, format_money(amount), share.quantize(Decimal("0.1"), ROUND_CEILING), url, meaning)


@dataclass(frozen=True, slots=True)
class Columns:
    """Amounts side by side, drawn by the server: at each label one bar of every series, each a link.

    `scale` is what stands at the side, from the top to zero; `groups` are (label, bars in the order of `series`).
    """

    title: str
    series: tuple[str, ...]
    scale: tuple[str, ...]
    groups: tuple[tuple[str, tuple[Bar, ...]], ...]

    WIDE: ClassVar[int] = 6  # of a bar; the gap between two groups is as wide as one bar

    @property
    def width(self) -> int:
        return len(self.groups) * self.WIDE * (len(self.series) + 1)

    def drawn(self) -> list[tuple[Bar, int, int, Decimal, Decimal]]:
        """(bar, number of its series, x, y, height) of every bar, in a picture `width` wide and 100 high."""
        step = self.WIDE * (len(self.series) + 1)
        return [
            (bar, number, at * step + self.WIDE // 2 + (number - 1) * self.WIDE, 100 - bar.share, bar.share)
            for at, (_, bars) in enumerate(self.groups)
            for number, bar in enumerate(bars, 1)
        ]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as data: `kind` is bar, line, pie or doughnut; `unit` stands at the axis and each value.

    The page draws it in the colours of the theme and puts the same numbers in a table behind it. With `urls`, one
    for each label, what stands at a label leads there, in the drawing and in the table.
    """

    title: str
    kind: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str = ""
    stacked: bool = False
    urls: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What the page's script reads."""
        return {
            "kind": self.kind,
            "labels": list(self.labels),
            "unit": self.unit,
            "stacked": self.stacked,
            "urls": list(self.urls),
            "series": [
                {"label": s.label, "values": [float(v) for v in s.values], "meaning": s.meaning}
                for s in self.series
            ],
        }

    def rows(self) -> list[tuple[str, str, list[float | int]]]:
        """The table behind the chart: label, where it leads ("" for nowhere), then one value per series."""
        urls = self.urls or ("",) * len(self.labels)
        return [
            (label, url, [s.values[i] for s in self.series])
            for i, (label, url) in enumerate(zip(self.labels, urls, strict=True))
        ]
