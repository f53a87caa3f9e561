"""Starts the work on a run now instead of at the sweep's next tick. Losing a wake-up loses seconds."""

from celery import current_app

STARTS = {"run.requested", "run.approved", "run.undo_requested"}


def on_event(kind: str) -> None:
    """The wake-up of the event log. Must not wait where the broker is down."""
    if kind in STARTS:
        current_app.send_task(
            "ispbilling.tasks.sweep", args=["issue_runs"], expires=30, retry=False, ignore_result=True
        )
