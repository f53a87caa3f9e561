"""Imports, and the rows of one, as tables."""

from json import loads
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from customers.imports.fields import BY_NAME
from customers.imports.models import Action, CustomerImport, ImportRow, ImportState, Outcome
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    ChoiceColumn,
    Column,
    CountColumn,
    DateTimeColumn,
    LinkColumn,
    NumberColumn,
    Table,
    badge,
)

STATES = {
    ImportState.UPLOADED: "attention",
    ImportState.CHECKING: "attention",
    ImportState.CHECKED: "info",
    ImportState.APPLYING: "attention",
    ImportState.APPLIED: "working",
    ImportState.UNDOING: "attention",
    ImportState.UNDONE: "off",
    ImportState.DISCARDED: "off",
}
ACTIONS = {Action.CREATE: "working", Action.UPDATE: "info", Action.SAME: "off", Action.BAD: "stopped"}
OUTCOMES = {
    Outcome.REMOVED: "off",
    Outcome.HIDDEN: "off",
    Outcome.RESTORED: "info",
    Outcome.KEPT: "attention",
}

#: What is shown of a new customer beside its name.
_TOLD = ("group", "email", "mobile", "phone", "physical_address")


def _actions(one: CustomerImport) -> list[Button]:
    def button(label: str, name: str, icon: str, *, modal: bool = True) -> Button:
        return Button(label, reverse(f"customers:{name}", args=[one.pk]), icon, modal=modal)

    if one.state == ImportState.APPLIED and one.purged_at is None:
        return [button("Undo", "import_undo", "arrow-back-up")]
    if one.state == ImportState.UPLOADED:
        return [button("Choose columns", "import_columns", "columns", modal=False)]
    return []


class ImportTable(Table):
    """Files of customers, the latest first."""

    name = LinkColumn(verbose_name="File")
    state = ChoiceColumn(STATES, verbose_name="State")
    created_at = DateTimeColumn(verbose_name="Uploaded")
    created_by = Column(verbose_name="By", default="The system")
    total = CountColumn(verbose_name="Rows")
    to_create = CountColumn(verbose_name="New")
    to_update = CountColumn(verbose_name="Changed")
    unchanged = CountColumn(verbose_name="Unchanged")
    bad = CountColumn(verbose_name="Not possible")
    applied_at = DateTimeColumn(verbose_name="Imported", default="")
    undone_at = DateTimeColumn(verbose_name="Undone", default="")
    actions = ActionsColumn(_actions)

    default_columns = (
        "name", "state", "created_at", "created_by", "total", "to_create", "to_update", "bad",
    )  # fmt: skip

    class Meta(Table.Meta):
        model = CustomerImport
        fields = ()

    def row_off(self, record: Any) -> bool:
        return record.state in (ImportState.UNDONE, ImportState.DISCARDED)


class RowTable(Table):
    """What the rows of a file do, or why they cannot; one line per problem or change."""

    number = NumberColumn(verbose_name="Row")
    action = ChoiceColumn(ACTIONS, verbose_name="What")
    title = LinkColumn(url=lambda row: _customer_url(row), verbose_name="Customer", orderable=False)
    details = Column(empty_values=(), orderable=False, verbose_name="Why, or what changes")

    class Meta(Table.Meta):
        model = ImportRow
        fields = ()

    def row_url(self, record: Any) -> str | None:
        return _customer_url(record)

    def render_details(self, record: Any) -> SafeString:
        lines = [(_line(parts),) for parts in _details(record)]
        if record.outcome:
            lines.insert(0, (badge(record.get_outcome_display(), OUTCOMES[record.outcome]),))
        return format_html_join("", "<div>{}</div>", lines)

    def value_details(self, record: Any) -> str:
        parts = [" ".join(filter(None, parts)) for parts in _details(record)]
        return "; ".join(filter(None, [record.get_outcome_display(), *parts]))


def _customer_url(row: ImportRow) -> str | None:
    if row.customer_id is None or row.outcome == Outcome.REMOVED:
        return None
    return reverse("customers:customer_detail", args=[row.customer_id])


def _details(row: ImportRow) -> list[tuple[str, str, str]]:
    """(what, value, reason or new value) of each line about a row."""
    if row.reason:
        return [("", "", row.reason)]
    content = loads(row.content) if row.content else {}
    found = [
        (column, f"“{value}”" if value else "", reason)
        for column, value, reason in content.get("problems", ())
    ]
    if row.action == Action.CREATE:
        told = [_words(content["values"][name]) for name in _TOLD if content["values"].get(name)]
        found.append((" · ".join(told), "", ""))
    for name, (old, new) in content.get("changes", {}).items():
        shown = ("(hidden)", "(hidden)") if name == "id_number" else (_words(old), _words(new))
        found.append((f"{BY_NAME[name].label}:", f"{shown[0]} →", shown[1]))
    return found


def _line(parts: tuple[str, str, str]) -> SafeString:
    what, value, reason = parts
    return format_html('<span class="text-secondary">{} {}</span> {}', what, value, reason)


def _words(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(filter(None, value))
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return ", ".join(str(value).splitlines()) or "nothing"
