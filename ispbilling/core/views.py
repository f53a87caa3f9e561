"""The pages every staff page is made of; they own log-in, permission (403), visibility (404), HTMX, messages.

How to add a list page
----------------------
    class GroupList(ListPage):
        queryset = CustomerGroup.objects.with_counts()  # `visible_to(user)` is applied where it exists
        table_class = GroupTable                        # a core.tables.Table with `default_columns`
        filterset_class = GroupFilter                   # optional django-filter FilterSet
        permission = "groups.view"                      # a row of core.access.PERMISSIONS
        title = "Customer Groups"
        search_fields = ("name", "code")
        states = (
            State("normal", "Normal", Q(enabled=True)),
            State("off", "Disabled", Q(enabled=False), hidden_word="disabled"),
        )
        add_url_name, add_permission, add_label = "groups:group_add", "groups.add", "Add Group"
        empty_text = "Groups sort customers and carry their defaults."

Search, states, filters with chips, columns remembered per user, rows, copy, CSV and Excel (permission
`<area>.export`), paging, sorting and the HTMX partial come with it. The URL holds everything. A list of
personal data says what it holds (`confidential = "names and telephone numbers"`): its export asks what for.
Bulk acts: `bulk_actions = (BulkAction("Message", "customers:bulk_message"),)` with a `BulkPage` behind it.

How to add a detail page with widgets
-------------------------------------
    class CustomerDetail(DetailPage):
        queryset = Customer.objects.all()
        permission = "customers.view"
        panels = (Panel("Details", (Attr("code", "Account Code"), Attr("balance", kind="money"))),)

        def buttons(self):
            return [Button("Edit", reverse(...), "pencil", permission="customers.edit", modal=True)]

Any app adds a widget in `apps.ready`: `registries.add_widget("customers:customer_detail", BalanceWidget)`.
The page loads it by HTMX from `?widget=<name>`. The key is the URL name of the page. Each person may move and hide
the parts (`?customize=1`); a part added later stands at its default place (core.layouts).

How to add an add or edit page
------------------------------
    class GroupAdd(AddPage):
        model = CustomerGroup
        permission = "groups.add"
        title = "Add Group"
        tabs = (Tab("general", "General", GeneralForm), Tab("data", "Data", DataForm))  # or: form_class = ...

        def act(self, obj, form, actor):
            return onboarding.add_group(**form.cleaned_data, actor=actor)

`form` is a `core.forms.Tabs`: `form.cleaned_data` merges the page's own tabs, `form["data"]` is one of them.
Without `act` the page saves its ModelForms and records `<model>.added` or `<model>.changed` with the old and
new values. Further tabs come from other apps: `registries.add_tab("customers:customer_edit", Tab(...))`.

How to add an act page (a verb)
-------------------------------
    class Suspend(ActionPage):
        queryset = Customer.objects.all()
        permission = "customers.suspend"
        form_class = ReasonForm
        title, submit_label, danger = "Suspend Now", "Suspend", True

        def consequences(self, obj):
            return [f"{obj.online} sessions are disconnected.", "Nobody is billed."]

        def act(self, obj, form, actor):
            gates.close(obj, Gate.SUSPENDED, actor=actor, now=clock.now())

        def done(self, obj, result):
            return f"{obj} is suspended."

        def undo_url(self, obj, result):  # optional: the report offers Undo
            return reverse("customers:customer_resume", args=[obj.pk])

A `DomainError` from `act` becomes the form's error; everything else is a bug and propagates. Link to an edit
or act page with `Button(..., modal=True)` (or `<a data-modal>`): it opens as a dialog, without JavaScript
as a page. A page that is none of these starts from `StaffPage`; its template extends `base.html`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.core.paginator import EmptyPage, PageNotAnInteger
from django.db import IntegrityError, models, transaction
from django.db.models import Q, QuerySet
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import capfirst, slugify
from django.views import View

from ispbilling.core import access, events, layouts, registries, taken
from ispbilling.core.chips import Chip, chips, search_text
from ispbilling.core.errors import DomainError
from ispbilling.core.exporting import Exporting
from ispbilling.core.forms import NoFields, Tabs
from ispbilling.core.meanwhile import ChangedMeanwhile
from ispbilling.core.models import ColumnChoice
from ispbilling.core.parts import BulkAction, Button, Panel, State, Tab
from ispbilling.core.tables import Table, TickColumn, allowed


def report(request: HttpRequest, text: str, *, undo_url: str | None = None) -> None:
    """Tell on the next page what was done, with an Undo button (a POST) where there is a way back."""
    messages.success(request, text, extra_tags=f"undo={undo_url}" if undo_url else "")


def scoped(queryset: Any, user: Any) -> Any:
    """The rows this user may see: `visible_to(user)` where the queryset knows such a thing."""
    rows = queryset.all()
    return rows.visible_to(user) if hasattr(rows, "visible_to") else rows


class KeysFirst:
    """The rows of a list for the paginator: a page of sorted keys first, then those rows with all they show.

    A sort that carries wide rows costs a multiple of one that carries keys. `beginning` is the same order's
    first part where an index delivers it; a page that it fills is taken from it.
    """

    def __init__(self, matching: Any, ordered: Any, rows: Any, beginning: Any = None) -> None:
        self.matching, self.ordered, self.rows, self.beginning = matching, ordered, rows, beginning

    def count(self) -> int:
        return int(self.matching.order_by().count())

    def __getitem__(self, part: slice) -> list[Any]:
        keys = list(self.beginning.values_list("pk", flat=True)[part]) if self.beginning is not None else []
        if len(keys) < part.stop - part.start:
            keys = list(self.ordered.values_list("pk", flat=True)[part])
        found = {row.pk: row for row in self.rows.filter(pk__in=keys).order_by()}
        return [found[key] for key in keys if key in found]


class UpTo:
    """The rows of a list for the paginator, counted only as far as somebody may turn its pages.

    To count millions costs seconds and tells nobody anything; `more` says that there are.
    """

    def __init__(self, rows: Any, most: int) -> None:
        self.rows, self.most = rows, most
        found = int(rows.order_by()[: most + 1].count())
        self.more = found > most
        self._count = min(found, most)

    def count(self) -> int:
        return self._count

    def __getitem__(self, part: slice) -> list[Any]:
        return list(self.rows[part])


class StaffPage(View):
    """A page behind the staff door: logged in, then permitted, then answered."""

    permission: ClassVar[str]
    title: str = ""
    template_name: str = "generic/page.html"
    #: Pages above this one as (label, url); the breadcrumbs.
    parents: Sequence[tuple[str, str]] = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.to_login()
        if not getattr(self, "permission", ""):
            raise ImproperlyConfigured(f"{type(self).__name__} names no permission")
        access.require(request.user, self.permission)
        response = super().dispatch(request, *args, **kwargs)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)  # after log-out nobody pages back to a customer
        return response

    @property
    def actor(self) -> Any:
        """The logged-in person, who is recorded as having done it."""
        return self.request.user

    @property
    def partial(self) -> str:
        """The id of the element HTMX wants to fill ("" for a whole page)."""
        htmx = getattr(self.request, "htmx", None)
        return (htmx.target or "") if htmx and not htmx.boosted and not htmx.history_restore_request else ""

    def to_login(self) -> HttpResponseBase:
        """Send to the log-in page and back afterwards; a partial request reloads the whole page there."""
        htmx = getattr(self.request, "htmx", None)
        if htmx:
            there = redirect_to_login(htmx.current_url_abs_path or "/").url
            return HttpResponse(status=204, headers={"HX-Redirect": there})
        return redirect_to_login(self.request.get_full_path())

    def crumbs(self) -> Sequence[tuple[str, str]]:
        return self.parents

    def context(self, **extra: Any) -> dict[str, Any]:
        """What every template of the kit gets; pages add to it."""
        return {"page": self, "title": self.title, "crumbs": self.crumbs(), **extra}

    def answer(self, template: str = "", status: int = 200, **context: Any) -> HttpResponse:
        """Render a template with the page's context."""
        return render(self.request, template or self.template_name, self.context(**context), status=status)

    def permitted(self, buttons: Iterable[Button]) -> list[Button]:
        """The buttons this user may press."""
        return [button for button in buttons if allowed(button, self.request.user)]

    def go(self, url: str) -> HttpResponse:
        """Go to a page: a redirect, or from a dialog the same by HTMX."""
        if getattr(self.request, "htmx", None):
            return HttpResponse(status=204, headers={"HX-Redirect": url})
        return HttpResponseRedirect(url)


