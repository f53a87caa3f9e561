"""How hard a shared secret is to guess: told without telling the secret. Pure.

Whoever records one Access-Request can try secrets against it at leisure, millions a second (RFC 2865 section
3 and CVE-2024-3596 rest on MD5), so what counts is the number of secrets that would have to be tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

# Bits below which a secret falls within days to one machine, and below which it is no comfort for years.
GUESSABLE_BITS, WEAK_BITS = 48, 72
FEW_LETTERS = 5
#: What manuals, examples and hurried people use; also as a part of something longer.
DEFAULTS = (
    "testing", "secret", "radius", "password", "mikrotik", "routeros", "cisco", "admin", "default", "changeme",
    "letmein", "qwerty", "12345", "shared", "test", "welcome", "demonstration", "ubnt", "huawei", "juniper",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Strength:
    """A verdict: `meaning` as in core.tables.MEANINGS, `word` for a badge, `advice` empty when all is well."""

    meaning: str
    word: str
    advice: str = ""


UNREADABLE = Strength(
    "stopped",
    "Unreadable",
    "The stored secret cannot be decrypted: its key is missing from SECRETS_KEYS. Enter the secret again.",
)


def judge(secret: str, shared_with: Sequence[str] = ()) -> Strength:
    """The verdict on one secret; `shared_with` names the other NASes that have the same."""
    strength = _guessing(secret)
    if shared_with and strength.meaning == "working":
        others = ", ".join(shared_with[:3]) + (" and others" if len(shared_with) > 3 else "")
        return Strength(
            "attention",
            "Shared",
            f"{others} {'has' if len(shared_with) == 1 else 'have'} the same secret: "
            "whoever reads it from one router can pose as all. Generate one for each.",
        )
    return strength


def _guessing(secret: str) -> Strength:
    change = "Generate a new one and set it on the router as well."
    words = [word for word in DEFAULTS if word in secret.lower()]
    if words and len(secret) < len(max(words, key=len)) + 8:
        return Strength(
            "stopped", "Default", f"Its secret is built on a word that attackers try first. {change}"
        )
    if len(set(secret)) < FEW_LETTERS or bits(secret) < GUESSABLE_BITS:
        return Strength(
            "stopped", "Guessable", f"Its secret is too short or too simple: {_form(secret)}. {change}"
        )
    if bits(secret) < WEAK_BITS:
        return Strength("attention", "Weak", f"Its secret could be stronger: {_form(secret)}. {change}")
    return Strength("working", "Strong")


def bits(secret: str) -> float:
    """The size of the search if every letter were drawn from the classes that occur; an upper bound."""
    return len(secret) * log2(sum(size for _name, size in _classes(secret)) or 1)


def _form(secret: str) -> str:
    kinds = " and ".join(name for name, _size in _classes(secret)) or "nothing"
    return f"under {(len(secret) // 4 + 1) * 4} characters of {kinds}"


def _classes(secret: str) -> list[tuple[str, int]]:
    found = []
    if any(letter.islower() for letter in secret):
        found.append(("small letters", 26))
    if any(letter.isupper() for letter in secret):
        found.append(("capitals", 26))
    if any(letter.isdigit() for letter in secret):
        found.append(("digits", 10))
    if any(not letter.isalnum() for letter in secret):
        found.append(("signs", 32))
    return found
