"""Telephone numbers and extensions in one form, however a file or a person writes them. Pure.

A number becomes its digits with the country code: `+27 21 555 0100`, `0027215550100` and `021 555 0100` are all
`27215550100`. Ten digits and more without a leading zero have their country code already; fewer are national, as are
short numbers: `10111` is `2710111`. What holds letters, as the name of an extension, is itself in small letters.
"""

import re

LONGEST = 64
_SCHEME = re.compile(r"^(?:sips?|tel):", re.IGNORECASE)
_NAMED = re.compile(r"<([^<>]+)>\s*$")
_SEPARATORS = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]")
_DIGITS = re.compile(r"\+?[0-9]{1,30}", re.ASCII)
#: As long is a number with its country code.
_WHOLE = 10
#: As long is a short number, or an extension, at most.
_SHORT = 6


def normal(text: str, country_code: str) -> str:
    """The form in which callers and called are compared; empty for nothing."""
    said = text.strip()
    if named := _NAMED.search(said):
        said = named[1].strip()
    said = _SCHEME.sub("", said).partition("@")[0].partition(";")[0]
    digits = _SEPARATORS.sub("", said)
    if not _DIGITS.fullmatch(digits):
        return " ".join(said.lower().split())[:LONGEST]
    if digits.startswith("+"):
        return digits[1:]
    if digits.startswith("00"):
        return digits[2:] or digits
    if digits.startswith("0"):
        return country_code + digits[1:]
    return digits if len(digits) >= _WHOLE else country_code + digits


def shown(identity: str, country_code: str) -> str:
    """A normal form as people read it, and as `normal` understands it: `+27215550100`, and short numbers as dialled."""
    if not _DIGITS.fullmatch(identity):
        return identity
    rest = identity.removeprefix(country_code)
    short = rest != identity and 0 < len(rest) <= _SHORT and not rest.startswith("0")
    return rest if short else f"+{identity}"


def prefix(text: str, country_code: str) -> str:
    """What numbers begin with, as people and carriers write it: `+27 82`, `0027 82`, `082` and `2782` are `2782`.
    Empty for what is no number."""
    digits = _SEPARATORS.sub("", text)
    if not _DIGITS.fullmatch(digits):
        return ""
    return normal(digits, country_code) if digits[0] in "+0" else digits


def spoken(seconds: int) -> str:
    """`2 h 14 m`, `45 s`: how long was talked, whole minutes once there is one."""
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    if hours:
        return f"{hours:,} h {minutes} m"
    return f"{minutes} m" if minutes else f"{seconds} s"


def clock(seconds: int) -> str:
    """`0:45`, `14:07`, `1:02:03`: the length of one call."""
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