class ListPage(Exporting, StaffPage):
    """A list with its toolbar (NAV-4..6). Declares what; the how is here once."""

    template_name = "generic/list.html"
    queryset: ClassVar[Any]
    table_class: ClassVar[type[Table]]
    filterset_class: ClassVar[Any] = None
    #: For lists of 100,000 wide rows: sort and skip keys alone, then fetch only the rows of the page.
    keys_first: ClassVar[bool] = False
    #: For lists of millions: how many rows are counted and can be paged to (0: all). While there are more, the
    #: list is in the order of `most_order`, which an index delivers; narrowed to fewer it sorts by any column.
    most: ClassVar[int] = 0
    most_order: ClassVar[Sequence[str]] = ("-pk",)
    search_fields: ClassVar[Sequence[str]] = ()
    search_help: ClassVar[str] = "Search"
    states: ClassVar[Sequence[State]] = ()
    rows: ClassVar[int] = 25
    row_choices: ClassVar[Sequence[int]] = (10, 15, 25, 50, 100, 250)
    bulk_actions: ClassVar[Sequence[BulkAction]] = ()
    add_url_name: ClassVar[str] = ""
    add_label: ClassVar[str] = "Add"
    add_permission: ClassVar[str] = ""
    add_modal: ClassVar[bool] = False
    empty_title: ClassVar[str] = ""
    empty_text: ClassVar[str] = ""
    empty_icon: ClassVar[str] = "list"

    def get_queryset(self) -> Any:
        """The rows before state, search and filters; the generic narrows it to what the user may see."""
        return self.queryset

    def buttons(self) -> list[Button]:
        """More buttons for the page header, left of the Add button."""
        return []

    @property
    def name(self) -> str:
        """What the remembered columns are stored under."""
        return f"{self.table_class.__module__}.{self.table_class.__name__}"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.GET.get("export"):
            return self.export(request.GET["export"])
        if self.partial == "list-filters":
            return self.answer("ui/filters.html", filterset=self.narrow(self.get_queryset())[1])
        results = self.results()
        if self.partial == "list-results":
            response = self.answer("generic/_results.html", **results)
            response["HX-Push-Url"] = self.url_of(self.clean_query())
            return response
        return self.answer(**results)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Remember which columns this user wants to see (LST-9), or why they take personal data out."""
        if "export" in request.GET and self.confidential:
            return self.confirm(request.GET["export"])
        known = [name for name, _ in self.table_class.column_choices()]
        wanted = (
            [] if "default" in request.POST else [n for n in known if n in request.POST.getlist("column")]
        )
        if wanted:
            ColumnChoice.objects.update_or_create(
                user=self.actor, table=self.name, defaults={"columns": wanted}
            )
        else:
            ColumnChoice.objects.filter(user=self.actor, table=self.name).delete()
        return self.go(self.url_of(self.clean_query()))

    # --- which rows ------------------------------------------------------------------------------

    @property
    def state(self) -> State | None:
        """The chosen state, the first one unless the URL says otherwise."""
        chosen = self.request.GET.get("state")
        return next((s for s in self.states if s.name == chosen), self.states[0] if self.states else None)

    def asked(self) -> tuple[Any, Any, Any]:
        """All rows this user may see, those of them that are asked for, and the filterset."""
        base = scoped(self.get_queryset(), self.actor)
        return base, *self.narrow(self.state.apply(base) if self.state else base)

    def search(self, rows: Any, text: str) -> Any:
        """Rows in which every word is found in one of `search_fields`."""
        for word in text.split():
            rows = self.found(rows, word)
        return rows

    def found(self, rows: Any, word: str) -> Any:
        """Rows in which one word is found; override where an index wants to be asked in another way."""
        found = Q()
        for path in self.search_paths():
            found |= Q(**{f"{path}__icontains": word})
        return rows.filter(found)

    def search_paths(self) -> Sequence[str]:
        """The fields that are searched; override to depend on `self.shown_columns()`."""
        return self.search_fields

    def narrow(self, rows: Any) -> tuple[Any, Any]:
        """Search and filters applied: the rows and the filterset."""
        text = search_text(self.request)
        if text and self.search_paths():
            rows = self.search(rows, text)
        if self.filterset_class is None:
            return rows, None
        filterset = self.filterset_class(self.request.GET, queryset=rows, request=self.request)
        return filterset.qs, filterset

    def hidden(self, base: Any) -> list[tuple[State, int]]:
        """How many rows that match are left out because of their state ("3 deleted not shown")."""
        now = self.state
        if now is None or not now.where:
            return []
        others = [state for state in self.states if state.hidden_word and state is not now]
        counted = [(state, self.narrow(state.apply(base))[0].count()) for state in others]
        return [(state, count) for state, count in counted if count]

    # --- the table -------------------------------------------------------------------------------

    def shown_columns(self) -> list[str]:
        """The names of the columns this user sees."""
        names = [name for name, _ in self.table_class.column_choices()]
        if not hasattr(self, "_chosen"):
            row = ColumnChoice.objects.filter(user=self.actor, table=self.name).first()
            self._chosen: list[str] = [n for n in row.columns if n in names] if row else []
        return self._chosen or [n for n in (self.table_class.default_columns or names) if n in names]

    def table(self, rows: Any) -> Table:
        """The table with the visible columns in the asked order, rows in a total order (stable paging)."""
        shown = {*self.shown_columns(), *self.table_class.fixed_columns}
        extra: list[tuple[str, Any]] = [("tick", TickColumn())] if self.bulk() else []
        table = self.table_class(
            rows,
            exclude=[name for name in self.table_class.base_columns if name not in shown],
            extra_columns=extra,
            sequence=["tick", *(self.table_class._meta.sequence or ["..."])] if extra else None,
        )
        table.request = self.request  # given to the table at once, it would sort and count by itself as well
        if sort := self.request.GET.getlist("sort"):
            table.order_by = sort
        data = table.data.data
        if isinstance(data, QuerySet) and getattr(data, "_fields", None) is None:
            order = data.query.order_by or data.model._meta.ordering
            table.data.data = data.order_by(*order, "pk")
        return table

    def beginning(self, rows: Any) -> Any:
        """With `keys_first`: rows with which the asked order begins and that an index finds, or None."""
        return None

    def dressed(self, rows: Any) -> Any:
        """With `keys_first`: the rows with what only showing them needs, not finding or sorting them."""
        return rows

    def per_page(self) -> int:
        asked = self.request.GET.get("rows", "")
        return int(asked) if asked in map(str, self.row_choices) else self.rows

    def results(self) -> dict[str, Any]:
        """Everything the list template needs."""
        base, rows, filterset = self.asked()
        table = self.table(rows)
        if self.keys_first:
            beginning = self.beginning(table.data.data)
            table.data.data = KeysFirst(rows, table.data.data, self.dressed(base), beginning)
        elif self.most:
            self.limit(table, rows)
        try:
            table.paginate(page=self.request.GET.get("page", 1), per_page=self.per_page())
        except PageNotAnInteger:
            table.paginate(page=1, per_page=self.per_page())
        except EmptyPage:
            table.paginate(page=table.paginator.num_pages, per_page=self.per_page())
        found = self.chips(filterset)
        return {
            "table": table,
            "filterset": filterset,
            "chips": found,
            "filter_count": sum(chip.is_filter for chip in found),
            "hidden": self.hidden(base),
            "narrowed": bool(found),
            "sort": self.request.GET.getlist("sort"),
            "columns": self.table_class.column_choices(),
            "shown_columns": self.shown_columns(),
            "may_export": self.may_export(),
            "must_confirm": self.must_confirm(),
            "bulk": self.bulk(),
            "buttons": self.permitted(self.buttons()),
            "add_button": self.add_button(),
            "per_page": self.per_page(),
        }

    def limit(self, table: Table, rows: Any) -> None:
        """Let the table count and sort no more than `most` rows."""
        counted = UpTo(table.data.data, self.most)
        if counted.more:
            table.order_by = ()
            table.orderable = False
            counted.rows = rows.order_by(*self.most_order)
        table.more = counted.more
        table.data.data = counted

    def chips(self, filterset: Any) -> list[Chip]:
        """The search and filters in force, each with the URL that takes it away."""
        return chips(self.request, filterset)

    def bulk(self) -> list[tuple[BulkAction, str]]:
        """The bulk actions this user may use, with their URLs."""
        mine = [b for b in self.bulk_actions if not b.permission or access.may(self.actor, b.permission)]
        return [(b, reverse(b.url_name)) for b in mine]

    def add_button(self) -> Button | None:
        """The button that makes a new one, if this user may."""
        if not self.add_url_name:
            return None
        button = Button(
            self.add_label,
            reverse(self.add_url_name),
            "plus",
            "primary",
            self.add_permission,
            modal=self.add_modal,
        )
        return button if allowed(button, self.actor) else None

    # --- the address -------------------------------------------------------------------------------

    def clean_query(self) -> QueryDict:
        """The URL's query without what is empty or the default, so that it can be read and shared."""
        query = self.request.GET.copy()
        for key in list(query):
            values = [v for v in query.getlist(key) if v != ""]
            drop = (
                not values
                or key == "export"
                or (key, values) in (("page", ["1"]), ("rows", [str(self.rows)]))
            )
            if drop or (key == "state" and self.states and values == [self.states[0].name]):
                del query[key]
            else:
                query.setlist(key, values)
        return query

    def url_of(self, query: QueryDict) -> str:
        return self.request.path + (f"?{query.urlencode()}" if query else "")


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


