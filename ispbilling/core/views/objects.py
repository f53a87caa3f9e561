"""A page about one row, and its detail page of panels and widgets."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.text import slugify

from ispbilling.core import access, layouts, registries
from ispbilling.core.parts import Button, Panel
from ispbilling.core.views.page import StaffPage, scoped


class ObjectPage(StaffPage):
    """A page about one row: found among what the user may see, else 404."""

    queryset: ClassVar[Any] = None
    model: ClassVar[Any] = None

    def get_queryset(self) -> Any:
        """The rows this page may be about."""
        return self.queryset if self.queryset is not None else self.model._default_manager

    def get_object(self) -> Any:
        """The row of the URL (`pk`), among those visible to the user; Http404 otherwise."""
        return get_object_or_404(scoped(self.get_queryset(), self.actor), pk=self.kwargs["pk"])

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.object: Any = None

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(object=self.object, **extra)


class DetailPage(ObjectPage):
    """One row: header, panels of attributes, and the widgets other apps put on it (PRO-15)."""

    template_name = "generic/detail.html"
    panels: ClassVar[Sequence[Panel]] = ()

    def heading(self) -> str:
        return str(self.object)

    def subtitle(self) -> str:
        """One line under the heading: the state in a sentence."""
        return ""

    def buttons(self) -> list[Button]:
        """The verbs of the page; those the user may not use are left out."""
        return []

    def banners(self) -> list[tuple[str, str]]:
        """(meaning, sentence) of what must be seen first; meaning as in core.tables.MEANINGS."""
        return []

    @property
    def key(self) -> str:
        """The name under which widgets are registered: the URL name of this page."""
        return str(self.request.resolver_match.view_name)  # type: ignore[union-attr]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.get_object()
        self.title = self.heading()
        if asked := request.GET.get("widget"):
            return self.answer_widget(asked)
        return self.show(bool(request.GET.get("customize")))

    def show(self, customizing: bool = False) -> HttpResponse:
        """The page, or its parts as cards to arrange."""
        parts = self.parts()
        layout = layouts.of(self.actor, self.key)
        template = "generic/_arrange.html" if self.partial == "arrange" else ""
        return self.answer(
            template,
            columns=self.arranged(parts, layout, all_of_them=customizing),
            buttons=self.permitted(self.buttons()),
            banners=self.banners(),
            subtitle=self.subtitle(),
            customizing=customizing,
            customized=layout is not None,
            customizable=len(parts) > 1,
            hidden=len(layout.hidden & parts.keys()) if layout else 0,
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Remember how this person wants the page: what stands where, what is hidden, or the default again."""
        self.object = self.get_object()
        self.title = self.heading()
        if "reset" in request.POST:
            layouts.reset(self.actor, self.key)
        else:
            layouts.save(self.actor, self.key, self.told())
        if self.partial:
            return self.show(customizing=True)
        return HttpResponseRedirect(f"{request.path}?customize=1")

    def told(self) -> layouts.Layout:
        """The layout that was sent, with the one move or switch that a button asked for."""
        sent, known = self.request.POST, self.parts().keys()
        layout = layouts.told(sent.getlist("place"), sent.getlist("hidden"), known)
        name, _, move = sent.get("move", "").partition(":")
        layout = layouts.moved(layout, name, move)
        switched = frozenset({sent["switch"]} & set(known)) if "switch" in sent else frozenset()
        layout = layouts.Layout(layout.columns, layout.hidden ^ switched)
        return layouts.merged(layouts.of(self.actor, self.key), layout)

    def widgets(self) -> list[Any]:
        """The widgets this user sees on this object."""
        mine = [w for w in registries.widgets(self.key) if access.may(self.actor, w.permission)]
        return [widget for widget in (cls(self.request, self.object) for cls in mine) if widget.shown()]

    def parts(self) -> dict[str, dict[str, Any]]:
        """Panels and widgets by name, each with its default column and weight."""
        found: dict[str, dict[str, Any]] = {}
        for panel in self.panels:
            name = f"panel-{slugify(panel.title)}"
            found[name] = {
                "name": name,
                "title": panel.title,
                "icon": panel.icon,
                "panel": panel,
                "of": panel,
            }
        for one in self.widgets():
            found[one.name] = {
                "name": one.name,
                "title": one.title,
                "icon": one.icon,
                "widget": one,
                "of": one,
            }
        return found

    def arranged(
        self, parts: dict[str, dict[str, Any]], layout: layouts.Layout | None, *, all_of_them: bool
    ) -> list[list[dict[str, Any]]]:
        """The parts by column; hidden parts and empty columns are left out unless all are asked for."""
        defaults = [layouts.Part(name, part["of"].column, part["of"].weight) for name, part in parts.items()]
        arranged = layouts.arrange(defaults, layout)
        columns = [
            [
                {**parts[name], "hidden": name in arranged.hidden}
                for name in column
                if all_of_them or name not in arranged.hidden
            ]
            for column in arranged.columns
        ]
        return columns if all_of_them else [column for column in columns if column]

    def answer_widget(self, name: str) -> HttpResponse:
        """One widget: its panel for HTMX, a page of its own without JavaScript."""
        widget = next((w for w in self.widgets() if w.name == name), None)
        if widget is None:
            raise Http404(f"no widget {name!r} here")
        context = {
            **widget.context(),
            "widget": widget,
            "buttons": self.permitted(widget.buttons()),
            "view_all": widget.view_all(),
        }
        return self.answer("ui/widget.html" if self.partial else "generic/widget.html", **context)
