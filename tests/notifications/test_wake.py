"""An event wakes the courier at once; without a broker it simply comes with the next tick."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from celery import current_app

from customers.accounts import gates
from customers.accounts.models import GateKind
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Event
from notifications.wake import key


@pytest.fixture
def queue() -> Iterator[redis.Redis]:
    """The broker's own queue, emptied before and after."""
    with current_app.connection_or_acquire() as connection:
        client: redis.Redis = connection.channel().client
        client.delete("celery", key("announce"))
        yield client
        client.delete("celery")


def test_an_event_that_leads_to_a_message_wakes_announce_once(
    alice: Customer, queue: redis.Redis, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        gates.cancel(alice, local_day(now()), now(), actor=None, reason="")
        gates.cancel(alice, local_day(now()), now(), actor=None, reason="")
    (task,) = queue.lrange("celery", 0, -1)
    assert b"ispbilling.tasks.sweep" in task


def test_an_event_that_leads_to_none_wakes_nobody(
    alice: Customer, queue: redis.Redis, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        gates.close(alice, GateKind.SUSPENDED, now(), actor=None)
    assert queue.llen("celery") == 0


def test_a_lost_wake_up_harms_nobody_and_nobody_waits_for_it(
    alice: Customer, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1"
    began = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        gates.cancel(alice, local_day(now()), now(), actor=None, reason="")
    assert time.monotonic() - began < 3
    assert Event.objects.unannounced().count() == 1
