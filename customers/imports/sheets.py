"""The first sheet of an Excel workbook (.xlsx) as rows of text, in bounded memory.

The parts are read with expat as they are unpacked, never as a tree: a tree, or a list of shared strings, of a
hostile workbook has no bound. The zip's own figures are checked first and not believed: unpacking stops at the
limits, too. Number formats are read with openpyxl's knowledge of them, so that dates read as dates.
"""

import re
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from posixpath import join, normpath
from typing import IO
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

from customers.imports.errors import Unreadable

#: Unpacked: one part, and all that is read. A workbook of 200,000 customers has about 250 MB.
MOST_UNPACKED = 400 * 10**6
MOST_STRINGS = 100 * 10**6
#: More than this is no list of customers: real ones shrink to a tenth.
MOST_SHRUNK = 200
MOST_COLUMNS = 200
LONGEST_CELL = 40_000
_BLOCK = 1 << 16
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_BROKEN = "The workbook is damaged or is no Excel workbook. Open it in Excel, save it as .xlsx and try again."

Attributes = dict[str, str]


@contextmanager
def opened(file: IO[bytes]) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """The rows of the first visible sheet with their numbers. Raises Unreadable, also while iterating."""
    try:
        with zipfile.ZipFile(file) as archive:
            _check(archive)
            yield _rows(archive)
    except (zipfile.BadZipFile, zlib.error, KeyError, expat.ExpatError, EOFError) as error:
        raise Unreadable(_BROKEN) from error
    except (NotImplementedError, RuntimeError) as error:  # how zipfile says: encrypted, or packed otherwise
        if isinstance(error, RuntimeError) and "generator" in str(error):
            raise
        raise Unreadable("The workbook is protected by a password. Save it without one.") from error


def _check(archive: zipfile.ZipFile) -> None:
    """Refuse by the zip's own figures what need not be unpacked to be refused."""
    parts = archive.infolist()
    if len(parts) > 2000 or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Unreadable("The workbook unpacks to more than can be read. Save only its list as CSV.")
    for part in parts:
        if part.file_size > 10**6 and part.file_size > MOST_SHRUNK * max(part.compress_size, 1):
            raise Unreadable("The workbook is packed like a zip bomb and was not opened.")
    if "[Content_Types].xml" not in archive.namelist():
        raise Unreadable("This is a zip file and no Excel workbook. Unpack it, or save the list as .xlsx.")


def _rows(archive: zipfile.ZipFile) -> Iterator[tuple[int, list[str]]]:
    place, epoch = _first_sheet(archive)
    strings = _Strings(archive)
    dates = _date_styles(archive)
    sheet = _Sheet(strings, dates, epoch)
    for _ in _parsed(archive, place, sheet.start, sheet.end, sheet.text, MOST_UNPACKED):
        yield from sheet.ready
        sheet.ready.clear()


def _parsed(
    archive: zipfile.ZipFile,
    name: str,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
    most: int,
) -> Iterator[None]:
    """Unpack a part block by block through expat; tags come without their namespace."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def no_doctype(*_: object) -> None:
        raise Unreadable(_BROKEN)  # no workbook has one; entities could grow without end

    parser.StartDoctypeDeclHandler = no_doctype
    parser.StartElementHandler = lambda tag, attributes: start(tag.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda tag: end(tag.rpartition(":")[2])
    parser.CharacterDataHandler = text
    unpacked = 0
    with archive.open(name) as part:
        while block := part.read(_BLOCK):
            unpacked += len(block)
            if unpacked > most:
                raise Unreadable("The workbook unpacks to more than can be read. Save only its list as CSV.")
            parser.Parse(block, False)
            yield
        parser.Parse(b"", True)
        yield


def _elements(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[str, Attributes]]:
    """(tag, attributes) of the elements of a small part, in order."""
    found: list[tuple[str, Attributes]] = []

    def start(tag: str, attributes: Attributes) -> None:
        found.append((tag, {key.rpartition(":")[2]: value for key, value in attributes.items()}))
        if len(found) > 100_000:
            raise Unreadable(_BROKEN)

    for _ in _parsed(archive, name, start, lambda tag: None, lambda text: None, 20 * 10**6):
        yield from found
        found.clear()


def _first_sheet(archive: zipfile.ZipFile) -> tuple[str, datetime]:
    """Where the first visible sheet is, and from when its dates count."""
    book = next(
        (target for _, target in _relations(archive, "_rels/.rels", "") if target.endswith("workbook.xml")),
        "xl/workbook.xml",
    )
    folder = book.rpartition("/")[0]
    places = dict(_relations(archive, f"{folder}/_rels/{book.rpartition('/')[2]}.rels", folder))
    chosen, epoch = "", WINDOWS_EPOCH
    for tag, its in _elements(archive, book):
        if tag == "workbookPr" and its.get("date1904") in ("1", "true"):
            epoch = MAC_EPOCH
        if tag == "sheet" and not chosen and its.get("state", "visible") == "visible":
            chosen = places.get(its.get("id", ""), "")
    if not chosen or "chartsheet" in chosen:
        raise Unreadable("The workbook has no sheet with a list in it.")
    return chosen, epoch


def _relations(archive: zipfile.ZipFile, name: str, folder: str) -> Iterator[tuple[str, str]]:
    for tag, its in _elements(archive, name):
        if tag == "Relationship" and its.get("TargetMode") != "External":
            target = its.get("Target", "")
            yield its.get("Id", ""), normpath(join("/" + folder, target)).lstrip("/")


def _date_styles(archive: zipfile.ZipFile) -> set[int]:
    """The cell styles that show a number as a date or time."""
    if "xl/styles.xml" not in archive.namelist():
        return set()
    formats, inside, number, found = dict(BUILTIN_FORMATS), False, 0, set()
    for tag, its in _elements(archive, "xl/styles.xml"):
        if tag == "numFmt":
            formats[_whole(its.get("numFmtId", ""))] = its.get("formatCode", "")
        elif tag in ("cellXfs", "cellStyles"):
            inside = tag == "cellXfs"
        elif tag == "xf" and inside:
            if is_date_format(formats.get(_whole(its.get("numFmtId", "")), "General")):
                found.add(number)
            number += 1
    return found


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


class _Strings:
    """The shared strings as one run of UTF-8 with the place where each ends: a few octets beside its text."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._text, self._ends = bytearray(), array("I")
        self._depth, self._reading, self._phonetic = 0, False, False
        if "xl/sharedStrings.xml" in archive.namelist():
            for _ in _parsed(
                archive, "xl/sharedStrings.xml", self._start, self._end, self._add, MOST_STRINGS
            ):
                pass

    def __getitem__(self, number: int) -> str:
        if number >= len(self._ends):
            raise Unreadable(_BROKEN)
        begin = self._ends[number - 1] if number else 0
        return _unescaped(self._text[begin : self._ends[number]].decode())

    def _start(self, tag: str, attributes: Attributes) -> None:
        if tag == "rPh":
            self._phonetic = True
        self._reading = tag == "t" and not self._phonetic

    def _end(self, tag: str) -> None:
        self._reading = False
        if tag == "rPh":
            self._phonetic = False
        elif tag == "si":
            self._ends.append(len(self._text))

    def _add(self, text: str) -> None:
        if self._reading:
            self._text += text.encode()


