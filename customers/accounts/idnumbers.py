"""Identity numbers: a South African one proves itself by date and check digit, a passport only by its shape."""

import re
from datetime import date

from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.za import idnr

PASSPORT = re.compile(r"[A-Z0-9]{6,20}")


def tidy(typed: str) -> str:
    """The number without spaces and dashes, in capitals. Empty stays empty.

    13 digits are a South African ID number and must be a valid one; anything else is taken for the number of
    a passport or permit. Raises ValueError with a sentence for the person who types.
    """
    text = re.sub(r"[\s.\-]", "", typed).upper()
    if not text:
        return ""
    if len(text) == 13 and text.isascii() and text.isdigit():
        return _south_african(text)
    if not PASSPORT.fullmatch(text):
        raise ValueError(
            "Type the 13 digits of an ID number, or the 6 to 20 letters and digits of a passport."
        )
    return text


def is_south_african(number: str) -> bool:
    """Whether it is a valid South African ID number."""
    return bool(idnr.is_valid(number))


def birth_date(number: str) -> date | None:
    """The date of birth in a South African ID number; None for any other number."""
    return idnr.get_birth_date(number) if is_south_african(number) else None


def _south_african(text: str) -> str:
    try:
        return str(idnr.validate(text))
    except InvalidChecksum:
        raise ValueError("This ID number is mistyped: its check digit does not fit the rest.") from None
    except ValidationError:
        raise ValueError(
            "This ID number is mistyped: its first six digits are no date of birth (YYMMDD)."
        ) from None
