"""The event log is written once, never changed, and wakes the sweeps after COMMIT."""

import pytest
from django.db import DatabaseError, connection, transaction

from ispbilling.core import events
from ispbilling.core.models import Event
from tests import builders


def test_it_keeps_who_did_what_to_whom(manager, alice) -> None:
    event = events.record("customer.edited", alice, actor=manager, changes={"name": ["A", "B"]})
    assert (event.label, event.actor, event.data["changes"]) == (
        "ALI001 Alice Liddell",
        manager,
        {"name": ["A", "B"]},
    )
    assert list(Event.objects.of(alice)) == [event]


def test_what_belongs_to_a_customer_is_on_its_timeline(alice, bob) -> None:
    account = builders.data_account(customer=alice)
    event = events.record("data_account.added", account, about=alice)
    assert list(Event.objects.about(alice)) == [event]
    assert not Event.objects.about(bob).exists()


@pytest.mark.parametrize("statement", ["UPDATE core_event SET kind = 'x'", "DELETE FROM core_event"])
def test_the_database_refuses_to_change_the_past(alice, statement: str) -> None:
    events.record("customer.added", alice)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)


def test_the_mark_of_being_announced_is_the_one_thing_that_changes(alice) -> None:
    event = events.record("customer.added", alice)
    assert Event.objects.filter(pk=event.pk).update(announced_at=event.at) == 1


def test_it_wakes_the_sweeps_only_once_the_fact_is_committed(
    alice, django_capture_on_commit_callbacks
) -> None:
    heard: list[str] = []

    def listen(sender, kind, **kwargs) -> None:
        heard.append(kind)

    events.woken.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            events.record("customer.added", alice)
            assert heard == []
        assert heard == ["customer.added"]
    finally:
        events.woken.disconnect(listen)
