"""Random secrets for devices and lines."""

import secrets

# Without the letters and digits that are mistaken for each other when a router is set up over the phone.
_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH = 20


def generate_secret(length: int = LENGTH) -> str:
    """A random secret of 5.8 bits a character, easy to read out."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
