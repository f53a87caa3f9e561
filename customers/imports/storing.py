"""The uploaded file: received, kept encrypted in the database, opened again by a worker."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from json import dumps
from pathlib import PurePath
from tempfile import TemporaryFile
from typing import IO

from django.db import transaction

from customers.imports import mapping, reading
from customers.imports.models import CustomerImport, ImportPart, ImportState
from groups.models import CustomerGroup
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User

_PART = 1 << 20
NO_GROUP = "Every customer belongs to a customer group, so a group comes first."


def receive(file: IO[bytes], size: int, name: str, now: datetime, *, actor: User | None) -> CustomerImport:
    """Keep a file whose first rows can be read, with the columns guessed or as last chosen for such a file.

    Raises DomainError while there is no customer group (GRP-1), and Unreadable.
    """
    if not CustomerGroup.objects.live().exists():
        raise DomainError(NO_GROUP)
    opening = reading.inspect(file, size)
    known = mapping.remembered(actor, opening.headings) if actor else None
    with transaction.atomic():
        one = CustomerImport.objects.create(
            name=PurePath(name.replace("\\", "/")).name[-200:] or "file",
            octets=size,
            created_at=now,
            touched_at=now,
            created_by=actor,
            shape=asdict(opening.shape),
            headings=opening.headings,
            first_rows=dumps(opening.first),
            columns=known["columns"] if known else mapping.guess(opening.headings),
            defaults=known["defaults"] if known else {},
        )
        one.digest = _keep(one, file)
        one.save(update_fields=["digest"])
        events.record("import.uploaded", one, actor=actor, at=now, octets=size)
    return one


def _keep(one: CustomerImport, file: IO[bytes]) -> str:
    digest, number = hashlib.sha256(), 0
    file.seek(0)
    while block := file.read(_PART):
        digest.update(block)
        ImportPart.objects.create(of=one, number=number, content=block)
        number += 1
    return digest.hexdigest()


@contextmanager
def opened(one: CustomerImport) -> Iterator[Iterator[tuple[int, reading.Row]]]:
    """The rows of a kept file after its headings; its plain form exists only in an unnamed temporary file."""
    with TemporaryFile() as file:
        numbers = one.parts.order_by("number").values_list("number", flat=True)
        for number in list(numbers):
            content = one.parts.values_list("content", flat=True).get(number=number)
            file.write(content)
        with reading.rows(file, reading.Shape(**one.shape)) as rows:
            next(rows, None)
            yield rows


def twin(one: CustomerImport) -> CustomerImport | None:
    """An earlier import of the very same file that stands."""
    same = CustomerImport.objects.filter(digest=one.digest, state=ImportState.APPLIED)
    return same.exclude(pk=one.pk).first()
