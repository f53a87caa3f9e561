"""What customers are told about their payments."""

from datetime import date
from decimal import Decimal

import pytest

from billing.payments import receiving, returning
from billing.payments.returning import Why
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from notifications import sweeps
from notifications.attachments import papers
from notifications.models import Message
from tests import builders

pytestmark = pytest.mark.django_db


def announced() -> list[Message]:
    sweeps.announce(now()).apply(now())
    return list(Message.objects.filter(kind__startswith="payment").order_by("pk"))


def test_a_payment_is_thanked_for_with_its_receipt(alice: Customer) -> None:
    builders.invoice(alice)
    builders.payment(alice, "100.00")
    (mail,) = announced()
    assert (mail.to_address, mail.subject) == (
        "alice@example.test", "Thank you: R 100.00 received (REC-2026-000001)",
    )  # fmt: skip
    assert "What is owed now: R 15.00." in mail.body_text
    (paper,) = papers(mail)
    assert paper.name == "REC-2026-000001.pdf"
    assert paper.content.startswith(b"%PDF")


def test_unknown_money_thanks_nobody_until_it_is_assigned(alice: Customer) -> None:
    waiting = builders.payment(None)
    assert announced() == []
    receiving.assign(waiting, alice, date(2026, 11, 10), now(), actor=None)
    (mail,) = announced()
    assert "Your account is R 100.00 in credit." in mail.body_text


def test_nobody_is_told_when_the_form_says_so_or_it_was_a_mistake(alice: Customer) -> None:
    money = receiving.Money(Decimal(5), date(2026, 11, 10), "x", alice)
    receiving.receive(money, now(), actor=None, mail_receipt=False)
    slip = builders.payment(alice)
    returning.take_back(slip, Why.MISTAKE, local_day(now()), now(), actor=None, reason="typo")
    assert announced() == []


def test_a_returned_payment_is_told_with_what_is_owed_now(alice: Customer) -> None:
    paid = builders.payment(alice)
    announced()
    returning.take_back(
        paid, Why.RETURNED, local_day(now()), now(), actor=None, reason="no funds", fee=Decimal("50.00")
    )
    mail = announced()[-1]
    assert mail.subject == "Your payment of R 100.00 was returned"
    assert "R 50.00 is owed now." in mail.body_text
    assert "The fee for it is on invoice INV-2026-000001." in mail.body_text
    assert "no funds" not in mail.body_text
