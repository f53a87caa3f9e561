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
from django.db.models.query_utils import DeferredAttribute

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


class Sealed(bytes):
    """A secret as it is stored, which nobody has asked for yet."""


class _Opening(DeferredAttribute):
    """Decrypts when the attribute is read."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Sealed):
            value = instance.__dict__[self.field.attname] = decrypt(value).decode()
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        """Without this Python would look past the class to what the row holds."""
        instance.__dict__[self.field.attname] = value


class LazySecretField(SecretField):
    """The same, decrypted only when it is read: a row whose key was lost is shown, saved and given another secret
    like any other; only who asks for the secret gets a SecretError.
    """

    descriptor_class = _Opening

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, f"{__name__}.{SecretField.__name__}", args, kwargs  # the same column

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return Sealed(value) if value is not None and len(value) else "" if value is not None else None

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        known = model_instance.__dict__.get(self.attname)
        return known if isinstance(known, Sealed) else super().pre_save(model_instance, add)

    def get_prep_value(self, value: Any) -> Any:
        return bytes(value) if isinstance(value, Sealed) else super().get_prep_value(value)


class SecretBytesField(SecretField):
    """The same for octets: `bytes` in Python."""

    description = "Octets encrypted at rest"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if value is None:
            return None
        return decrypt(value) if len(value) else b""
