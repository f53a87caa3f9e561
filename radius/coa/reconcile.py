"""Bring live sessions in line with the decision: who may no longer be online is disconnected.

Design Overview: nobody has to remember to disconnect anybody. Each run compares what is (open sessions)
with what should be (`policy.decide` for each, now) and sends Disconnect-Requests for the difference; every
attempt is a `CoaAttempt` row. A NAS's acknowledgement is not the end of a session, its Stop is: until that
comes the request is repeated, ever less often. A NAS that does not know the session closes it for us.

A closed gate is a fact and is always enforced. A line that is not there is an absence, and a table that was
emptied or badly restored looks the same: when that would end a large share of all sessions, none is ended for it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from django.db.models import CharField, Count, Exists, Func, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Lower
from django.db.models.lookups import Exact

from customers.models import Gate
from ispbilling.core.clock import local_day
from radius.accounts.models import DataAccount
from radius.catalogue.models import Authentication
from radius.coa.client import Ask, exchange
from radius.coa.models import CoaAttempt
from radius.policy.decision import Decision, decide
from radius.policy.subscriber import Login, Subscriber
from radius.subscribers import find_accounts
from radius.usage import closing
from radius.usage.models import Session
from radius.wire.coa import SESSION_NOT_FOUND, Answer
from radius.wire.codec import Key
from radius.wire.requests import Code

log = structlog.get_logger(__name__)

# How long an attempt is given to take effect before the next one; the last value goes on.
PATIENCE = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 300, 600, 1800))
# More sessions without a line than both of these are taken for a fault of ours, not for customers who left.
MANY_UNKNOWN, SHARE_UNKNOWN = 50, 0.2


class Peer(Protocol):
    """A NAS as the server's snapshot knows it."""

    @property
    def nas_id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def coa_port(self) -> int | None: ...
    @property
    def key(self) -> Key: ...


@dataclass(frozen=True, slots=True)
class Unwanted:
    """A live session that should not be, and the reject code that says why."""

    session: Session
    because: str


def unwanted(now: datetime) -> list[Unwanted]:
    """Every open session whose subscriber would be refused at `now`.

    Costs two passes of PostgreSQL over the open sessions, and Python for the few that are suspicious.
    """
    return _refused(now) + _unknown(now)


def _refused(now: datetime) -> list[Unwanted]:
    """Those whose line is there, with a gate that is closed."""
    sessions = [(one.data_account_id or 0, one) for one in _of_lines().filter(_suspects(now))]
    facts = find_accounts({account_id for account_id, _session in sessions}, now)
    found = []
    for account_id, session in sessions:
        subscriber = facts.get(account_id)
        if subscriber is not None and not (decision := _decision(subscriber, session, now)).accepted:
            found.append(Unwanted(session, decision.code))
    return found


def _suspects(now: datetime) -> Q:
    """Sessions with a fact that may close a gate: few, so that only these are decided about one by one.

    Every gate of the policy that looks at a fact has its line here; a test holds the two against each other.
    """
    today = local_day(now)
    other_device = ~Q(data_account__mac_lock="")
    other_device &= ~Q(Exact(Bare("data_account__mac_lock"), Bare("calling_station_id")))
    other_nas = Q(data_account__nas_lock__isnull=False) & ~Q(data_account__nas_lock=Coalesce("nas", 0))
    return (
        Q(data_account__customer__in=Gate.objects.closing(now).order_by().values("customer"))
        | Q(data_account__customer__group__enabled=False)
        | Q(data_account__starts_on__gt=today)
        | Q(data_account__ends_on__lt=today)
        | Q(data_account__blocked=True)
        | Q(data_account__package__service__authentication=Authentication.REJECT)
        | Q(data_account__package__service__expires_on__lt=today)
        | other_device
        | other_nas
    )


class Bare(Func):
    """`gates.bare_mac` in SQL."""

    template = "translate(lower(%(expressions)s), ':-. ', '')"
    output_field = CharField()


