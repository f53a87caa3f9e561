"""The staff's view of the outbox, and what they can do about it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import Customer
from ispbilling.core.clock import now
from ispbilling.core.models import Event, Role
from notifications.announce import announce
from notifications.models import Channel, Message, MessageState, Rule
from notifications.rules import switches
from tests import builders

LIST = "/messages/"


@pytest.fixture
def given_up(alice: Customer) -> Message:
    return builders.message(
        customer=alice,
        state=MessageState.GIVEN_UP,
        next_attempt_at=None,
        to_address="old@example.test",
        error="550 No such mailbox",
    )


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_it_lists_messages_with_their_fate_and_filters_them(
    as_manager: Client, alice: Customer, given_up: Message
) -> None:
    builders.message(customer=alice, subject="Welcome to My ISP", kind="welcome")
    page = text(as_manager.get(LIST))
    assert "550 No such mailbox" in page
    assert "Welcome to My ISP" in page
    assert "Welcome to My ISP" not in text(as_manager.get(LIST, {"state": "stuck"}))
    assert "550 No such" not in text(as_manager.get(LIST, {"kind": "welcome"}))
    assert "old@example.test" in text(as_manager.get(LIST, {"q": "ali001"}))


def test_it_shows_a_message_as_it_reads_without_its_links(as_manager: Client, alice: Customer) -> None:
    marked = builders.message(
        customer=alice, body_text="Choose: one-time-link-abc\n", links={"one-time-link-abc": 1}
    )
    page = text(as_manager.get(f"{LIST}{marked.pk}/"))
    assert "Choose: (one-time link, made when the message is sent)" in page
    assert "one-time-link-abc" not in page


def test_a_retry_goes_to_the_address_the_contact_has_now(
    as_manager: Client, alice: Customer, given_up: Message
) -> None:
    alice.contacts.update(email="new@example.test")
    url = f"{LIST}{given_up.pk}/retry/"
    assert "It goes to new@example.test" in text(as_manager.get(url))
    as_manager.post(url)
    given_up.refresh_from_db()
    assert (given_up.state, given_up.to_address, given_up.attempts) == ("queued", "new@example.test", 0)
    assert Event.objects.filter(kind="message.retried", about_id=alice.pk).exists()


def test_it_does_not_retry_what_was_sent(as_manager: Client, alice: Customer) -> None:
    sent = builders.message(customer=alice, state=MessageState.SENT, sent_at=now(), next_attempt_at=None)
    assert "sent meanwhile" in text(as_manager.post(f"{LIST}{sent.pk}/retry/"))
    sent.refresh_from_db()
    assert sent.state == MessageState.SENT


def test_it_refuses_a_retry_without_an_address(as_manager: Client, given_up: Message) -> None:
    given_up.customer.contacts.update(email="")
    Message.objects.filter(pk=given_up.pk).update(to_address="")
    assert "still no address" in text(as_manager.post(f"{LIST}{given_up.pk}/retry/"))


def test_read_only_staff_see_messages_and_send_none(given_up: Message) -> None:
    client = Client()
    client.force_login(builders.staff(Role.READ_ONLY))
    assert client.get(LIST).status_code == 200
    assert client.post(f"{LIST}{given_up.pk}/retry/").status_code == 403


def test_it_sends_the_welcome_mail_again(as_manager: Client, alice: Customer) -> None:
    login = builders.portal_user(alice).portal_login
    url = reverse("notifications:welcome_again", args=[alice.pk])
    assert login.user.username in text(as_manager.get(url))
    as_manager.post(url, {"login": login.pk})
    announce(now()).apply(now())
    assert Message.objects.get().kind == "welcome"


def test_it_sends_no_welcome_to_who_has_no_login(as_manager: Client, bob: Customer) -> None:
    url = reverse("notifications:welcome_again", args=[bob.pk])
    assert "no portal login yet" in text(as_manager.get(url))
    assert as_manager.post(url).status_code == 200
    assert not Event.objects.filter(kind="portal_login.welcome_requested").exists()


def test_it_switches_a_kind_of_message_off_and_records_who_did(as_manager: Client, db: None) -> None:
    assert "Cancellation" in text(as_manager.get("/messages/rules/"))
    as_manager.post("/messages/rules/cancellation_set/email/")
    assert switches()["cancellation_set", "email"] is False
    assert Event.objects.get(kind="notification_rule.edited").data["changes"] == {"enabled": [True, False]}
    as_manager.post("/messages/rules/cancellation_set/email/")
    assert switches()["cancellation_set", "email"] is True


@pytest.mark.parametrize(
    ("switch", "refusal"),
    [("welcome/email", "cannot be switched off"), ("invoice_issued/sms", "No SMS provider is set up")],
)
def test_it_refuses_switches_that_would_break_something(
    as_manager: Client, db: None, switch: str, refusal: str
) -> None:
    assert refusal in text(as_manager.post(f"/messages/rules/{switch}/"))
    assert not Rule.objects.exists()


def test_sms_can_be_switched_on_when_a_provider_is_set_up(as_manager: Client, db: None, twilio: Any) -> None:
    as_manager.post("/messages/rules/invoice_issued/sms/")
    assert switches()["invoice_issued", Channel.SMS] is True


@pytest.mark.parametrize("address", ["nothing/email", "welcome/fax"])
def test_it_knows_no_other_switches(as_manager: Client, db: None, address: str) -> None:
    assert as_manager.get(f"/messages/rules/{address}/").status_code == 404


def test_the_question_names_the_message_in_words(as_manager: Client, db: None) -> None:
    page = text(as_manager.get("/messages/rules/invoice_issued/email/"))
    assert "Invoice" in page
    assert "Kind(" not in page
    assert "selected" not in page
