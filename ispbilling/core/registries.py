"""The three registries by which a higher app appears on a lower app's pages; all are filled in `apps.ready`.

Widgets and tabs: `add_widget(page, Widget subclass)`, `add_tab(page, Tab)`, for DetailPage and EditPage.
Guards: `add_guard(act, function)`: a higher app says why an act on a lower row must not happen yet.
Wake-ups: `add_wake_up(prefix, function)`: run a sweep now, not at its next tick; losing one loses nothing.

A *page* is the URL name of the page that shows them, for example `customers:customer_detail`.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.http import HttpRequest

from ispbilling.core.events import woken
from ispbilling.core.parts import Button, Tab


class Widget:
    """One panel of a detail page. It loads by itself, on a URL of its own (`<page>?widget=<name>`).

    A subclass sets the attributes and answers `context`; the template extends nothing and holds only the
    panel's inside. `column` is 1 (left), 2 or 3; inside a column lower `weight` comes first. `refresh` is in
    seconds.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str] = ""
    template_name: ClassVar[str]
    permission: ClassVar[str]
    column: ClassVar[int] = 1
    weight: ClassVar[int] = 100
    refresh: ClassVar[int | None] = None

    def __init__(self, request: HttpRequest, obj: Any) -> None:
        self.request, self.obj = request, obj

    def shown(self) -> bool:
        """Whether the panel belongs on this object's page at all; asked before anything is loaded."""
        return True

    def context(self) -> Mapping[str, Any]:
        """What the template needs besides `object`, `widget` and `request`."""
        return {}

    def buttons(self) -> list[Button]:
        """The one or two verbs at the panel's top right; the page leaves out what the user may not use."""
        return []

    def view_all(self) -> str | None:
        """The URL of the full list behind this panel, if there is one."""
        return None


_widgets: dict[str, list[type[Widget]]] = defaultdict(list)
_tabs: dict[str, list[Tab]] = defaultdict(list)

Guard = Callable[[Any], str | None]
_guards: dict[str, list[Guard]] = defaultdict(list)

WakeUp = Callable[[str], None]


def add_widget(page: str, widget: type[Widget]) -> type[Widget]:
    """Put a widget on a page. Raises ValueError when the page already has one of that name."""
    if any(known.name == widget.name and known is not widget for known in _widgets[page]):
        raise ValueError(f"{page} already has a widget {widget.name!r}")
    if widget not in _widgets[page]:
        _widgets[page].append(widget)
    return widget


def widgets(page: str) -> list[type[Widget]]:
    """The widgets of a page in the order they are shown."""
    return sorted(_widgets.get(page, ()), key=lambda widget: (widget.column, widget.weight, widget.name))


def add_tab(page: str, tab: Tab) -> Tab:
    """Put a tab on an edit page. Raises ValueError when the page already has one of that name."""
    if any(known.name == tab.name and known != tab for known in _tabs[page]):
        raise ValueError(f"{page} already has a tab {tab.name!r}")
    if tab not in _tabs[page]:
        _tabs[page].append(tab)
    return tab


def tabs(page: str) -> list[Tab]:
    """The registered tabs of a page in the order they are shown, after the page's own."""
    return sorted(_tabs.get(page, ()), key=lambda tab: (tab.weight, tab.name))


def add_guard(act: str, guard: Guard) -> None:
    """Register a reason to refuse, for example `add_guard("customer.delete", has_balance)`.

    The guard gets the object and returns the sentence to show, or None when it has no objection.
    """
    if guard not in _guards[act]:
        _guards[act].append(guard)


def refusals(act: str, obj: Any) -> list[str]:
    """Every reason the higher apps have against this act now; an empty list means go ahead."""
    return [reason for guard in _guards.get(act, ()) if (reason := guard(obj))]


def add_wake_up(prefix: str, function: WakeUp) -> None:
    """Call `function(kind)` after the commit of any event whose kind starts with `prefix`."""

    def receive(sender: object, *, kind: str, **_: Any) -> None:
        if kind.startswith(prefix):
            function(kind)

    woken.connect(
        receive, weak=False, dispatch_uid=(prefix, f"{function.__module__}.{function.__qualname__}")
    )
