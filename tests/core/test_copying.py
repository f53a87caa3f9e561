"""COPY stores what Python has, whatever it contains."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from billing.models import Account
from ispbilling.core.copying import copy, take_ids
from ispbilling.core.models import Event

ODD = ["\\N", "tab\there", "line\r\nend\n", "\\", "", 'quo"te', "Zoë \N{PILE OF POO}", "\\.", "\x0b"]


@pytest.mark.django_db
def test_every_text_arrives_as_it_is_though_rows_are_made_as_they_are_read() -> None:
    def rows() -> Iterator[tuple[str, str]]:
        for number in range(250):  # more than PostgreSQL is sent at a time
            yield str(number), ODD[number % len(ODD)]

    copy(Account, ("code", "name"), rows())
    stored = dict(Account.objects.filter(code__in=map(str, range(250))).values_list("code", "name"))
    assert stored == dict(rows())
    with pytest.raises(IntegrityError, match="already exists"):
        copy(Account, ("code", "name"), iter([("bank", "again")]))


@pytest.mark.django_db
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_making_rows_raises_is_raised_and_nothing_is_stored(error: type[BaseException]) -> None:
    def rows() -> Iterator[tuple[str, str]]:
        yield "one", "stored by nobody"
        raise error

    with pytest.raises(error), transaction.atomic():
        copy(Account, ("code", "name"), rows())
    assert not Account.objects.filter(code="one").exists()


@pytest.mark.django_db
def test_every_kind_of_value_arrives() -> None:
    at, data = datetime(2026, 11, 1, 12, 30, 0, 5, UTC), {"day": "2026-11-01", "said": 'a\\b\n"'}
    (pk,) = take_ids(Event, 1)
    copy(
        Event,
        ("id", "at", "kind", "subject_type_id", "subject_id", "label", "data"),
        [(pk, at, "x.y", 1, 7, "", data)],
    )
    made = Event.objects.get(pk=pk)
    assert (made.at, made.about_id, made.data) == (at, None, data)


@pytest.mark.django_db
def test_ids_are_the_next_of_the_sequence() -> None:
    first, second, third = sorted(take_ids(Account, 3))
    assert (second, third) == (first + 1, first + 2)
    assert Account.objects.create(code="x", name="x").pk == first + 3
