"""Amounts and dates as banks write them in files. Pure; what could mean two things is not guessed."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

_AMOUNT = re.compile(r"[+-]?[0-9.,]*[0-9][0-9.,]*-?")
_GROUPED = re.compile(r"[0-9]{1,3}([,.])[0-9]{3}(\1[0-9]{3})*")
_LARGEST = Decimal(10**12)

#: In this order: where the days of a file fit several, the first is taken (South Africa writes the day first).
DATE_FORMATS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y",
    "%d-%b-%y", "%d/%m/%y", "%m/%d/%Y", "%m-%d-%Y",
)  # fmt: skip


def amount(text: str) -> Decimal | None:
    """`R 1,234.56`, `1 234,56 Cr`, `(50.00)` and `50.00-` as an amount with cents; None when it is none.

    A single group of three, as in `1.234`, may be a thousand or a fraction: it is None, too.
    """
    cleaned = re.sub(r"[\s\u00a0\u202f]|^ZAR|^R|^\+", "", text.strip().upper())
    sign = 1
    if cleaned.endswith("CR"):
        cleaned = cleaned[:-2]
    elif cleaned.endswith("DR"):
        cleaned, sign = cleaned[:-2], -1
    if cleaned.startswith("(") and cleaned.endswith(")"):
        cleaned, sign = cleaned[1:-1], -sign
    if not _AMOUNT.fullmatch(cleaned) or not cleaned.isascii():
        return None
    if cleaned[0] == "-" or cleaned[-1] == "-":
        cleaned, sign = cleaned.strip("-"), -sign
    number = _plain(cleaned.lstrip("+"))
    return None if number is None or number >= _LARGEST else sign * number


def _plain(text: str) -> Decimal | None:
    """Digits with separators as a number: the last separator before one or two digits is the decimal point."""
    whole, point, cents = text, "", ""
    if match := re.fullmatch(r"(.*?)([.,])([0-9]{1,2})", text):
        whole, point, cents = match.groups()
    if whole and not whole.isdigit():
        grouped = _GROUPED.fullmatch(whole)
        if (
            grouped is None
            or grouped[1] == point
            or (not point and whole.count(grouped[1]) == 1 and grouped[1] == ".")
        ):
            return None
        whole = whole.replace(grouped[1], "")
    return Decimal(f"{whole or 0}.{cents or 0}").quantize(Decimal("0.01"))


def day(text: str, form: str) -> date | None:
    """The date in a format of DATE_FORMATS; a time after it is left out."""
    cleaned = " ".join(text.split())
    for part in (cleaned, cleaned.split("T")[0], cleaned.rsplit(" ", 1)[0]):
        try:
            return datetime.strptime(part, form).date()  # noqa: DTZ007 - a day, without a time
        except ValueError:
            continue
    return None


def date_format(texts: Sequence[str]) -> str | None:
    """The format that most of the texts have, None when none has any."""
    counts = {form: sum(day(text, form) is not None for text in texts) for form in DATE_FORMATS}
    best = max(DATE_FORMATS, key=lambda form: counts[form])
    return best if counts[best] else None
