"""Several e-mail addresses or numbers of one contact in one box: one per line, or separated by commas. Pure."""

import re

#: More than so many is a list pasted by mistake.
MOST = 10


def split(text: str) -> list[str]:
    """The entries in their order, each once (compared without case)."""
    found: dict[str, str] = {}
    for part in re.split(r"[,;\r\n]", text):
        if entry := part.strip():
            found.setdefault(entry.casefold(), entry)
    return list(found.values())


def first(text: str) -> str:
    """The entry that a portal login or an SMS uses, or nothing."""
    return next(iter(split(text)), "")


def others(text: str) -> str:
    """All but the first, one per line, as they are stored."""
    return "\n".join(split(text)[1:])


def join(first: str, others: str) -> str:
    """What the box shows: all of them, one per line."""
    return "\n".join(filter(None, [first, *split(others)]))
