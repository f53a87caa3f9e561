"""Lists as CSV, Excel or clipboard text (NAV-4): all rows that match, the visible columns, plain values.

A cell that a spreadsheet would run as a formula is made text: CSV and clipboard get a leading apostrophe,
Excel a string cell that stays one when it is edited. Numbers and telephone numbers stay as they are. Rows
come from the database in chunks, so an export does not grow with the list.
"""

import csv
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from html import unescape
from tempfile import TemporaryFile
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django_tables2 import Column
from django_tables2.rows import BoundRow
from django_tables2.utils import signature
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

CHUNK = 2000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: What Excel takes in one cell.
LONGEST_CELL = 32_767
#: Number formats of Excel cells.
MONEY, DAY, INSTANT = "#,##0.00", "yyyy-mm-dd", "yyyy-mm-dd hh:mm"

_FORMULA = ("=", "+", "-", "@", "|")
#: A signed amount or a telephone number as people write it: no operator and no name, so nothing to run.
_HARMLESS = re.compile(r"[+-]?[0-9(][0-9 ().]*(,[0-9]+)?")
#: What spreadsheets skip, or swallow, before they look for a formula.
_SKIPPED = re.compile(r"[\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What one export takes out: its format, the table, and the conditions that narrow it, in words."""

    kind: str
    table: Any
    conditions: list[str]

    @property
    def columns(self) -> list[str]:
        """The headings."""
        return [str(column.header) for column in self.table.columns if not column.column.exclude_from_export]

    def count(self) -> int:
        """How many rows it has."""
        data = self.table.data.data
        return int(data.order_by().count()) if isinstance(data, QuerySet) else len(data)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might run the text: leading blanks and full-width signs count too."""
    if text.startswith(("\t", "\r", "\n")):
        return True
    start = unicodedata.normalize("NFKC", _SKIPPED.sub("", text[:100])[:1])
    return start.startswith(_FORMULA) and not _HARMLESS.fullmatch(text)


def rows(table: Any) -> Iterator[list[Any]]:
    """The headings, then one list of values per record, for the columns of `table` that are visible."""
    columns = [column for column in table.columns if not column.column.exclude_from_export]
    yield [str(column.header) for column in columns]
    data = table.data.data
    records: Iterable[Any] = data.iterator(chunk_size=CHUNK) if isinstance(data, QuerySet) else data
    takes: dict[str, tuple[Callable[..., Any], tuple[str, ...] | None]] = {
        column.name: _taking(column) for column in columns
    }
    for record in records:
        row = _Row(record, table, takes)
        yield [_plain(row.get_cell_value(column.name)) for column in columns]


class _Row(BoundRow):
    """A row that knows which arguments each column's function takes: finding out is half the time of a file."""

    def __init__(self, record: Any, table: Any, takes: dict[str, Any]) -> None:
        super().__init__(record, table)
        self._takes = takes

    def _call_value(self, bound_column: Any, value: Any = None) -> Any:
        function, names = self._takes[bound_column.name]
        given = self._optional_cell_arguments(bound_column, value)
        return function(**given) if names is None else function(**{name: given[name] for name in names})


def _taking(column: Any) -> tuple[Callable[..., Any], tuple[str, ...] | None]:
    """The function that gives a column's plain value and the arguments it takes; None: all there are."""
    function = column.value
    if getattr(function, "__func__", None) is Column.value:  # which does no more than call this one
        function = column.column.render
    names, all_others = signature(function)
    return function, None if all_others else names


def _plain(value: Any) -> Any:
    """What is drawn as HTML leaves as its words, where a table says nothing else."""
    return unescape(strip_tags(value)) if isinstance(value, SafeString) else value


def as_text(value: Any) -> str:
    """A value as it is written to CSV or the clipboard."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, bool):
        return "Yes" if value else ""
    if isinstance(value, int | Decimal | float | date):
        return str(value)
    text = str(value)
    return "'" + text if is_formula(text) else text


class _Echo:
    """A file-like object that hands back what the csv writer writes."""

    def write(self, text: str) -> str:
        return text


def _lines(table: Any, delimiter: str, start: str) -> Iterator[str]:
    writer = csv.writer(_Echo(), delimiter=delimiter)
    yield start
    for row in rows(table):
        yield writer.writerow([as_text(value) for value in row])


def csv_response(table: Any, name: str) -> HttpResponseBase:
    """The list as a CSV download; opens with a byte order mark so that Excel reads it as UTF-8."""
    response = StreamingHttpResponse(_lines(table, ",", "\ufeff"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def copy_response(table: Any, name: str) -> HttpResponseBase:
    """The list as tab-separated text, for the page's script to put on the clipboard."""
    return StreamingHttpResponse(_lines(table, "\t", ""), content_type="text/plain; charset=utf-8")


def xlsx_response(table: Any, name: str) -> HttpResponseBase:
    """The list as an Excel workbook, written row by row to a temporary file."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    sheet.freeze_panes = "A2"
    for row in rows(table):
        sheet.append([_cell(sheet, value) for value in row])
    file = TemporaryFile()  # noqa: SIM115 - FileResponse closes it
    book.save(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)


def _cell(sheet: Any, value: Any) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "Yes" if value else None
    if isinstance(value, int | float | Decimal | date):
        cell = WriteOnlyCell(sheet)
        cell.value = value
        if isinstance(value, Decimal):
            cell.number_format = MONEY
        elif isinstance(value, date):
            cell.number_format = INSTANT if isinstance(value, datetime) else DAY
        return cell
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", str(value))[:LONGEST_CELL])
    cell.data_type = "s"
    cell.quotePrefix = is_formula(str(value))
    return cell


FORMATS = {"csv": csv_response, "xlsx": xlsx_response, "copy": copy_response}
