"""From events to the outbox, each fact once."""

from datetime import timedelta
from typing import Any

import pytest

from billing.changes import acting
from customers.accounts import gates
from customers.accounts.models import GateKind
from customers.models import Customer, PortalLogin
from ispbilling.core import events
from ispbilling.core.clock import day_start, local_day, now
from ispbilling.core.models import Event, User
from ispbilling.core.units import GB
from notifications.announce import announce
from notifications.models import Channel, Message, MessageState, Rule
from radius.changes.changing import Wanted
from tests import builders


@pytest.fixture
def login(alice: Customer) -> PortalLogin:
    user = builders.portal_user(alice, email="alice@example.test")
    user.set_unusable_password()
    user.save(update_fields=["password"])
    return user.portal_login


def added(login: PortalLogin, **data: Any) -> None:
    events.record("customer.added", login.customer, **data)
    events.record("portal_login.added", login, about=login.customer, **data)


@pytest.mark.feature("ADD-8")
def test_it_welcomes_a_new_login_once_with_its_username_and_never_a_password(login: PortalLogin) -> None:
    added(login)
    announce(now()).apply(now())
    message = Message.objects.get()
    assert message.to_address == "alice@example.test"
    assert login.user.username in message.body_text
    assert "password/reset" not in message.body_text  # the link is made when it is sent
    assert list(message.links.values()) == [login.user_id]
    assert "one-time link, made when" in message.preview
    assert not Event.objects.unannounced().exists()


def test_it_does_not_welcome_when_the_event_says_so(login: PortalLogin) -> None:
    added(login, welcome=False)
    announce(now()).apply(now())
    assert not Message.objects.exists()


def test_it_welcomes_again_when_asked(login: PortalLogin) -> None:
    added(login)
    announce(now()).apply(now())
    events.record("portal_login.welcome_requested", login, about=login.customer)
    announce(now()).apply(now())
    assert Message.objects.filter(kind="welcome").count() == 2


def test_it_announces_nothing_twice(login: PortalLogin) -> None:
    added(login)
    plan = announce(now())
    assert plan.apply(now()).applied == 2
    assert plan.apply(now()).skipped == 2
    assert announce(now()).apply(now()).applied == 0
    assert Message.objects.count() == 1


@pytest.mark.feature("EDT-18")
def test_it_tells_a_customer_nothing_about_suspend_now(alice: Customer, manager: User) -> None:
    gates.close(alice, GateKind.SUSPENDED, now(), actor=manager, reason="R 599.00 overdue")
    assert announce(now()).apply(now()).applied == 1
    assert not Message.objects.exists()


@pytest.mark.feature("LIF-8")
def test_it_tells_the_last_day_and_that_it_was_taken_back(alice: Customer, manager: User) -> None:
    day = local_day(now())
    gates.cancel(alice, day, now(), actor=manager, reason="moves away")
    gates.open_(alice, GateKind.CANCELLED, now(), actor=manager)
    announce(now()).apply(now())
    withdrawn, cancelled = Message.objects.all()
    assert str(day) in cancelled.body_text.splitlines()[0]
    assert withdrawn.kind == "cancellation_cleared"
    assert day_start(day) < cancelled.created_at


def test_it_writes_down_who_has_no_address(bob: Customer, manager: User) -> None:
    bob.contacts.update(email="")
    gates.cancel(bob, local_day(now()), now(), actor=manager, reason="")
    announce(now()).apply(now())
    message = Message.objects.get()
    assert message.state == MessageState.GIVEN_UP
    assert "no e-mail address" in message.error


def test_it_sends_an_sms_only_where_a_rule_says_so_and_a_number_is_known(
    alice: Customer, bob: Customer, manager: User
) -> None:
    Rule.objects.create(kind="cancellation_set", channel=Channel.SMS, enabled=True)
    bob.contacts.update(mobile="")
    for customer in (alice, bob):
        gates.cancel(customer, local_day(now()), now(), actor=manager, reason="")
    announce(now()).apply(now())
    assert Message.objects.filter(channel=Channel.EMAIL).count() == 2
    assert Message.objects.get(channel=Channel.SMS).to_address == "+27821234567"


@pytest.mark.feature("PWD-1")
def test_it_sends_one_mail_for_all_logins_of_a_shared_address(alice: Customer, bob: Customer) -> None:
    users = [builders.portal_user(c, email="family@example.test") for c in (alice, bob)]
    events.record(
        "portal_login.reset_requested",
        users[0],
        about=alice,
        email="family@example.test",
        logins=[user.pk for user in users],
    )
    announce(now()).apply(now())
    message = Message.objects.get()
    assert sorted(message.links.values()) == sorted(user.pk for user in users)
    assert all(user.username in message.body_text for user in users)


def test_a_bad_event_is_parked_and_the_others_are_announced(alice: Customer, manager: User) -> None:
    events.record("invoice.issued", alice)  # no such document
    gates.cancel(alice, local_day(now()), now(), actor=manager, reason="")
    result = announce(now()).apply(now())
    assert [step.action for step, _ in result.failed] == ["send Invoice"]
    assert Message.objects.get().kind == "cancellation_set"


def test_it_announces_a_thousand_invoices_with_a_handful_of_queries(
    alice: Customer, django_assert_max_num_queries: Any
) -> None:
    paper = builders.invoice(alice)
    announce(now()).apply(now())
    Message.objects.all().delete()
    for _ in range(300):
        events.record("invoice.issued", paper, about=alice)
    plan = announce(now())
    with django_assert_max_num_queries(20):
        assert plan.apply(now()).applied == 300
    assert Message.objects.count() == 300


def test_an_invoice_goes_to_the_primary_contact_of_who_pays(alice: Customer) -> None:
    paper = builders.invoice(alice)
    announce(now()).apply(now())
    message = Message.objects.get()
    assert (message.to_address, message.document) == ("alice@example.test", paper)
    assert message.subject == f"Invoice {paper.reference}: R 115.00, due {paper.due_on}"
    assert message.body_text.startswith(f"R 115.00 is due on {paper.due_on}")


@pytest.mark.feature("PKC-2")
def test_it_tells_of_another_package_once_the_line_has_it_and_when_it_goes_back(alice: Customer) -> None:
    line = builders.data_account(customer=alice, package=builders.package(title="Slow", cap_octets=GB))
    fast = builders.package(title="Fast", cap_octets=200 * GB)
    coming = acting.make(Wanted(line, fast, local_day(now()) + timedelta(days=3)), now(), actor=None).change
    acting.cancel(coming, now(), actor=None)
    made = acting.make(Wanted(line, fast, local_day(now())), now(), actor=None).change
    announce(now()).apply(now())
    told = Message.objects.filter(kind="package_changed")
    assert [message.subject for message in told] == [f"{line} is on Fast now"]
    assert ", 200.0 GB a month." in told[0].body_text
    acting.undo(made, now(), actor=None)
    announce(now()).apply(now())
    assert told.latest("pk").subject == f"{line} is on Slow now"
