"""Sending statements, to one or to many: the only writer of mailings.

A statement that was sent is one event, `statement.sent`; the mail is made from it, and the paper when it leaves.
A mailing to many is drafted with its recipients, looked at, and sent in the background, each recipient once.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet

from billing.allocating.open_items import by_place, open_query
from billing.statements.models import StatementMailing, StatementRecipient, Who
from billing.statements.period import Days
from customers.models import Contact, Customer
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.events import Happening
from ispbilling.core.models import Event, User
from ispbilling.core.plans import Plan, Step

SENT = "statement.sent"
#: A button that was pressed twice is meant once.
SAME = timedelta(seconds=30)


def address(payer: Customer) -> str:
    """Where it goes: the e-mail of the primary contact; empty when there is none."""
    contact = Contact.objects.filter(customer=payer, primary=True).first()
    return contact.email if contact else ""


def send(payer: Customer, days: Days, closing: Decimal, now: datetime, *, actor: User | None) -> None:
    """Mail a payer its statement; the same within half a minute is one. Raises DomainError without an address."""
    if not address(payer):
        raise DomainError(f"{payer} has no e-mail address: add one to the primary contact first.")
    told = {"since": days.since.isoformat(), "until": days.until.isoformat()}
    with transaction.atomic():
        Customer.objects.select_for_update(no_key=True).get(pk=payer.pk)
        last = Event.objects.filter(kind=SENT, subject_id=payer.pk, at__gt=now - SAME).last()
        if last is not None and told.items() <= last.data.items():
            return
        since, until = told["since"], told["until"]
        events.record(SENT, payer, actor=actor, at=now, balance=closing, since=since, until=until)


def draft(
    days: Days, who: Who, among: QuerySet[Customer], now: datetime, *, actor: User | None, narrowed: str = ""
) -> StatementMailing:
    """Who would get a statement, by the ledger at the last day; nothing is sent.

    Raises DomainError when nobody would.
    """
    with transaction.atomic():
        made = StatementMailing.objects.create(
            since=days.since,
            until=days.until,
            who=who,
            narrowed=narrowed[:200],
            drafted_at=now,
            drafted_by=actor,
        )
        if not _recipients(made, among):
            raise DomainError("Nobody would get one: nobody among them owes anything at that day.")
        events.record("statement_mailing.drafted", made, actor=actor, at=now, to=made.recipients.count())
    return made


def approve(mailing: StatementMailing, now: datetime, *, actor: User | None) -> StatementMailing:
    """Send it, in the background. Raises DomainError when it was sent before or has nobody to write to."""
    with transaction.atomic():
        locked = StatementMailing.objects.select_for_update(of=("self",)).filter(pk=mailing.pk).first()
        if locked is None or locked.sent_at is not None:
            raise DomainError("It was sent or discarded meanwhile; reload the page.")
        count = locked.recipients.filter(reachable=True).count()
        if not count:
            raise DomainError("Nobody on the list has an e-mail address.")
        locked.sent_at, locked.sent_by = now, actor
        locked.save(update_fields=["sent_at", "sent_by"])
        events.record("statement_mailing.sent", locked, actor=actor, at=now, to=count)
    return locked


def discard(mailing: StatementMailing, now: datetime, *, actor: User | None) -> None:
    """Forget a draft. Raises DomainError when it was sent."""
    with transaction.atomic():
        locked = StatementMailing.objects.select_for_update(of=("self",)).filter(pk=mailing.pk).first()
        if locked is None or locked.sent_at is not None:
            raise DomainError("It was sent or discarded meanwhile; reload the page.")
        events.record("statement_mailing.discarded", locked, actor=actor, at=now)
        locked.recipients.all().delete()
        locked.delete()


def waiting() -> QuerySet[StatementRecipient]:
    """Who is still to be told of mailings that were sent."""
    return StatementRecipient.objects.filter(
        told_at=None, reachable=True, mailing__sent_at__isnull=False
    ).order_by("pk")


def plan(now: datetime) -> Plan:
    """A step per recipient that is still to be told."""
    rows = waiting().values_list("pk", "payer__code", "mailing__until")
    return Plan(
        "send_statements",
        [Step(pk, code, "send the statement", f"asked for, to {until}") for pk, code, until in rows],
        _tell,
    )


def _tell(steps: Sequence[Step], now: datetime) -> int:
    rows = list(
        waiting()
        .filter(pk__in=[step.key for step in steps])
        .select_related("mailing__sent_by", "payer")
        .select_for_update(of=("self",), skip_locked=True)
    )
    for mailing in {row.mailing for row in rows}:
        told = {"since": mailing.since.isoformat(), "until": mailing.until.isoformat()}
        events.record_many(
            SENT,
            Customer,
            Customer,
            [
                Happening(row.payer_id, row.payer_id, str(row.payer), {**told, "balance": row.balance})
                for row in rows
                if row.mailing == mailing
            ],
            at=now,
            actor=mailing.sent_by,
        )
    StatementRecipient.objects.filter(pk__in=[row.pk for row in rows]).update(told_at=now)
    return len(rows)


#: What a payer must have at the last day.
_HAVING = {
    Who.OWING: "sum(open) > 0",
    Who.OVERDUE: "sum(open) FILTER (WHERE open > 0 AND due_on < %s) > 0",
    Who.OPEN: "sum(open) <> 0",
}


def _recipients(mailing: StatementMailing, among: QuerySet[Customer]) -> int:
    """Write down who gets one, in one statement however many."""
    try:
        keys, params = among.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0
    until: date = mailing.until
    query, values = by_place(*open_query(until))
    having = _HAVING[Who(mailing.who)]
    text = _RECIPIENTS.replace("OPEN_ITEMS", query).replace("AMONG", keys).replace("OWES", having)
    asked = [until] * having.count("%s")
    with connection.cursor() as cursor:
        cursor.execute(text, [mailing.pk, until, *values, *params, *asked])
        return cursor.rowcount


_RECIPIENTS = """
INSERT INTO billing_statementrecipient (mailing_id, payer_id, balance, overdue, reachable)
SELECT %s, payer, balance, overdue, coalesce(k.email, '') <> '' FROM (
    SELECT payer, sum(open) AS balance,
        coalesce(sum(open) FILTER (WHERE open > 0 AND due_on < %s), 0) AS overdue
    FROM (OPEN_ITEMS) o WHERE payer IN (AMONG) GROUP BY payer HAVING OWES
) a LEFT JOIN customers_contact k ON k.customer_id = a.payer AND k."primary"
ORDER BY payer
"""