class _Sheet:
    """Collects the cells of a sheet; finished rows lie in `ready` until they are taken."""

    def __init__(self, strings: _Strings, dates: set[int], epoch: datetime) -> None:
        self._strings, self._dates, self._epoch = strings, dates, epoch
        self.ready: list[tuple[int, list[str]]] = []
        self._number, self._cells, self._column = 0, dict[int, str](), -1
        self._kind, self._style, self._value, self._size = "", 0, list[str](), 0
        self._reading = self._phonetic = False

    def start(self, tag: str, its: Attributes) -> None:
        if tag == "c":
            self._column = _column(its["r"]) if "r" in its else self._column + 1
            self._kind, self._style = its.get("t", "n"), _whole(its.get("s", "0"))
            self._value, self._size = [], 0
        elif tag == "row":
            self._number = _whole(its["r"]) if "r" in its else self._number + 1
            self._cells, self._column = {}, -1
        elif tag == "rPh":
            self._phonetic = True
        self._reading = (tag == "v" or tag == "t") and not self._phonetic

    def end(self, tag: str) -> None:
        self._reading = False
        if tag == "c":
            if self._value:
                self._keep("".join(self._value))
        elif tag == "row":
            width = max(self._cells, default=-1) + 1
            self.ready.append((self._number, [self._cells.get(n, "") for n in range(width)]))
        elif tag == "rPh":
            self._phonetic = False

    def text(self, text: str) -> None:
        if self._reading:
            self._size += len(text)
            if self._size > LONGEST_CELL:
                raise Unreadable(f"A cell in row {self._number:,} is longer than a cell can be.")
            self._value.append(text)

    def _keep(self, raw: str) -> None:
        if self._column >= MOST_COLUMNS:
            raise Unreadable(f"Row {self._number:,} has more than {MOST_COLUMNS} columns.")
        self._cells[self._column] = self._shown(raw)

    def _shown(self, raw: str) -> str:
        if self._kind == "s":
            return self._strings[_whole(raw)]
        if self._kind == "b":
            return "yes" if raw == "1" else "no"
        if self._kind == "n":
            return self._number_shown(raw)
        return _unescaped(raw)

    def _number_shown(self, raw: str) -> str:
        """A number as it was typed: without the noise of binary fractions; a date as YYYY-MM-DD."""
        try:
            number = float(raw)
            if self._style in self._dates:
                return _day(from_excel(number, self._epoch))
        except (ValueError, OverflowError):
            return raw
        return f"{number:.0f}" if number.is_integer() and abs(number) < 1e18 else f"{number:.15g}"


def _day(moment: datetime | date | time | timedelta | None) -> str:
    if isinstance(moment, datetime):
        whole = moment.time() == time()
        return moment.strftime("%Y-%m-%d") if whole else moment.strftime("%Y-%m-%d %H:%M")
    return str(moment) if moment is not None else ""


def _column(reference: str) -> int:
    """The column of `AB12`, from 0."""
    number = 0
    for letter in reference[:4].upper():
        if "A" <= letter <= "Z":
            number = number * 26 + ord(letter) - 64
    return number - 1


def _unescaped(text: str) -> str:
    """Characters XML cannot hold are written _x000D_; half of a surrogate pair is no character."""
    return _ESCAPE.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
