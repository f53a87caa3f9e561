"""Usage Email and Usage SMS: seen first, sent once, by the channel that was chosen."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import Contact, Customer
from ispbilling.core.clock import local_day, month_of, now
from ispbilling.core.errors import DomainError
from ispbilling.core.units import GB
from notifications import announce, rules, usage
from notifications.kinds import KINDS
from notifications.models import Channel, Message
from radius.models import UsageDay
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("USE-5")]


@pytest.fixture
def used(alice: Customer) -> Customer:
    line = builders.data_account(customer=alice, username="alice@isp.test")
    UsageDay.objects.create(
        data_account=line, day=local_day(now()), download_octets=25 * GB, upload_octets=5 * GB
    )
    return alice


def announced() -> list[Message]:
    announce.announce(now()).apply(now())
    return list(Message.objects.filter(kind="usage_report"))


def test_staff_see_the_mail_before_it_goes(as_manager: Client, used: Customer) -> None:
    url = reverse("notifications:usage_email", args=[used.pk])
    words = "alice@isp.test: 30.0 GB of 100.0 GB used, 70.0 GB left"
    assert words in as_manager.get(url).content.decode()
    assert announced() == []
    for _twice in range(2):
        assert as_manager.post(url).status_code == 302
    (sent,) = announced()
    month = month_of(local_day(now()))
    assert (sent.channel, sent.customer) == (Channel.EMAIL, used)
    assert sent.subject == f"Usage in {month}: 30.0 GB of 100.0 GB used, 70.0 GB left"
    assert words in sent.body_text


def test_an_sms_is_an_sms_alone(as_manager: Client, used: Customer, settings: Any) -> None:
    url = reverse("notifications:usage_sms", args=[used.pk])
    assert "No SMS provider is set up" in as_manager.get(url).content.decode()
    settings.TWILIO_ACCOUNT_SID = "AC1"
    assert "No SMS provider" not in as_manager.get(url, {"month": "2026-01"}).content.decode()
    as_manager.post(url)
    (sent,) = announced()
    assert sent.channel == Channel.SMS
    assert "30.0 GB of 100.0 GB used" in sent.body_text


def test_it_is_refused_without_an_address_and_when_it_is_switched_off(used: Customer) -> None:
    month = month_of(local_day(now()))
    rules.switch(KINDS["usage_report"], Channel.EMAIL, False, None)
    with pytest.raises(DomainError, match="switched off"):
        usage.send(usage.report(used, month, Channel.EMAIL, now()), now(), actor=None)
    Contact.objects.update(email="")
    with pytest.raises(DomainError, match="no e-mail address"):
        usage.send(usage.report(used, month, Channel.EMAIL, now()), now(), actor=None)


def test_other_words_or_a_later_minute_are_another_message(used: Customer) -> None:
    month, moment = month_of(local_day(now())), now()
    for later in (0, 10, 60):
        at = moment + timedelta(seconds=later)
        usage.send(usage.report(used, month, Channel.EMAIL, at), at, actor=None)
    assert len(announced()) == 2


def test_a_month_that_is_none_is_not_found(as_manager: Client, used: Customer) -> None:
    url = reverse("notifications:usage_email", args=[used.pk])
    assert as_manager.get(url, {"month": "2026-13"}).status_code == 404
