"""Which column of a bank's table is what, by its headings, or without headings by what stands in it. Pure."""

from collections.abc import Sequence

from billing.banking.amounts import amount, date_format, day
from billing.banking.reading import Columns

#: Words of headings, in lower case; longer ones win.
_DATES = ("date", "datum", "transaction date", "posting date", "booking date", "effective date", "value date")
_AMOUNTS = ("amount", "bedrag", "transaction amount", "amount (zar)", "amount zar", "value", "net amount")
_CREDITS = (
    "credit",
    "credits",
    "credit amount",
    "money in",
    "paid in",
    "deposit",
    "deposits",
    "krediet",
    "in",
)
_DEBITS = (
    "debit",
    "debits",
    "debit amount",
    "money out",
    "paid out",
    "withdrawal",
    "withdrawals",
    "debiet",
    "out",
)
_REFERENCES = (
    "reference", "description", "details", "narrative", "memo", "particulars", "payee", "name", "remarks",
    "beskrywing", "verwysing", "text", "statement",
)  # fmt: skip
#: So many rows may stand before the headings: the account, its holder, the balance.
_PREAMBLE = 40
_SAMPLE = 200


def guess(table: Sequence[Sequence[str]]) -> Columns | None:
    """The columns, or None when nothing looks like a day and an amount."""
    for number, row in enumerate(table[:_PREAMBLE]):
        found = _by_headings(row, number + 1, table)
        if found is not None:
            return found
    return _by_content(table)


def _by_headings(row: Sequence[str], first: int, table: Sequence[Sequence[str]]) -> Columns | None:
    heads = [" ".join(cell.lower().replace("_", " ").split()) for cell in row]
    on, money, plus, minus = (_find(heads, words) for words in (_DATES, _AMOUNTS, _CREDITS, _DEBITS))
    if on is None or (money is None and plus is None):
        return None
    form = date_format([row[on] for row in table[first : first + _SAMPLE] if on < len(row)])
    if form is None:
        return None
    taken = {on, money, plus, minus}
    references = tuple(
        n for n, head in enumerate(heads) if n not in taken and any(word in head for word in _REFERENCES)
    )
    split = money is None
    return Columns(first, on, form, money, plus if split else None, minus if split else None, references)


def _find(heads: Sequence[str], words: Sequence[str]) -> int | None:
    for word in words:
        if word in heads:
            return heads.index(word)
    return None


def _by_content(table: Sequence[Sequence[str]]) -> Columns | None:
    """Without headings: the first column of days, the first of amounts that is none of days, and the texts."""
    sample = table[:_SAMPLE]
    width = max(map(len, sample), default=0)
    cells = [[row[n] for row in sample if n < len(row) and row[n]] for n in range(width)]
    forms = [date_format(column) for column in cells]
    on = next(
        (
            n
            for n in range(width)
            if (form := forms[n]) and _most(cells[n], lambda text, f=form: day(text, f))
        ),
        None,
    )
    if on is None:
        return None
    rest = [n for n in range(width) if n != on]
    money = next((n for n in rest if _most(cells[n], _with_cents)), None)
    if money is None:
        return None
    texts = [
        n for n in rest if n != money and _most(cells[n], lambda text: any(map(str.isalpha, text)) or None)
    ]
    first = next(n for n, row in enumerate(table) if on < len(row) and day(row[on], forms[on] or ""))
    return Columns(first, on, forms[on] or "", money, references=tuple(texts))


def _most(cells: Sequence[str], known: object) -> bool:
    found = sum(known(cell) is not None for cell in cells)  # type: ignore[operator]
    return found > 0 and found * 2 > len(cells)


def _with_cents(text: str) -> object:
    """An amount that looks like one: a bare number may be an account or a branch."""
    return amount(text) if text.strip()[-3:-2] in (".", ",") else None
