"""A list with search, filters, columns, export, paging and bulk acts."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.core.paginator import EmptyPage, PageNotAnInteger
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.urls import reverse

from ispbilling.core import access
from ispbilling.core.chips import Chip, chips, search_text
from ispbilling.core.exporting import Exporting
from ispbilling.core.models import ColumnChoice
from ispbilling.core.parts import BulkAction, Button, State
from ispbilling.core.searching import holds
from ispbilling.core.tables import Table, TickColumn, allowed
from ispbilling.core.views.page import StaffPage, scoped


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
        found = rows
        for word in text.split():
            found = found.filter(self.holds(rows, word))
        return found

    def holds(self, rows: Any, word: str) -> Q:
        """In which of the rows one word is found; override where an index wants to be asked in another way."""
        return holds(rows, word, self.search_paths())

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
        table.sums = self.sums(rows, narrowed=bool(found)) if table.paginator.count else {}
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

    def sums(self, rows: Any, *, narrowed: bool) -> dict[str, Decimal]:
        """Sums of columns (`tables.SumColumn`) over all rows that match. `narrowed`: by a search or filter, so that
        they are few enough to be added up for every look at the list."""
        return {}

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
