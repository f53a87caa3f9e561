"""Runs a sweep of this app now instead of at its next tick. Losing a wake-up loses nothing but seconds."""

from celery import current_app
from django.core.cache import cache

from notifications.kinds import BY_EVENT

# A burst of events is one wake-up: those that come while it is under way are found by the same sweep.
DELAY = 1


def wake(sweep: str) -> None:
    """Ask the worker to run the sweep in a second. Must not raise or wait where the broker is down."""
    if cache.add(f"notifications:wake:{sweep}", 1, timeout=DELAY):
        current_app.send_task(
            "ispbilling.tasks.sweep",
            args=[sweep],
            countdown=DELAY,
            expires=30,
            retry=False,
            ignore_result=True,
        )


def on_event(kind: str) -> None:
    """The wake-up of the event log: only events that lead to a message wake anybody."""
    if kind in BY_EVENT:
        wake("announce")
