"""A file as rows of text, whatever program wrote it; streamed, with every size bounded.

CSV in UTF-8 (with or without byte order mark), UTF-16 either way round, or Windows-1252, separated by comma,
semicolon, tab or bar; or an Excel workbook (`sheets`). The first row holds the headings. What the file is, is
told from its content: its name proves nothing.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import IO

from customers.imports import sheets
from customers.imports.errors import Unreadable
from ispbilling.core.units import format_octets

MOST_OCTETS = 50 * 10**6
MOST_ROWS = 200_000
MOST_COLUMNS = 200
#: One cell, and one row, in characters.
LONGEST_CELL = 10_000
LONGEST_ROW = 1_000_000
#: So many rows after the headings are kept to be shown beside the columns.
SHOWN = 3

_BLOCK = 1 << 16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
#: What a file is that starts like this.
_KNOWN = (
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a compressed file"),
    (b"Rar!", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"),
    (b"{\\rtf", "a text document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
_ADVICE = "Save the list as CSV or as an Excel workbook (.xlsx) and upload that."
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
#: Text that a spreadsheet export of ours protected from being run as a formula.
_PROTECTED = re.compile(r"'(?=[=+\-@\t\r])")

Row = list[str]


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is to be read: kept with the import, so that it is found out once.

    `encoding` is empty for a workbook.
    """

    encoding: str = ""
    separator: str = ""
    words: str = "Excel"


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known of a file after its first rows."""

    shape: Shape
    headings: Row
    first: list[Row]


def inspect(file: IO[bytes], size: int) -> Opening:
    """What the file is, its headings and first rows. Raises Unreadable with what is wrong and what to do."""
    if size > MOST_OCTETS:
        raise Unreadable(
            f"The file has {format_octets(size)}; at most {format_octets(MOST_OCTETS)} can be imported at"
            " once. Split it into several files, each with the row of headings."
        )
    if not size:
        raise Unreadable("The file is empty.")
    shape = _shape(file)
    with rows(file, shape) as found:
        first = list(islice((row for _, row in found), SHOWN + 1))
    if not first:
        raise Unreadable("There is nothing in the file.")
    headings = first[0]
    if len(first) == 1:
        raise Unreadable("The file has one row only: a row of headings and at least one customer are needed.")
    if not any(any(character.isalpha() for character in cell) for cell in headings):
        raise Unreadable("The first row holds no headings; add a row that names the columns.")
    return Opening(shape, headings, first[1:])


@contextmanager
def rows(file: IO[bytes], shape: Shape) -> Iterator[Iterator[tuple[int, Row]]]:
    """Every row that is not blank, the headings first, with its number as a spreadsheet shows it.

    Raises Unreadable while iterating, where a limit is passed or the file breaks off.
    """
    file.seek(0)
    if not shape.encoding:
        with sheets.opened(file) as sheet:
            yield _bounded(sheet)
        return
    text = io.TextIOWrapper(file, shape.encoding, newline="")
    try:
        yield _bounded(_csv(text, shape.separator))
    finally:
        text.detach()


def _bounded(source: Iterator[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
    """The rows tidied, blank ones left out, too many refused."""
    count = 0
    for number, row in source:
        if len(row) > MOST_COLUMNS:
            raise Unreadable(f"Row {number:,} has {len(row):,} columns; at most {MOST_COLUMNS} are read.")
        tidied = [_tidy(cell, number) for cell in row]
        while tidied and not tidied[-1]:
            tidied.pop()
        if not tidied:
            continue
        count += 1
        if count > MOST_ROWS + 1:
            raise Unreadable(f"The file has more than {MOST_ROWS:,} rows. Split it into several files.")
        yield number, tidied


def _tidy(cell: str, number: int) -> str:
    if len(cell) > LONGEST_CELL:
        raise Unreadable(f"A cell in row {number:,} is longer than {LONGEST_CELL:,} characters.")
    if _CONTROL.search(cell):
        raise Unreadable(f"Row {number:,} holds characters that are no text. {_ADVICE}")
    return _PROTECTED.sub("", cell, count=1).strip() if cell.startswith("'") else cell.strip()


def _shape(file: IO[bytes]) -> Shape:
    file.seek(0)
    head = file.read(_BLOCK)
    if head.startswith(b"PK\x03\x04"):
        return Shape()
    for start, what in _KNOWN:
        if head.startswith(start):
            raise Unreadable(f"This is {what}, whatever its name says. {_ADVICE}")
    encoding, words = _encoding(file, head)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        separator = _separator(text.read(_BLOCK))
    except UnicodeError as error:
        raise Unreadable(f"The file is not text. {_ADVICE}") from error
    finally:
        text.detach()
    return Shape(encoding, separator, f"CSV, {words}, {_SEPARATORS[separator]}")


def _encoding(file: IO[bytes], head: bytes) -> tuple[str, str]:
    """By its mark, by the zeros between Latin letters, else UTF-8 where all of it is, else Windows-1252."""
    for mark, encoding, words in _MARKS:
        if head.startswith(mark):
            return encoding, words
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even + odd:
        half = max(len(head) // 2, 1)
        if odd > 0.4 * half and even < 0.1 * half:
            return "utf-16-le", "UTF-16"
        if even > 0.4 * half and odd < 0.1 * half:
            return "utf-16-be", "UTF-16"
        raise Unreadable(f"This is not text. {_ADVICE}")
    return ("utf-8", "UTF-8") if _is_utf8(file) else ("cp1252", "Windows-1252")


def _is_utf8(file: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while block := file.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _separator(text: str) -> str:
    """The one that cuts the first rows into the most columns, alike in all of them; a comma in doubt."""
    text = text.lstrip("\ufeff")
    if match := re.match(r"sep=(.)\r?\n", text):
        return match[1] if match[1] in _SEPARATORS else ","

    def score(separator: str) -> tuple[int, int]:
        found = []
        try:
            for row in islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), 20):
                found.append(len(row))
        except csv.Error:
            pass
        found = [width for width in found if width]
        if not found or found[0] < 2:
            return 0, 0
        return sum(width == found[0] for width in found), found[0]

    return max(_SEPARATORS, key=lambda separator: score(separator))


def _csv(text: io.TextIOWrapper, separator: str) -> Iterator[tuple[int, Row]]:
    """The records, numbered as rows of a spreadsheet; never more than LONGEST_ROW characters in memory."""
    pending = 0

    def lines() -> Iterator[str]:
        nonlocal pending
        start = True
        while line := text.readline(LONGEST_ROW):
            if start:
                start = False
                line = line.lstrip("\ufeff")
                if re.fullmatch(r"sep=.\r?\n?", line):
                    continue
            pending += len(line)
            if pending >= LONGEST_ROW:
                raise Unreadable(
                    f"Row {number + 1:,} is longer than {LONGEST_ROW:,} characters: a quotation mark before it"
                    " is probably not closed."
                )
            yield line

    number = 0
    reader = csv.reader(lines(), delimiter=separator, strict=True)
    try:
        for number, row in enumerate(reader, start=1):
            pending = 0
            yield number, row
    except csv.Error as error:
        raise Unreadable(
            f"Row {number + 1:,} cannot be read ({error}): look at its quotation marks. A quotation mark inside"
            " a cell is written twice."
        ) from error
    except UnicodeError as error:
        raise Unreadable(f"After row {number:,} the file is not text. {_ADVICE}") from error
