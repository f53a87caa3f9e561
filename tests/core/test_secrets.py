"""Secrets are unreadable at rest, authenticated, and survive a change of keys."""

import base64

import pytest
from django.core.management import call_command
from django.db import connection

from customers.imports.models import CustomerImport, ImportPart
from ispbilling.core.clock import now
from ispbilling.core.secrets import SecretError, decrypt, encrypt, key_id
from radius.models import Nas
from tests import builders


def key(name: str, octet: int) -> str:
    return f"{name}:{base64.b64encode(bytes([octet] * 32)).decode()}"


def stored(nas: Nas) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM radius_nas WHERE id = %s", [nas.pk])
        return bytes(cursor.fetchone()[0])


def test_it_returns_what_was_stored_and_never_stores_it_in_clear(db: None) -> None:
    nas = builders.nas(secret="s3cret-é")
    assert b"s3cret" not in stored(nas)
    assert Nas.objects.get(pk=nas.pk).secret == "s3cret-é"


def test_the_same_secret_is_stored_differently_each_time() -> None:
    assert encrypt(b"same") != encrypt(b"same")


def test_a_changed_octet_is_noticed_wherever_it_is() -> None:
    value = bytearray(encrypt(b"secret"))
    for position in range(len(value)):
        damaged = bytearray(value)
        damaged[position] ^= 1
        with pytest.raises(SecretError):
            decrypt(bytes(damaged))


def test_it_cannot_be_searched_by_value(db: None) -> None:
    with pytest.raises(SecretError, match="searched"):
        Nas.objects.filter(secret="x").exists()


def test_rotation_moves_every_secret_to_the_first_key(db: None, settings) -> None:
    settings.SECRETS_KEYS = key("old", 1)
    nas = builders.nas(secret="kept")
    settings.SECRETS_KEYS = f"{key('new', 2)},{key('old', 1)}"
    call_command("rotate_secrets", verbosity=0)
    assert key_id(stored(nas)) == "new"
    settings.SECRETS_KEYS = key("new", 2)
    assert Nas.objects.get(pk=nas.pk).secret == "kept"


def test_rotation_reaches_rows_with_keys_of_several_columns_and_octets(db: None, settings) -> None:
    settings.SECRETS_KEYS = key("old", 1)
    one = CustomerImport.objects.create(name="a.csv", octets=6, created_at=now(), touched_at=now())
    for number in range(3):
        ImportPart.objects.create(of=one, number=number, content=b"\xff" * (number + 1))
    settings.SECRETS_KEYS = f"{key('new', 2)},{key('old', 1)}"
    call_command("rotate_secrets", verbosity=0)
    settings.SECRETS_KEYS = key("new", 2)
    assert [part.content for part in one.parts.order_by("number")] == [b"\xff", b"\xff" * 2, b"\xff" * 3]


def test_a_value_of_another_installation_is_an_error_not_an_empty_secret(settings) -> None:
    settings.SECRETS_KEYS = key("a", 1)
    value = encrypt(b"x")
    settings.SECRETS_KEYS = key("b", 1)
    with pytest.raises(SecretError, match="no key"):
        decrypt(value)
