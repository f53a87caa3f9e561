"""Statements to many: who gets one, each once, however often the sweep runs."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from billing import sweeps
from billing.models import StatementMailing, StatementRecipient
from billing.statements import mailing
from billing.statements.models import Who
from billing.statements.period import Days, usual
from customers.models import Contact, Customer
from groups.models import BillingGroup
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event
from notifications import sweeps as notifying
from tests import builders
from tests.billing.paying import bill, pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(alice: Customer, bob: Customer) -> dict[str, Customer]:
    """Alice is overdue, Bob owes, Carol has credit, Dora owes nothing."""
    today = local_day(now())
    carol, dora = builders.customer(code="CAR001"), builders.customer(code="DOR001")
    bill(alice, "100", today - timedelta(days=30))
    bill(bob, "50", today)
    pay(carol, "20", today)
    bill(dora, "10", today)
    pay(dora, "10", today)
    return {"ALI001": alice, "BOB001": bob, "CAR001": carol}


def draft(who: Who = Who.OWING) -> StatementMailing:
    return mailing.draft(usual(local_day(now())), who, Customer.objects.all(), now(), actor=None)


def send_all() -> int:
    return sweeps.send_statements(now()).apply(now()).applied


@pytest.mark.parametrize(
    ("who", "codes"),
    [
        (Who.OWING, ["ALI001", "BOB001"]),
        (Who.OVERDUE, ["ALI001"]),
        (Who.OPEN, ["ALI001", "BOB001", "CAR001"]),
    ],
)
def test_a_draft_lists_who_would_get_one(three: dict[str, Customer], who: Who, codes: list[str]) -> None:
    rows = draft(who).recipients.order_by("payer__code")
    assert [row.payer.code for row in rows] == codes
    assert rows[0].balance == rows[0].overdue == Decimal(100)
    assert not Event.objects.filter(kind="statement.sent").exists()
    assert send_all() == 0


def test_each_gets_one_mail_however_often_the_sweep_runs(three: dict[str, Customer]) -> None:
    mailing.approve(draft(), now(), actor=None)
    assert [send_all(), send_all()] == [2, 0]
    assert Event.objects.filter(kind="statement.sent").count() == 2
    Event.objects.exclude(kind="statement.sent").update(announced_at=now())
    notifying.announce(now()).apply(now())
    notifying.deliver(now()).apply(now())
    assert sorted(one.to[0] for one in mail.outbox) == ["alice@example.test", "bob@example.test"]
    assert all(one.attachments for one in mail.outbox)


def test_who_has_no_address_is_listed_and_left_out(three: dict[str, Customer]) -> None:
    Contact.objects.filter(customer=three["BOB001"]).update(email="")
    made = draft()
    mailing.approve(made, now(), actor=None)
    assert send_all() == 1
    left = made.recipients.get(told_at=None)
    assert (left.payer, left.reachable) == (three["BOB001"], False)


def test_it_is_sent_once_and_a_sent_one_is_not_discarded(three: dict[str, Customer]) -> None:
    made = draft()
    mailing.approve(made, now(), actor=None)
    for act in (mailing.approve, mailing.discard):
        with pytest.raises(DomainError, match="meanwhile"):
            act(made, now(), actor=None)


def test_a_draft_is_discarded_without_a_trace_but_the_event(three: dict[str, Customer]) -> None:
    mailing.discard(draft(), now(), actor=None)
    assert not StatementMailing.objects.exists()
    assert Event.objects.filter(kind="statement_mailing.discarded").exists()


def test_a_mailing_to_nobody_is_refused(alice: Customer) -> None:
    with pytest.raises(DomainError, match="Nobody"):
        draft()
    with pytest.raises(DomainError, match="Nobody"):
        mailing.draft(usual(local_day(now())), Who.OPEN, Customer.objects.none(), now(), actor=None)
    assert not StatementMailing.objects.exists()


def test_the_database_refuses_a_second_row_and_a_mail_to_nowhere(three: dict[str, Customer]) -> None:
    made = draft()
    row = made.recipients.first()
    again = StatementRecipient(mailing=made, payer=row.payer, balance=1, overdue=0, reachable=True)
    nowhere = StatementRecipient(
        mailing=made, payer=three["CAR001"], balance=1, overdue=0, reachable=False, told_at=now()
    )
    for wrong, why in ((again, "recipient_once"), (nowhere, "recipient_told")):
        with pytest.raises(IntegrityError, match=why), transaction.atomic():
            wrong.save()
    with pytest.raises(IntegrityError, match="mailing_days"), transaction.atomic():
        StatementMailing.objects.update(since=made.until + timedelta(days=1))


def test_staff_preview_send_and_watch(as_manager: Client, three: dict[str, Customer]) -> None:
    group = BillingGroup.objects.create(title="Run 1")
    Customer.objects.filter(pk=three["ALI001"].pk).update(billing_group=group)
    days = usual(local_day(now()))
    asked = {"since": days.since, "until": days.until, "who": "owing", "billing_groups": [group.pk]}
    done = as_manager.post(reverse("billing:mailing_add"), asked, follow=True).content.decode()
    assert "1 customer would get a statement. Nothing is sent yet." in done
    assert "ALI001" in done
    assert "BOB001" not in done
    made = StatementMailing.objects.get()
    assert made.narrowed == "Run 1"
    url = reverse("billing:mailing_send", args=[made.pk])
    assert "1 customer is sent the statement" in as_manager.get(url).content.decode()
    sent = as_manager.post(url, follow=True).content.decode()
    assert "waiting for a worker" in sent
    assert "It was sent already." in as_manager.post(url, follow=True).content.decode()
    assert "Statements to" in as_manager.get(reverse("running")).content.decode()
    send_all()
    watched = as_manager.get(reverse("billing:mailing_progress", args=[made.pk]))
    assert watched["HX-Refresh"] == "true"
    assert "R 100.00" in as_manager.get(made.get_absolute_url(), {"state": "sent"}).content.decode()


@pytest.mark.parametrize(
    ("since", "until", "why"),
    [
        ("2026-02-01", "2026-01-01", "before the first"),
        ("2026-01-01", "9999-12-31", "days to come"),
        ("", "x", "Enter"),
    ],
)
def test_days_that_cannot_be_are_refused(
    as_manager: Client, three: dict[str, Customer], since: str, until: str, why: str
) -> None:
    asked = {"since": since, "until": until, "who": "owing"}
    assert why in as_manager.post(reverse("billing:mailing_add"), asked).content.decode()
    assert not StatementMailing.objects.exists()


def test_days_have_an_address_of_their_own() -> None:
    today = local_day(now())
    assert Days(today, today).query == f"?since={today}&until={today}"
