"""The sample file: every column with its heading, an example, and in Excel a sheet that explains them."""

import csv
import io
from typing import IO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from customers.imports.fields import FIELDS, Field

_COMPANY = {
    "external_id": "1048",
    "code": "",
    "type": "company",
    "name": "Bob Baker",
    "company_name": "Bob's Plumbing (Pty) Ltd",
    "contact_name": "Bob Baker",
    "id_number": "",
    "email": "bob@example.com; accounts@example.com",
    "username": "",
    "vip": "yes",
    "due_days": "",
}


def as_csv() -> bytes:
    """UTF-8 with the mark Excel looks for."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows(_rows())
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(file: IO[bytes]) -> None:
    """The same, all cells as text, so that no telephone number loses its zero; and the explanation."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Customers")
    sheet.freeze_panes = "A2"
    for row in _rows():
        cells = [WriteOnlyCell(sheet, value) for value in row]
        for cell in cells:
            cell.number_format = "@"
            cell.data_type = "s"
        sheet.append(cells)
    words = book.create_sheet("Explanation")
    words.column_dimensions["A"].width, words.column_dimensions["B"].width = 28, 100
    words.append(["Column", "What it holds"])
    for field in FIELDS:
        words.append([field.label, field.help])
    book.save(file)


def _rows() -> list[list[str]]:
    return [
        [field.label for field in FIELDS],
        [field.example for field in FIELDS],
        [_second(field) for field in FIELDS],
    ]


def _second(field: Field) -> str:
    return _COMPANY.get(field.name, field.example)
