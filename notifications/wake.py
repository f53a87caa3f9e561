"""Runs a sweep of this app now instead of at its next tick. Losing a wake-up loses nothing but seconds."""

import structlog
from celery import current_app
from django.conf import settings
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from notifications.kinds import BY_EVENT

log = structlog.get_logger(__name__)

#: Seconds. A burst of events is one wake-up: those that come while it is under way are found by the same
#: sweep.
DELAY = 1


def wake(sweep: str) -> None:
    """Ask the worker to run the sweep in a second. Neither fails nor waits where the broker is down."""
    # A client of its own: the usual ones try again for ten seconds, and somebody waits for this request.
    url = settings.REDIS_URL.replace("redis+socket://", "unix://")
    try:
        with Redis.from_url(
            url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)
        ) as broker:
            first = broker.set(key(sweep), 1, nx=True, ex=DELAY)
    except RedisError as error:
        log.warning("wake_up_lost", sweep=sweep, error=str(error))
        return
    if first:
        current_app.send_task(
            "ispbilling.tasks.sweep",
            args=[sweep],
            countdown=DELAY,
            expires=30,
            retry=False,
            ignore_result=True,
        )


def key(sweep: str) -> str:
    """What says that a wake-up is under way."""
    return f"notifications:wake:{sweep}"


def on_event(kind: str) -> None:
    """The wake-up of the event log: only events that lead to a message wake anybody."""
    if kind in BY_EVENT:
        wake("announce")