def _unknown(now: datetime) -> list[Unwanted]:
    """Those whose line is gone; nobody's when they are suspiciously many."""
    lines = DataAccount.objects.order_by()
    sessions = list(
        _of_lines()
        .annotate(name=Lower("username"))
        .exclude(Exists(lines.filter(pk=OuterRef("data_account"))))
        .exclude(Exists(lines.annotate(name=Lower("username")).filter(name=OuterRef("name"))))
    )
    if len(sessions) > MANY_UNKNOWN:
        everybody = Session.objects.open().count()
        if len(sessions) > SHARE_UNKNOWN * everybody:
            log.error("disconnects_held_back", unknown=len(sessions), open=everybody,
                      meaning="Too many live sessions have no data account: is the table whole?")  # fmt: skip
            return []
    code = decide(None, None, now).code
    return [Unwanted(session, code) for session in sessions]


def _of_lines() -> QuerySet[Session]:
    """Open sessions that we let in: those that never had a line of ours are their NAS's own affair."""
    return Session.objects.open().filter(data_account__isnull=False).order_by()


def _decision(subscriber: Subscriber, session: Session, now: datetime) -> Decision:
    return decide(subscriber, Login(True, session.calling_station_id, session.nas_id or 0, ""), now)


def due(now: datetime) -> list[Unwanted]:
    """Unwanted sessions for which it is time to send (again)."""
    candidates = unwanted(now)
    tried = {
        row["session_id"]: (row["times"], row["last"])
        for row in CoaAttempt.objects.filter(session_id__in=[one.session.pk for one in candidates])
        .order_by()
        .values("session_id")
        .annotate(times=Count("id"), last=Max("at"))
    }
    return [one for one in candidates if _is_time(tried.get(one.session.pk), now)]


def _is_time(tried: tuple[int, datetime] | None, now: datetime) -> bool:
    if tried is None:
        return True
    times, last = tried
    return now - last >= PATIENCE[min(times, len(PATIENCE)) - 1]


def reconcile(
    now: datetime,
    peers: Iterable[Peer],
    default_port: int,
    ask: Callable[[Sequence[Ask], int], list[Answer | None]] = exchange,
) -> list[CoaAttempt]:
    """Send what is due and record the outcomes; sessions on a NAS we no longer know are left to become
    stale.
    """
    by_id = {peer.nas_id: peer for peer in peers}
    found = ((one, by_id.get(one.session.nas_id or 0)) for one in due(now))
    wanted = [(one, peer) for one, peer in found if peer is not None]
    asks = [
        Ask(
            peer.address,
            peer.coa_port or default_port,
            peer.key,
            Code.DISCONNECT_REQUEST,
            _named(one.session),
        )
        for one, peer in wanted
    ]
    answers = ask(asks, int(now.timestamp()))
    attempts = [_attempt(one, peer, answer, now) for (one, peer), answer in zip(wanted, answers, strict=True)]
    CoaAttempt.objects.bulk_create(attempts)
    gone = [
        one.session.pk
        for (one, _peer), answer in zip(wanted, answers, strict=True)
        if answer is not None and answer.error_cause == SESSION_NOT_FOUND
    ]
    closing.close_disowned(gone)
    return attempts


def _named(session: Session) -> tuple[tuple[str, str], ...]:
    """What identifies the session to its NAS (RFC 5176 section 3)."""
    pairs = [("User-Name", session.username), ("Acct-Session-Id", session.acct_session_id)]
    if session.framed_ip:
        pairs.append(("Framed-IP-Address", session.framed_ip))
    return tuple(pair for pair in pairs if pair[1])


def _attempt(one: Unwanted, peer: Peer, answer: Answer | None, now: datetime) -> CoaAttempt:
    if answer is None:
        outcome, detail = "timeout", f"{peer.name} did not answer."
    else:
        outcome, detail = "ack" if answer.acknowledged else "nak", answer.sentence
    return CoaAttempt(
        session=one.session,
        nas_id=peer.nas_id,
        at=now,
        request="disconnect",
        because=one.because,
        outcome=outcome,
        detail=detail,
    )
