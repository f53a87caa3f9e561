"""Stored attempts as the values that are replayed."""

from radius.server.models import AuthAttempt
from radius.server.replaying import Replay, Stored, replay


def replay_attempt(attempt: AuthAttempt) -> Replay | None:
    """Decide an attempt again; None where what it was decided from is not known (any more)."""
    known = attempt.known
    if known is None or not known.login:
        return None
    return replay(
        Stored(
            attempt.at, attempt.accepted, attempt.code, known.facts, known.login, known.trace, known.policy
        )
    )
