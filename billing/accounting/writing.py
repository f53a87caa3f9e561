"""Journals as files of a package: rows of its columns, in as many files as it takes. Pure but for the zip it fills."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from billing.accounting.entries import EntryLine
from billing.accounting.mapping import Codes
from billing.accounting.packages import Journal, JournalLine, Package
from ispbilling.core.exports import as_text
from ispbilling.core.money import ZERO


@dataclass(slots=True)
class Written:
    """What went into the files: for the certificate."""

    lines: int = 0
    files: int = 0
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    by_code: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))


def journals(lines: Iterable[EntryLine], codes: Codes, prefix: str) -> Iterator[Journal]:
    """The entries as journals, one per posting or per day; accounts that the package does not tell apart are added up.

    Raises LookupError for an account that nobody mapped.
    """
    for (number, on), group in groupby(lines, key=lambda line: (line.journal, line.on)):
        parts: dict[tuple[str, str, str], Decimal] = defaultdict(lambda: ZERO)
        memo = ""
        for line in group:
            target = codes.find(line.pot)
            if target is None:
                raise LookupError(f"{line.pot.key} is not mapped")
            memo = line.memo
            parts[target.code, target.tax_type, line.payer] += line.amount
        narration = memo or f"Billing {on}"
        reference = f"{prefix}-{number}" if number else f"{prefix}-{on:%Y%m%d}"
        found = tuple(
            JournalLine(code, tax, as_text(f"{narration} {payer}".strip()), amount)
            for (code, tax, payer), amount in parts.items()
            if amount
        )
        if found:
            yield Journal(reference, on, as_text(narration), found)


def write(bundle: ZipFile, stem: str, day: date, package: Package, entries: Iterable[Journal]) -> Written:
    """Fill `bundle` with files of journals, none of them split; `day` dates the files, so that bytes repeat."""
    written = Written()
    buffer: list[str] = []
    lines = octets = 0

    def close() -> None:
        nonlocal lines, octets
        if not buffer:
            return
        written.files += 1
        number = f"-{written.files}" if written.files > 1 else ""
        info = ZipInfo(f"{stem}{number}.csv", (day.year, day.month, day.day, 0, 0, 0))
        info.external_attr = 0o644 << 16
        info.compress_type = ZIP_DEFLATED
        bundle.writestr(info, (header + "".join(buffer)).encode())
        buffer.clear()
        lines, octets = 0, 0

    header = as_csv([package.journal_columns])
    for journal in entries:
        text = as_csv(package.journal(journal))
        size, count = len(text.encode()), len(journal.lines)
        full = lines + count > package.most_lines or octets + size + len(header) > package.most_octets
        if full:
            close()
        buffer.append(text)
        lines, octets = lines + count, octets + size
        written.lines += count
        for line in journal.lines:
            written.by_code[line.code] += line.amount
            if line.amount > 0:
                written.debit += line.amount
            else:
                written.credit -= line.amount
    close()
    return written


def as_csv(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV, without the byte order mark that a package would take for a part of the first heading."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()
