"""Secrets at rest: AES-256-GCM with a key ring kept outside the database (settings.SECRETS_KEYS).

Each stored value is `version 1 | key id length | key id | nonce (12) | ciphertext and tag`; the key id is
authenticated. Rotation: put a new key first, run `manage.py rotate_secrets`, drop the old one.
"""

import base64
import os
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

VERSION = 1


class SecretError(Exception):
    """The value cannot be decrypted: unknown key id, damaged value, or another installation's key."""


@lru_cache(maxsize=4)
def _ring(text: str) -> tuple[str, dict[str, AESGCM]]:
    ring: dict[str, AESGCM] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key_id, _, encoded = entry.partition(":")
        ring[key_id] = AESGCM(base64.b64decode(encoded, validate=True))
    if not ring:
        raise ImproperlyConfigured("SECRETS_KEYS is empty; make one with `manage.py new_secrets_key`")
    return next(iter(ring)), ring


def encrypt(value: bytes) -> bytes:
    """The stored form of a secret, under the current (first) key."""
    key_id, ring = _ring(settings.SECRETS_KEYS)
    name = key_id.encode()
    head = bytes((VERSION, len(name))) + name
    nonce = os.urandom(12)
    return head + nonce + ring[key_id].encrypt(nonce, value, head)


def decrypt(stored: bytes) -> bytes:
    """The secret. Raises SecretError."""
    _, ring = _ring(settings.SECRETS_KEYS)
    stored = bytes(stored)
    if len(stored) < 2 or stored[0] != VERSION:
        raise SecretError("not a stored secret")
    end = 2 + stored[1]
    head, nonce, body = stored[:end], stored[end : end + 12], stored[end + 12 :]
    key = ring.get(head[2:].decode("ascii", "replace"))
    if key is None:
        raise SecretError(f"no key {head[2:]!r} in SECRETS_KEYS")
    try:
        return key.decrypt(nonce, body, head)
    except (InvalidTag, ValueError) as error:
        raise SecretError("damaged secret") from error


def key_id(stored: bytes) -> str:
    """Which key of the ring a stored secret is under."""
    stored = bytes(stored)
    return stored[2 : 2 + stored[1]].decode("ascii", "replace")


class SecretField(models.BinaryField):
    """A text column that is encrypted at rest and a plain `str` in Python; empty stays empty."""

    description = "Text encrypted at rest"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", True)
        super().__init__(*args, **kwargs)

    def _check_str_default_value(self) -> list[Any]:
        return []  # the Python value is text, unlike a BinaryField's

    def get_prep_value(self, value: Any) -> Any:
        if value in (None, "", b""):
            return b"" if value is not None else None
        return super().get_prep_value(encrypt(value.encode() if isinstance(value, str) else value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        if value is None:
            return None
        return decrypt(value).decode() if len(value) else ""

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        if not self.value_from_object(obj):
            return ""
        raise SecretError("secrets are not serialised")

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in ("isnull",):
            raise SecretError("secrets cannot be searched")
        return super().get_lookup(lookup_name)


class SecretBytesField(SecretField):
    """The same for octets: `bytes` in Python."""

    description = "Octets encrypted at rest"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if value is None:
            return None
        return decrypt(value) if len(value) else b""