class FormPage(ObjectPage):
    """What add, edit and act pages share: tabs, the dialog, refusals, what comes after."""

    form_class: ClassVar[type[BaseForm] | None] = None
    tabs: ClassVar[Sequence[Tab]] = ()
    submit_label: str = "Save Changes"
    submit_icon: str = "check"
    danger: bool = False
    template_name = "generic/edit.html"
    dialog_template: ClassVar[str] = "generic/_form_dialog.html"
    #: Where Close goes and, when nothing else is said, where Save goes.
    success_url_name: ClassVar[str] = ""

    def own_tabs(self) -> list[Tab]:
        """The page's own tabs; `form_class` alone is one tab."""
        return list(self.tabs) or [Tab("main", self.title, self.form_class or NoFields)]

    def registered_tabs(self) -> list[Tab]:
        return []

    def form_kwargs(self) -> dict[str, Any]:
        """Keyword arguments for every form of the page (`initial`, or whatever its own forms take)."""
        return {}

    def form(self) -> Tabs:
        """The tabs this user may use, bound to what was sent."""
        kwargs = self.form_kwargs()
        if self.request.method == "POST":
            kwargs |= {"data": self.request.POST, "files": self.request.FILES}
        own, more = (
            [
                tab
                for tab in tabs
                if (not tab.permission or access.may(self.actor, tab.permission))
                and (tab.shown is None or tab.shown(self.object))
            ]
            for tabs in (self.own_tabs(), self.registered_tabs())
        )
        return Tabs(own, more, obj=self.object, kwargs=kwargs)

    def act(self, obj: Any, form: Any, actor: Any) -> Any:
        """Do it. Raises DomainError to refuse."""
        raise NotImplementedError

    def done(self, obj: Any, result: Any) -> str:
        """The sentence that reports it."""
        return f"{capfirst(str(result or obj))} is saved."

    def undo_url(self, obj: Any, result: Any) -> str | None:
        """The URL an Undo button posts to, if there is a way back."""
        return None

    def success_url(self, obj: Any, result: Any) -> str:
        """Where to go afterwards, when the page was not opened from another one."""
        if self.success_url_name:
            return reverse(self.success_url_name)
        target = result if hasattr(result, "get_absolute_url") else obj
        return str(target.get_absolute_url())

    def close_url(self) -> str:
        """Where Close goes on the page without JavaScript."""
        if self.came_from():
            return self.came_from()
        if self.object is not None and self.object.pk and hasattr(self.object, "get_absolute_url"):
            return str(self.object.get_absolute_url())
        return reverse(self.success_url_name) if self.success_url_name else "/"

    def came_from(self) -> str:
        """The page to return to: `next`, or the page under the dialog; never another site."""
        htmx = getattr(self.request, "htmx", None)
        asked = self.request.POST.get("next") or self.request.GET.get("next") or ""
        if not asked and htmx and self.request.method == "GET":
            asked = htmx.current_url_abs_path or ""
        safe = url_has_allowed_host_and_scheme(asked, {self.request.get_host()}, self.request.is_secure())
        return asked if safe else ""

    def find(self) -> Any:
        """The object of the page before anything is asked."""
        return self.get_object()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.find()
        return self.show(self.form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.find()
        form = self.form()
        if not form.is_valid():
            return self.show(form)
        try:
            with transaction.atomic():
                result = self.act(self.object, self.handed(form), self.actor)
                self.after(result if result is not None else self.object, form)
        except DomainError as refusal:
            if isinstance(refusal, ChangedMeanwhile):
                form.look_again()
            form.add_error(str(refusal))
            return self.show(form)
        except IntegrityError as error:
            if not (said := taken.sentence(error, self.object)):
                raise
            form.add_error(said)
            return self.show(form)
        report(request, self.done(self.object, result), undo_url=self.undo_url(self.object, result))
        return self.go(self.came_from() or self.success_url(self.object, result))

    def handed(self, form: Tabs) -> Any:
        """What `act` receives: the tabs."""
        return form

    def after(self, obj: Any, form: Tabs) -> None:
        """Store what registered tabs hold, in the same transaction."""

    def show(self, form: Tabs) -> HttpResponse:
        """The form, as a dialog or a page."""
        template = self.dialog_template if self.partial == "dialog-content" else self.template_name
        return self.answer(
            template,
            form=form,
            active_tab=form.active(self.request.GET.get("tab", "")),
            error_lines=form.errors() if self.request.method == "POST" else [],
            next=self.came_from(),
            close_url=self.close_url(),
            buttons=self.permitted(self.buttons()),
        )

    def buttons(self) -> list[Button]:
        """Further buttons in the footer (NAV-9: Password Reset, Delete)."""
        return []


class EditPage(FormPage):
    """Change one row. Nothing is stored until Save Changes (NAV-10)."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"password", "secret", "token"})

    @property
    def key(self) -> str:
        """The name under which further tabs are registered: the URL name of this page."""
        return str(self.request.resolver_match.view_name)  # type: ignore[union-attr]

    def registered_tabs(self) -> list[Tab]:
        return registries.tabs(self.key)

    def context(self, **extra: Any) -> dict[str, Any]:
        if not self.title and self.object is not None:
            self.title = f"Edit {self.object._meta.verbose_name} - {self.object}"
        return super().context(**extra)

    def about(self, obj: Any) -> models.Model | None:
        """On whose timeline the change belongs, when that is not the row itself."""
        return None

    def act(self, obj: Any, form: Any, actor: Any) -> Any:
        before = type(obj)._default_manager.filter(pk=obj.pk).first() if obj.pk else None
        for tab in form.own:
            if hasattr(form[tab.name], "save"):
                form[tab.name].save()
        noun = obj._meta.model_name
        if before is None:
            events.record(f"{noun}.added", obj, actor=actor, about=self.about(obj))
        elif changed := self.changes(before, form):
            events.record(f"{noun}.changed", obj, actor=actor, about=self.about(obj), changes=changed)
        return obj

    def changes(self, before: Any, form: Any) -> dict[str, list[Any]]:
        """Old and new value of each changed field; a secret only says that it changed."""
        changed: dict[str, list[Any]] = {}
        for tab in form.own:
            for name in form[tab.name].changed_data:
                if any(word in name for word in self.secret_fields):
                    changed[name] = ["(hidden)", "(hidden)"]
                else:
                    changed |= events.changes(
                        {name: getattr(before, name, None)}, {name: form[tab.name].cleaned_data.get(name)}
                    )
        return changed

    def after(self, obj: Any, form: Tabs) -> None:
        for tab in form.registered:
            if not form[tab.name].has_changed():
                continue
            if tab.save is not None:
                tab.save(form[tab.name], obj, self.actor)
            else:
                form[tab.name].save()


class AddPage(EditPage):
    """Make one row."""

    submit_label = "Add"
    submit_icon = "plus"

    def find(self) -> Any:
        return (self.model or self.get_queryset().model)()

    def done(self, obj: Any, result: Any) -> str:
        return f"{capfirst(str(result or obj))} is added."

    def own_tabs(self) -> list[Tab]:
        self.title = self.title or f"Add {self.object._meta.verbose_name}"
        return super().own_tabs()

    def after(self, obj: Any, form: Tabs) -> None:
        for tab in form.registered:
            if tab.save is not None and form[tab.name].has_changed():
                tab.save(form[tab.name], obj, self.actor)


class ActionPage(FormPage):
    """A verb on one row: what will happen, then the button. Works without JavaScript; a dialog with it."""

    template_name = "generic/confirm.html"
    dialog_template = "generic/_confirm_dialog.html"
    submit_label = "Confirm"

    def consequences(self, obj: Any) -> list[str]:
        """What it will do to service, money and messages, with numbers; shown above the button."""
        return []

    def obstacles(self, obj: Any) -> list[str]:
        """Why it cannot be done now, as sentences; the page then says so and offers no button."""
        return []

    def handed(self, form: Tabs) -> Any:
        """`act` receives the form itself."""
        return form.first

    def done(self, obj: Any, result: Any) -> str:
        return f"{self.title}: {obj} - done."

    def context(self, **extra: Any) -> dict[str, Any]:
        if self.object is not None:
            extra["obstacles"] = self.obstacles(self.object)
            extra["consequences"] = [] if extra["obstacles"] else self.consequences(self.object)
        return super().context(**extra)


class BulkPage(ActionPage):
    """A verb on the rows ticked in a list (`?pk=1&pk=2`); one refusal does not stop the rest."""

    def find(self) -> Any:
        asked = [
            pk for pk in self.request.GET.getlist("pk") + self.request.POST.getlist("pk") if pk.isdecimal()
        ]
        rows = list(scoped(self.get_queryset(), self.actor).filter(pk__in=asked))
        if not rows:
            raise Http404("none of the rows is there")
        return rows

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.find()
        form = self.form()
        if not form.is_valid():
            return self.show(form)
        refused, count = [], 0
        for row in self.object:
            try:
                with transaction.atomic():
                    self.act(row, form.first, self.actor)
                count += 1
            except DomainError as refusal:
                refused.append(f"{row}: {refusal}")
        if count:
            report(request, self.done(self.object, count))
        for sentence in refused:
            messages.warning(request, sentence)
        return self.go(self.came_from() or self.success_url(self.object, count))

    def done(self, obj: Any, result: Any) -> str:
        return f"{self.title}: {result} done."

    def close_url(self) -> str:
        return self.came_from() or reverse(self.success_url_name)

    def success_url(self, obj: Any, result: Any) -> str:
        return reverse(self.success_url_name)
