"""What is known about a question of the connection check: facts of that time, the decision, what happened."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from customers.models import Gate
from ispbilling.core.clock import zone
from ispbilling.core.parts import Button
from radius.accounts.models import DataAccount
from radius.history import supposing
from radius.history.supposing import NOTHING, Change
from radius.nas.models import Nas, NasKind
from radius.policy.codes import message
from radius.policy.gates import bare_mac
from radius.policy.subscriber import Login, Subscriber
from radius.server import remedies
from radius.server.checking import Check, Origin, check, login_from, told
from radius.server.explaining import Line
from radius.server.models import AuthAttempt
from radius.usage.models import Session

ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Question:
    """`at` None: now."""

    username: str
    at: datetime | None = None
    origin: Origin = field(default_factory=Origin)
    right: bool = True
    change: Change = NOTHING


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything the page says. `without` is the answer without the change; `message` what a router would log."""

    check: Check
    account: DataAccount | None
    without: Check | None
    gates: list[Line]
    remedies: list[Button]
    told: list[tuple[str, list[tuple[str, str]]]]
    message: str
    attempts: list[AuthAttempt]
    sessions: list[Session]
    unknown_before: datetime | None


def answer(question: Question, now: datetime) -> Answer:
    """Ask. The past is read as it was, the future with the facts of today; the change comes on top."""
    at = question.at or now
    past = at if at < now else None
    subscriber = supposing.find(question.username, at, past, question.change)
    sessions = _sessions(subscriber) if past is None else []
    login = _login(subscriber, question, sessions)
    words = _words(question, now)
    who = _closers(subscriber, at)
    found = check(subscriber, at, login, words=words, who=who)
    without = None
    if question.change:
        before = supposing.find(question.username, at, past)
        without = check(
            before, at, _login(before, question, sessions), words=_words(question, now, False), who=who
        )
    known = remedies.ids(subscriber) if subscriber else {}
    # A password that is only taken to be right proves nothing.
    shown = [line for line in found.gates if not (question.right and line.name == "password")]
    # What opened a gate of the past is not ours to press any more.
    asked_now = not past and not question.change
    acts = [remedies.remedy(line.name, known) for line in shown if asked_now and not line.open]
    since = supposing.known_since()
    return Answer(
        check=found,
        account=DataAccount.objects.select_related("customer").filter(pk=known.get("account", 0)).first(),
        without=without,
        gates=shown,
        remedies=list({act.url: act for act in acts if act}.values()),
        told=_told(subscriber, login, at, question.origin.nas),
        message="" if found.accepted else message(found.code),
        attempts=_attempts(question.username, subscriber, at if past else None),
        sessions=sessions,
        unknown_before=since if since and past and past < since else None,
    )


def _words(question: Question, now: datetime, changed: bool = True) -> tuple[str, str]:
    """How the sentence begins, for yes and for no."""
    if question.at is not None:
        when = f"{question.at.astimezone(zone()):%Y-%m-%d %H:%M}"
        past = question.at < now
    if changed and question.change:
        there = f" on {when}" if question.at is not None else ""
        have = " have logged in" if question.at is not None and past else " log in"
        return f"With this change it could{have}{there}.", f"Even with this change it could not{have}{there}."
    if question.at is None:
        return "It can log in now.", "It cannot log in now."
    if past:
        return f"It could log in on {when}.", f"It could not log in on {when}."
    return f"It will be able to log in on {when}.", f"It will not be able to log in on {when}."


def _login(subscriber: Subscriber | None, question: Question, sessions: Iterable[Session]) -> Login:
    away = [
        one
        for one in sessions
        if (question.origin.nas and one.nas_id != question.origin.nas.pk)
        or (question.origin.mac and bare_mac(one.calling_station_id) != bare_mac(question.origin.mac))
    ]
    places = ", ".join(f"on {one.nas or 'a NAS that is gone'} since {one.started_at}" for one in away)
    return login_from(subscriber, question.origin, question.right, len(away), places)


def _closers(subscriber: Subscriber | None, at: datetime) -> dict[str, str]:
    """Who closed each gate of the customer that was closed then."""
    if subscriber is None:
        return {}
    closed = Gate.objects.closing(at).filter(customer=subscriber.customer_id).select_related("closed_by")
    return {gate.kind: str(gate.closed_by) if gate.closed_by else "the system" for gate in closed}


def _told(
    subscriber: Subscriber | None, login: Login, at: datetime, nas: Nas | None
) -> list[tuple[str, list[tuple[str, str]]]]:
    """By kind of NAS: the one asked about, else those there are."""
    kinds = (
        {nas.kind} if nas else set(Nas.objects.filter(enabled=True).values_list("kind", flat=True).distinct())
    )
    first = NasKind.MIKROTIK.value
    named = [(NasKind(kind).label, told(subscriber, login, at, kind)) for kind in sorted(kinds or {first})]
    same = {tuple(pairs) for _, pairs in named}
    return named if len(same) > 1 else [("every kind" if len(named) > 1 else named[0][0], named[0][1])]


def _attempts(username: str, subscriber: Subscriber | None, past: datetime | None) -> list[AuthAttempt]:
    """The latest log-ins that are kept, or those around an instant of the past."""
    theirs = Q(username__iexact=username)
    if subscriber is not None:
        theirs |= Q(data_account=subscriber.account_id)
    rows: Any = AuthAttempt.objects.filter(theirs).select_related("nas")
    if past is not None:
        rows = rows.filter(at__lte=past + timedelta(days=1))
    return list(rows[:ATTEMPTS])


def _sessions(subscriber: Subscriber | None) -> list[Session]:
    if subscriber is None:
        return []
    mine = Session.objects.open().filter(data_account=subscriber.account_id)
    return list(mine.select_related("nas").order_by("-started_at")[:ATTEMPTS])
