"""Netcash: the batch file for upload, and the daily statement with what came of it.

The batch file (API document "Batch file upload", BatchFileUpload, api.netcash.co.za) is tab-delimited text: a header
H with service key, version, instruction, batch name, action date CCYYMMDD and software vendor key; a key record K
that names the fields of what follows; a T record per collection; a footer F with count, sum in cents and 9999. Fields:
101 account reference, 102 account name, 131 banking detail type (1 bank account), 132 account holder, 133 account
type (1 current, 2 savings, 3 transmission), 134 branch code, 135 filler, 136 account number, 162 amount in cents,
301 extra 1, which comes back with the result.

The statement ("Netcash statement", the same site) is tab-delimited, too: date CCYYMMDD, transaction code,
transaction id, description, amount, effect + or -, VAT, extra 1 to 3. TDD, SDD and DCS are collections that were
paid; DRU, DCX and DCD those that were not, with the bank's code in the description. In the bulk statement FH, SH, SF
and FF records stand around them. Amounts are in rand with a point, or, without any point in the file, in cents.
"""

import csv
import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from billing.banking.amounts import amount
from billing.debiting import reasons
from billing.debiting.formats.told import Line, Told
from billing.debiting.models import AccountType, DebitBatch, DebitRow, DebitSettings, Outcome, Service
from customers.imports.errors import Unreadable
from ispbilling.core.money import HUNDRED, cents

#: What Netcash documents for those who are no registered software vendor.
VENDOR_KEY = "24ade73c-98cf-47b3-99be-cc7b867b3080"
KEYS = ("101", "102", "131", "132", "133", "134", "135", "136", "162", "301")
END = "\r\n"
INSTRUCTIONS = {Service.TWO_DAY: "TwoDay", Service.SAME_DAY: "Sameday"}
TYPES = {AccountType.CURRENT: "1", AccountType.SAVINGS: "2", AccountType.TRANSMISSION: "3"}
#: The clearing system takes 30 characters of an account holder; the account name is for people.
_HOLDER, _NAME = 30, 50
PAID = frozenset({"TDD", "SDD", "DCS"})
UNPAID = frozenset({"DRU", "DCX", "DCD"})
_AROUND = frozenset({"FH", "SH", "SF", "FF"})
_KEY = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
MOST_OCTETS = 5 * 10**6


class Netcash:
    label = "Netcash"

    def obstacles(self, settings: DebitSettings) -> list[str]:
        if _KEY.fullmatch(str(settings.service_key)):
            return []
        return [
            "The service key of the debit order service is missing: put it into the debit order settings."
        ]

    def file_name(self, batch: DebitBatch) -> str:
        return f"netcash-{batch}-{batch.action_on:%Y%m%d}.txt"

    def file(self, batch: DebitBatch, rows: Sequence[DebitRow], settings: DebitSettings) -> bytes:
        head = (
            "H", str(settings.service_key), "1", INSTRUCTIONS[Service(batch.service)], str(batch),
            f"{batch.action_on:%Y%m%d}", settings.vendor_key or VENDOR_KEY,
        )  # fmt: skip
        sum_of_cents = sum(cents_of(row.amount) for row in rows)
        records = [
            head,
            ("K", *KEYS),
            *(_record(row) for row in rows),
            ("F", str(len(rows)), str(sum_of_cents), "9999"),
        ]
        return "".join("\t".join(record) + END for record in records).encode("ascii")

    def read(self, content: bytes) -> Told:
        if len(content) > MOST_OCTETS:
            raise Unreadable("The file is larger than 5 MB; download the statement of a shorter time.")
        told, rows = Told(), _table(content)
        in_cents = not any("." in cells[4] or "," in cells[4] for _, cells in rows if len(cells) > 4)
        for number, cells in rows:
            line = _line(number, cells, in_cents, told)
            if line is not None:
                told.lines.append(line)
        if not told.lines and not told.others and not told.problems:
            raise Unreadable("There are no transactions in the file.")
        if not told.lines and not told.others:
            raise Unreadable(f"This is no Netcash statement. {told.problems[0]}")
        return told


def cents_of(value: Decimal) -> int:
    """Whole cents; amounts of rows have no less."""
    return int(value * HUNDRED)


def _record(row: DebitRow) -> tuple[str, ...]:
    mandate = row.mandate
    return (
        "T", mandate.reference, plain(row.payer.name, _NAME) or mandate.reference, "1",
        plain(mandate.holder, _HOLDER), TYPES[AccountType(mandate.account_type)], mandate.branch_code, "0",
        str(mandate.account_number), str(cents_of(row.amount)), row.reference,
    )  # fmt: skip


def plain(text: str, most: int) -> str:
    """The text in ASCII without tabs and line ends: `Zoë` is `Zoe`."""
    spelled = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join("".join(one if one.isprintable() else " " for one in spelled).split())[:most].strip()


def _table(content: bytes) -> list[tuple[int, list[str]]]:
    """The records with their line numbers; tabs as documented, commas or semicolons as spreadsheets make of them."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    if "\x00" in text:
        raise Unreadable("This is no text file; download the statement from Netcash as it is.")
    mark = "\t" if "\t" in text else ";" if text.count(";") > text.count(",") else ","
    found, reader = [], csv.reader(text.splitlines(), delimiter=mark)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells) and cells[0].upper() not in _AROUND:
                found.append((reader.line_num, cells))
    except csv.Error as error:
        raise Unreadable("This is no statement; download it from Netcash as it is.") from error
    return found


def _line(number: int, cells: list[str], in_cents: bool, told: Told) -> Line | None:
    """The result in a record; what is none is counted, what cannot be read noted."""
    day = _day(cells[0])
    if day is None or len(cells) < 5:
        if number > 1:  # the first line may hold headings
            told.problems.append(f"Line {number} has no date, code and amount where a statement has them.")
        return None
    code = cells[1].upper()
    if code not in PAID | UNPAID:
        told.others += 1
        return None
    money = amount(cells[4])
    if money is None or not money:
        told.problems.append(f"Line {number}: “{cells[4][:40]}” is no amount.")
        return None
    effect = cells[5] if len(cells) > 5 else ""
    paid = code in PAID and effect != "-" and money > 0
    text = " ".join(dict.fromkeys(filter(None, [cells[3], *cells[7:10]])))
    why = "" if paid else reasons.find(cells[3])
    said = reasons.words(why) or ("" if paid else "Unpaid" if code in UNPAID else "Reversed")
    value = cents(abs(money) / HUNDRED) if in_cents else abs(money)
    return Line(number, day, Outcome.PAID if paid else Outcome.UNPAID, value, text[:140], why, said)


def _day(text: str) -> date | None:
    for form in ("%Y%m%d", "%Y-%m-%d", "%Y/%m/%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day, without a time
        except ValueError:
            continue
    return None
