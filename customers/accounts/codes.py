"""The accounting code, pure: which stem a name gives (ACC-1..ACC-9) and what shape a code has.

The number behind the stem is given out by `customers.accounts.numbering`, which knows what was used before.
"""

import re
import unicodedata

from customers.preferences.titles import USUAL

JOINERS = frozenset({"AND", "EN"})
STEM_LENGTH = 3
#: More digits than this cannot be reached by counting and would not fit the counter.
MOST_DIGITS = 9

_CODE = re.compile(r"[A-Z0-9/_-]{1,20}")
_NUMBERED = re.compile(rf"([A-Z0-9]{{{STEM_LENGTH}}})([0-9]{{1,{MOST_DIGITS}}})")
# Letters that Unicode does not decompose into a base letter and a mark.
_UNDECOMPOSED = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
)


def title_words(text: str) -> frozenset[str]:
    """The titles of a comma-separated text, as names are compared with them."""
    return frozenset(filter(None, map(_letters, re.split(r"[,;\n]", text))))


def stem(name: str, *, company: bool, titles: frozenset[str] | None = None) -> str | None:
    """The first three characters of the code, from a company's name or a person's; None when nothing is left.

    Persons: titles (the usual ones unless given) are dropped, "Surname, First" is turned round, initials count
    only where no first name is given (ACC-4..ACC-6). A company keeps them (D-24: Mr Price is MRP). Everything
    but A-Z and 0-9 vanishes after accents are folded; short names are padded with X.
    """
    base = _letters(name) if company else _of_person(_tokens(name, titles))
    return (base + "X" * STEM_LENGTH)[:STEM_LENGTH] if base else None


def lacks_first_name(name: str, titles: frozenset[str] | None = None) -> bool:
    """Whether a person's name holds no first name, so that staff are asked to get it first (ACC-5)."""
    tokens = _tokens(name, titles)
    return bool(tokens) and (len(tokens) == 1 and name.strip() != tokens[0] or _opens_with_initials(tokens))


def code(stem: str, number: int) -> str:
    """`FRI001`; past 999 the number simply grows: `FRI1000`."""
    return f"{stem}{number:03}"


def numbered(code: str) -> tuple[str, int] | None:
    """The stem and number of a code that counting could have made (`FRI012` -> FRI, 12), else None."""
    match = _NUMBERED.fullmatch(code)
    return (match[1], int(match[2])) if match else None


def tidy(typed: str) -> str:
    """A typed code as it is stored: trimmed, upper case. Raises ValueError for a shape that is no code."""
    tidied = typed.strip().upper()
    if not _CODE.fullmatch(tidied):
        raise ValueError("An account code is 1 to 20 of the letters A-Z, digits, - / and _.")
    return tidied


def _letters(text: str) -> str:
    """Upper-case A-Z and digits only: accents folded, @ & . ' - and the like gone."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_UNDECOMPOSED))
    return re.sub(r"[^A-Z0-9]", "", decomposed.upper())


def _tokens(name: str, titles: frozenset[str] | None) -> list[str]:
    """The words of a person's name, first name first, without titles and joiners (one word always stays)."""
    if name.count(",") == 1:
        last, _, first = name.partition(",")
        name = f"{first} {last}"
    tokens = [token for token in name.split() if _letters(token)]
    dropped = (_USUAL if titles is None else titles) | JOINERS
    while len(tokens) > 1 and _letters(tokens[0]) in dropped:
        tokens.pop(0)
    return tokens


def _opens_with_initials(tokens: list[str]) -> bool:
    """One letter, dotted (J.P.), or two or three capitals beside mixed-case words (JP Botha)."""
    head, rest = tokens[0], tokens[1:]
    letters = _letters(head)
    dotted = "." in head.strip(".") or (head.endswith(".") and len(letters) <= 2)
    capitals = head.isupper() and len(letters) <= 3 and any(not token.isupper() for token in rest)
    return bool(rest) and (len(letters) == 1 or dotted or capitals)


def _of_person(tokens: list[str]) -> str:
    """What the stem is cut from: the first name, or first initial and surname."""
    if not tokens:
        return ""
    head, rest = _letters(tokens[0]), tokens[1:]
    if _opens_with_initials(tokens):
        while len(rest) > 1 and len(_letters(rest[0])) == 1:
            rest = rest[1:]
        return head[0] + "".join(map(_letters, rest))
    return head if len(head) >= STEM_LENGTH else head + "".join(map(_letters, rest))


_USUAL = title_words(USUAL)
