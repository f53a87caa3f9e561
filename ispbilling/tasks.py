"""The one Celery task: run a sweep of the table. Tasks hold no logic and nothing imports them."""

from celery import shared_task
from django.core.cache import cache

from ispbilling.core.clock import now
from ispbilling.sweeping import HEARTBEAT, run


@shared_task
def sweep(name: str) -> str:
    """Plan and apply one sweep of `ispbilling/schedule.py`; returns its counts as text."""
    at = now()
    cache.set(HEARTBEAT, at, None)  # what `doctor` reads: beat ticked and a worker answered
    return str(run(name, at))
