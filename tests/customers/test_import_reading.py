"""Files as other programs write them, and as somebody with bad intentions would."""

import csv
import io
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from string import ascii_lowercase

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from customers.imports import reading, samples
from customers.imports.errors import Unreadable

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
pytestmark = pytest.mark.feature("W-9")


def rows_of(content: bytes) -> list[tuple[int, list[str]]]:
    file = io.BytesIO(content)
    opening = reading.inspect(file, len(content))
    with reading.rows(file, opening.shape) as rows:
        return list(rows)


def workbook(*rows: list[object], change: Callable[[Workbook], None] = lambda book: None) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    change(book)
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_any_encoding_and_separator_reads_the_same(encoding: str, separator: str) -> None:
    text = io.StringIO(newline="")
    expected = [["Name", "Town"], ['Zoë; "Q", O\'Neil|x\tÿ', "Stellen\r\nbosch"], ["Bob", ""]]
    csv.writer(text, delimiter=separator).writerows(expected)
    found = rows_of(text.getvalue().encode(encoding))
    assert [row for _, row in found] == [*expected[:2], ["Bob"]]


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from(",;\t|\"'\n"), max_size=12
)


@given(
    st.lists(st.lists(WORDS, min_size=2, max_size=5), min_size=1, max_size=8),
    st.sampled_from(ENCODINGS[:5]),
    st.sampled_from(",;\t|"),
)  # fmt: skip
def test_it_reads_what_the_csv_module_reads(rows: list[list[str]], encoding: str, separator: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows([["Head", "ing"], *rows])
    oracle = list(csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=separator))
    expected = []
    for number, row in enumerate(oracle, start=1):
        cells = [cell.lstrip("\ufeff") if number == 1 else cell for cell in row]
        tidied = [
            (cell[1:] if cell[:1] == "'" and cell[1:2] in tuple("=+-@\t\r") else cell).strip()
            for cell in cells
        ]
        while tidied and not tidied[-1]:
            tidied.pop()
        if tidied:
            expected.append((number, tidied))
    file = io.BytesIO(text.getvalue().encode(encoding))
    with reading.rows(
        file, reading.Shape(encoding if encoding != "utf-16" else "utf-16", separator, "")
    ) as found:
        assert list(found) == expected


def test_a_workbook_reads_as_it_looks() -> None:
    found = rows_of(
        workbook(
            ["Name", "Cell", "Since", "Price", "VIP", "Note"],
            ["Zoë", 27821234567, date(2026, 1, 31), 19.99, True, "two\nlines"],
            [None, None],
            ["Bob", "0821234567", None, -34.1, False],
        )
    )
    assert found == [
        (1, ["Name", "Cell", "Since", "Price", "VIP", "Note"]),
        (2, ["Zoë", "27821234567", "2026-01-31", "19.99", "yes", "two\nlines"]),
        (4, ["Bob", "0821234567", "", "-34.1", "no"]),
    ]


def test_a_hidden_sheet_is_passed_over() -> None:
    def hide_first(book: Workbook) -> None:
        book.create_sheet("Second").append(["Town"])
        book["Second"].append(["Paarl"])
        book.active.sheet_state = "hidden"

    assert rows_of(workbook(["Name"], ["x"], change=hide_first)) == [(1, ["Town"]), (2, ["Paarl"])]


def test_the_samples_can_be_imported_as_they_are() -> None:
    file = io.BytesIO()
    samples.as_xlsx(file)
    as_workbook, as_csv = rows_of(file.getvalue()), rows_of(samples.as_csv())
    assert as_workbook == as_csv
    assert len(as_csv) == 3


def test_numbers_are_those_of_the_spreadsheet() -> None:
    found = rows_of(b'Name,X\n\n"two\nlines",1\n,\nlast,2\n')
    assert [number for number, _ in found] == [1, 3, 5]


