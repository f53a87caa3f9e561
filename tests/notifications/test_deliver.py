"""The outbox is drained over real sockets: an SMTP server and a Twilio on loopback."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from pypdf import PdfReader
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.clock import now
from notifications.announce import announce
from notifications.deliver import BACK_OFF, deliver
from notifications.models import Channel, Message, MessageState
from tests import builders
from tests.notifications.conftest import FORBIDDEN, Mailbox


def test_it_sends_what_is_due_once(alice: Customer, mailbox: Mailbox) -> None:
    due, later = (
        builders.message(customer=alice),
        builders.message(customer=alice, next_attempt_at=now() + timedelta(hours=1)),
    )
    plan = deliver(now())
    assert plan.apply(now()).applied == 1
    assert plan.apply(now()).skipped == 1
    due.refresh_from_db()
    later.refresh_from_db()
    assert (due.state, later.state) == (MessageState.SENT, MessageState.QUEUED)
    (mail,) = mailbox.mails
    assert mail["To"] == "alice@example.test"
    assert mail["From"] == "My ISP <billing@isp.test>"
    assert mail["Message-ID"] == due.provider_id


def test_it_welcomes_and_the_link_in_the_mail_sets_the_password_once(
    alice: Customer, mailbox: Mailbox, client: Client
) -> None:
    user = builders.portal_user(alice, email="alice@example.test")
    events.record("portal_login.added", user.portal_login, about=alice)
    announce(now()).apply(now())
    deliver(now()).apply(now())
    body = mailbox.mails[0].get_body(("plain",)).get_content()
    link = re.search(r"http://\S+/account/password/reset/key/\S+", body).group()
    assert link in mailbox.mails[0].get_body(("html",)).get_content()
    form = client.get(link.removeprefix("http://127.0.0.1:8000"), follow=True)
    chosen = "a long new password"
    done = client.post(form.redirect_chain[-1][0], {"password1": chosen, "password2": chosen})
    assert done.status_code == 302
    user.refresh_from_db()
    assert user.check_password(chosen)
    again = Client().get(link.removeprefix("http://127.0.0.1:8000"))
    assert again.context["token_fail"]
    assert not Message.objects.filter(body_text__contains=link).exists()


def test_an_invoice_arrives_with_its_pdf(alice: Customer, mailbox: Mailbox) -> None:
    paper = builders.invoice(alice)
    announce(now()).apply(now())
    deliver(now()).apply(now())
    (mail,) = mailbox.mails
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == f"{paper.reference}.pdf"
    words = PdfReader(io.BytesIO(attached.get_content())).pages[0].extract_text()
    assert paper.reference in words
    assert mail["Subject"] == f"Invoice {paper.reference}: R 115.00, due {paper.due_on}"


def test_it_tries_again_later_when_the_server_is_busy(alice: Customer, mailbox: Mailbox) -> None:
    mailbox.busy = True
    builders.message(customer=alice)
    at = now()
    deliver(at).apply(at)
    waiting = Message.objects.get()
    assert (waiting.state, waiting.error) == (MessageState.FAILED, "451 4.3.0 Try later")
    assert waiting.next_attempt_at == at + timedelta(minutes=BACK_OFF[0])
    assert len(deliver(at)) == 0
    mailbox.busy = False
    deliver(waiting.next_attempt_at).apply(waiting.next_attempt_at)
    assert Message.objects.get().state == MessageState.SENT


def test_it_gives_up_at_once_on_an_address_that_does_not_exist(alice: Customer, mailbox: Mailbox) -> None:
    builders.message(customer=alice, to_address=FORBIDDEN)
    good = builders.message(customer=alice)
    deliver(now()).apply(now())
    bad = Message.objects.get(to_address=FORBIDDEN)
    assert (bad.state, bad.attempts) == (MessageState.GIVEN_UP, 1)
    assert "No such mailbox" in bad.error
    good.refresh_from_db()
    assert good.state == MessageState.SENT


def test_it_gives_up_after_the_last_attempt(alice: Customer, mailbox: Mailbox) -> None:
    mailbox.busy = True
    builders.message(customer=alice, attempts=len(BACK_OFF), state=MessageState.FAILED)
    deliver(now()).apply(now())
    assert Message.objects.get().state == MessageState.GIVEN_UP


def test_it_keeps_the_message_when_no_mail_server_answers(alice: Customer, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    builders.message(customer=alice)
    deliver(now()).apply(now())
    assert "ConnectionRefused" in Message.objects.get(state=MessageState.FAILED).error


def test_it_gives_up_a_link_for_a_login_that_is_gone(alice: Customer, mailbox: Mailbox) -> None:
    builders.message(customer=alice, body_text="one-time-link-1", links={"one-time-link-1": 0})
    deliver(now()).apply(now())
    assert "login it was for is gone" in Message.objects.get(state=MessageState.GIVEN_UP).error
    assert mailbox.mails == []


def test_a_message_that_cannot_be_made_waits_and_lets_the_others_pass(
    alice: Customer, mailbox: Mailbox
) -> None:
    broken = builders.message(customer=alice, links=["not a mapping"])
    builders.message(customer=alice)
    deliver(now()).apply(now())
    broken.refresh_from_db()
    assert broken.state == MessageState.FAILED
    assert "AttributeError" in broken.error
    assert len(mailbox.mails) == 1


def sms(customer: Customer) -> Message:
    return builders.message(
        customer=customer,
        channel=Channel.SMS,
        to_address="+27 82 123 4567",
        subject="",
        body_html="",
        body_text="Hello",
    )


PATH = f"/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"


def test_it_sends_an_sms_through_twilio(alice: Customer, twilio: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        assert dict(request.form) == {"To": "+27821234567", "From": "+27100000000", "Body": "Hello"}
        return Response('{"sid": "SM1", "status": "queued"}', 201, content_type="application/json")

    twilio.expect_request(PATH, method="POST").respond_with_handler(answer)
    sms(alice)
    deliver(now()).apply(now())
    twilio.check_assertions()
    sent = Message.objects.get()
    assert (sent.state, sent.provider_id) == (MessageState.SENT, "SM1")


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        (400, 21211, MessageState.GIVEN_UP),
        (429, 20429, MessageState.FAILED),
        (401, 20003, MessageState.FAILED),
    ],
)
def test_it_tells_a_hopeless_number_from_a_bad_moment(
    alice: Customer, twilio: HTTPServer, status: int, code: int, state: str
) -> None:
    twilio.expect_request(PATH).respond_with_json({"code": code, "message": "no", "status": status}, status)
    sms(alice)
    deliver(now()).apply(now())
    refused = Message.objects.get()
    assert refused.state == state
    assert refused.error == f"{code}: Unable to create record: no"


def test_it_keeps_an_sms_until_a_provider_is_set_up(alice: Customer, settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = ""
    sms(alice)
    deliver(now()).apply(now())
    assert "No SMS provider" in Message.objects.get(state=MessageState.FAILED).error


@pytest.mark.parametrize(
    ("constraint", "fault"),
    [
        ("dedupe_key", {"dedupe_key": "test"}),
        ("state_known", {"state": "lost"}),
        ("channel_known", {"channel": "fax"}),
        ("sent_when", {"state": "sent"}),
        ("waiting_can_be_sent", {"to_address": ""}),
        ("waiting_can_be_sent", {"next_attempt_at": None}),
    ],
)
def test_the_database_refuses(alice: Customer, constraint: str, fault: dict[str, Any]) -> None:
    builders.message(customer=alice, dedupe_key="test")
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        builders.message(customer=alice, **fault)
