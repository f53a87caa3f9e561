"""Caps and prepaid data: whether a line has data left, by what is known of it and the clock alone. Pure."""

from datetime import datetime

from radius.policy.subscriber import OnceCapped, Subscriber

HARD = "hard"


def used_up(subscriber: Subscriber, now: datetime) -> bool:
    """Whether nothing is left that it could use: used, or expired since; until data begins again by itself."""
    over = subscriber.exhausted or _passed(subscriber.covered_until, now)
    return over and not _passed(subscriber.exhausted_until, now)


def once_capped(subscriber: Subscriber, now: datetime) -> OnceCapped | None:
    """The service that a line has after its soft cap; None where it has its package's own."""
    if subscriber.prepaid or subscriber.terms.once_capped is None or not used_up(subscriber, now):
        return None
    return subscriber.terms.once_capped


def ends_sessions(subscriber: Subscriber) -> bool:
    """Whether a line without data may not be online: a soft cap only slows it down."""
    return subscriber.prepaid or subscriber.terms.cap == HARD


def _passed(instant: datetime | None, now: datetime) -> bool:
    return instant is not None and instant <= now