def test_what_an_export_protected_from_running_comes_back_plain() -> None:
    assert rows_of(b"Name,Phone\n'=Smith,'+27 82 1\n")[1] == (2, ["=Smith", "+27 82 1"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"Name\n", "one row only"),
        (b"1,2\n3,4\n", "no headings"),
        (b"%PDF-1.7 ...", "This is a PDF, whatever its name says"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99, "old Excel"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "a picture"),
        (bytes(range(256)) * 9, "not text"),
        (b"Name,X\n\x01\x02,\x03\n", "no text"),
        (b"PK\x03\x04" + b"x" * 99, "damaged"),
        (b'Name,X\n"a"b,1\n', "Row 2 cannot be read"),
        (b'Name,X\na,1\n"b,2\n', "Row 3 cannot be read"),
        (b"Name,X\n" + b'"\n",' * 400_000, "is longer than"),
        (b"Name,X\n" + b"y" * 20_000 + b",1\n", "longer than 10,000 characters"),
        (b"Name,X\nZo\x81,1\n", "not text"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_words(content: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        rows_of(content)


def test_too_many_rows_and_columns_are_refused() -> None:
    with pytest.raises(Unreadable, match="at most 200 are read"):
        rows_of(b"Name\n" + b"x," * 200 + b"x\n")
    with pytest.raises(Unreadable, match="more than 200,000 rows"):
        rows_of(b"Name,X\n" + b"x,y\n" * 200_001)


def zipped(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


PARTS = {
    "[Content_Types].xml": b"<Types/>",
    "xl/workbook.xml": b'<workbook><sheets><sheet name="A" sheetId="1" id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": b'<r><Relationship Id="r1" Target="worksheets/a.xml"/></r>',
    "_rels/.rels": b"<r/>",
}


def hostile(sheet: bytes, **more: bytes) -> bytes:
    return zipped(
        {**PARTS, "xl/worksheets/a.xml": sheet, **{f"xl/{name}.xml": part for name, part in more.items()}}
    )


def test_such_a_workbook_would_be_read_if_it_were_honest() -> None:
    sheet = b'<s><row r="1"><c t="str"><v>Name</v></c></row><row r="2"><c t="str"><v>x</v></c></row></s>'
    assert rows_of(hostile(sheet)) == [(1, ["Name"]), (2, ["x"])]


LAUGHS = b'<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda: zipped({"readme.txt": b"hello"}), "a zip file and no Excel workbook"),
        (lambda: hostile(b"<s>" + bytes(40 * 10**6)), "zip bomb"),
        (lambda: hostile(LAUGHS + b"<s>&b;</s>"), "damaged"),
        (lambda: hostile(b'<s><row><c r="XFD1"><v>1</v></c></row></s>'), "more than 200 columns"),
        (lambda: hostile(b'<s><row><c t="s"><v>7</v></c></row></s>'), "damaged"),
        (lambda: hostile(b'<s><row><c t="s"><v>' + b"7" * 90_000 + b"</v></c></row></s>"), "longer than"),
        (lambda: zipped({k: v for k, v in PARTS.items() if "rels" not in k}), "damaged"),
    ],
)  # fmt: skip
def test_a_hostile_workbook_is_refused(content: Callable[[], bytes], says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        rows_of(content())


def test_a_workbook_that_lies_about_its_size_is_stopped_while_it_unpacks() -> None:
    content = hostile(b"<s>" + b"<row/>" * 200_000 + b"</s>")
    lied = content.replace((7 + 6 * 200_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lied != content
    with pytest.raises(Unreadable):
        rows_of(lied)


def many(one: str, count: int) -> bytes:
    """So many small elements, packed too badly to look like a bomb."""
    kinds = [one.replace("?", a + b) for a in ascii_lowercase for b in ascii_lowercase]
    return b"<s>" + "".join(random.choices(kinds, k=count)).encode() + b"</s>"


HOSTILE: dict[str, Callable[[], bytes]] = {
    "shared strings": lambda: hostile(b"<s/>", sharedStrings=many("<si><t>?</t></si>", 5_000_000)),
    "no rows": lambda: hostile(many("<?/>", 2_000_000)),
    "one line": lambda: b"Name,X\n" + "\U0001f600".encode() * 12_000_000,
    "all quoted": lambda: b'Name,X\n"' + b"x\n" * 20_000_000,
    "200 MB": lambda: b"Name,X\n" * 30_000_000,
}
READ = """
import os, re, sys
from customers.imports import reading
from customers.imports.errors import Unreadable
path = sys.argv[1]
try:
    with open(path, "rb") as file:
        opening = reading.inspect(file, os.path.getsize(path))
        with reading.rows(file, opening.shape) as rows:
            print("read", sum(1 for _ in rows))
except Unreadable as error:
    print("refused", str(error)[:60])
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


@pytest.mark.parametrize("kind", HOSTILE)
def test_reading_never_takes_300_megabytes(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "hostile"
    file.write_bytes(HOSTILE[kind]())
    command = [sys.executable, "-c", f"import django; django.setup()\n{READ}", str(file)]
    done = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    said, kilobytes = done.stdout.splitlines()
    assert said.startswith("refused"), said
    assert int(kilobytes) < 300_000, said
