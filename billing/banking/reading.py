"""A bank statement as entries: CSV or Excel with any columns, OFX, or MT940. The file proves nothing by its name."""

import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from mt940.models import Transactions
from ofxtools.Parser import OFXTree

from billing.banking.amounts import amount, day
from customers.imports import reading
from customers.imports.errors import Unreadable
from ispbilling.core.money import cents

MOST_OCTETS = 5 * 10**6
MOST_ENTRIES = 5_000
#: The one currency of this installation, as files call it.
CURRENCY = "ZAR"
CSV, OFX, MT940 = "csv", "ofx", "mt940"
_REFERENCE = 140


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a statement; money that came in is positive. `digest` is the same in every file that has it."""

    number: int
    booked_on: date
    amount: Decimal
    reference: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a table is what, by position; `first` is the row where the entries begin."""

    first: int
    date: int
    date_format: str
    amount: int | None = None
    credit: int | None = None
    debit: int | None = None
    references: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """What a file holds. `problems` are rows that could not be read, with why."""

    kind: str
    entries: list[Entry]
    problems: list[str]
    table: list[list[str]]


def kind_of(content: bytes) -> str:
    """CSV (or Excel) unless the content says OFX or MT940."""
    head = content[:4000].lstrip(b"\xef\xbb\xbf\r\n\t ")
    if head.startswith((b"OFXHEADER", b"<?OFX")) or b"<OFX>" in head.upper():
        return OFX
    return MT940 if b":20:" in head and b":60" in content[:20_000] else CSV


def read(content: bytes) -> Statement:
    """The entries of a file. Raises Unreadable with what is wrong. A table's entries follow its `columns`."""
    if len(content) > MOST_OCTETS:
        raise Unreadable("The file is larger than 5 MB; export a shorter time from the bank.")
    kind = kind_of(content)
    if kind == CSV:
        return Statement(kind, [], [], _table(content))
    entries, problems = _ofx(content) if kind == OFX else _mt940(content)
    if not entries and not problems:
        raise Unreadable("There are no entries in the file.")
    if len(entries) > MOST_ENTRIES:
        raise Unreadable(
            f"The file has more than {MOST_ENTRIES:,} entries; export a shorter time from the bank."
        )
    return Statement(kind, digested(entries), problems, [])


def digested(entries: Iterable[Entry]) -> list[Entry]:
    """With a digest over day, amount and reference; the second of two alike on one day says that it is the second."""
    seen: Counter[tuple[date, Decimal, str]] = Counter()
    found = []
    for one in entries:
        key = (one.booked_on, one.amount, " ".join(one.reference.upper().split()))
        seen[key] += 1
        told = f"{one.booked_on}|{one.amount:.2f}|{key[2]}|{seen[key]}"
        digest = hashlib.sha256(told.encode()).hexdigest()
        found.append(Entry(one.number, one.booked_on, one.amount, one.reference, digest))
    return found


def _table(content: bytes) -> list[list[str]]:
    file = io.BytesIO(content)
    opening = reading.inspect(file, len(content))
    with reading.rows(file, opening.shape) as rows:
        found = [row for _, row in islice(rows, MOST_ENTRIES + 1)]
    if len(found) > MOST_ENTRIES:
        raise Unreadable(
            f"The file has more than {MOST_ENTRIES:,} rows; export a shorter time from the bank."
        )
    return found


def entries_of(table: Sequence[Sequence[str]], columns: Columns) -> tuple[list[Entry], list[str]]:
    """The entries of a table, and which of its rows are none and why; rows without an amount are left out."""
    entries, problems = [], []
    for number, row in enumerate(table[columns.first :], start=columns.first + 1):
        texts = {name: _cell(row, getattr(columns, name)) for name in ("date", "amount", "credit", "debit")}
        if not (texts["amount"] or texts["credit"] or texts["debit"]):
            continue  # a balance carried forward, a blank or closing line
        on, money = day(texts["date"], columns.date_format), _money(texts)
        if on is None:
            problems.append(f"Row {number}: “{texts['date'][:40]}” is no date like the others.")
        elif money is None:
            problems.append(
                f"Row {number}: “{(texts['amount'] or texts['credit'] or texts['debit'])[:40]}” is no amount."
            )
        else:
            words = dict.fromkeys(filter(None, (_cell(row, n) for n in columns.references)))
            entries.append(Entry(number, on, money, _tidy(" ".join(words))))
    return digested(entries), problems


def _money(texts: dict[str, str]) -> Decimal | None:
    if texts["amount"]:
        return amount(texts["amount"])
    credit, debit = (amount(texts[name]) if texts[name] else Decimal(0) for name in ("credit", "debit"))
    return None if credit is None or debit is None else abs(credit) - abs(debit)


def _cell(row: Sequence[str], position: int | None) -> str:
    return row[position] if position is not None and position < len(row) else ""


def _ofx(content: bytes) -> tuple[list[Entry], list[str]]:
    if b"</OFX>" not in content.upper():
        raise Unreadable("The file breaks off: its end is missing. Download it again.")
    tree = OFXTree()
    try:
        tree.parse(io.BytesIO(content))
    except (SyntaxError, ValueError, LookupError) as error:
        raise Unreadable(f"This is no OFX file that can be read: {str(error)[:100]}") from error
    root = tree.getroot()
    if root is None:
        raise Unreadable("There are no entries in the file.")
    _check_currency({str(node.text) for node in root.iter("CURDEF")})
    entries, problems = [], []
    for number, node in enumerate(root.iter("STMTTRN"), start=1):
        said = {child.tag: (child.text or "").strip() for child in node}
        on, money = day(said.get("DTPOSTED", "")[:8], "%Y%m%d"), _decimal(said.get("TRNAMT", ""))
        if on is None or money is None:
            problems.append(f"Entry {number} has no date or no amount.")
            continue
        text = dict.fromkeys(filter(None, (said.get(tag, "") for tag in ("NAME", "MEMO", "CHECKNUM"))))
        entries.append(Entry(number, on, money, _tidy(" ".join(text))))
    return entries, problems


def _mt940(content: bytes) -> tuple[list[Entry], list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    statement = Transactions()  # not mt940.parse: it would open a file of that name
    try:
        statement.parse(text)
    except (ValueError, RuntimeError, LookupError, AssertionError, InvalidOperation) as error:
        raise Unreadable(f"This is no MT940 file that can be read: {str(error)[:100]}") from error
    entries, problems = [], []
    for number, one in enumerate(statement, start=1):
        said: dict[str, Any] = one.data
        if said.get("amount") is None or said.get("date") is None:
            problems.append(f"Entry {number} has no date or no amount.")
            continue
        _check_currency({said.get("currency") or CURRENCY})
        texts = (
            said.get(name) or "" for name in ("customer_reference", "transaction_details", "extra_details")
        )
        words = dict.fromkeys(part for part in map(str, texts) if part and part != "NONREF")
        on = date(said["date"].year, said["date"].month, said["date"].day)
        entries.append(Entry(number, on, cents(said["amount"].amount), _tidy(" ".join(words))))
    return entries, problems


def _check_currency(found: set[str]) -> None:
    if foreign := found - {CURRENCY}:
        raise Unreadable(f"The statement is in {', '.join(sorted(foreign))[:40]}, not in {CURRENCY}.")


def _decimal(text: str) -> Decimal | None:
    """OFX writes plain decimals, with a point or a comma."""
    if not re.fullmatch(r"[+-]?[0-9]{1,12}([.,][0-9]{0,6})?", text, re.ASCII):
        return None
    return cents(Decimal(text.replace(",", ".")))


def _tidy(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:_REFERENCE]
