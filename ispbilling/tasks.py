"""The one Celery task: run a sweep of the table. Tasks hold no logic and nothing imports them."""

from celery import shared_task

from ispbilling.core.clock import now
from ispbilling.sweeping import run


@shared_task
def sweep(name: str) -> str:
    """Plan and apply one sweep of `ispbilling/schedule.py`; returns its counts as text."""
    return str(run(name, now()))
