"""Alice in her portal."""

from datetime import date
from typing import Any

import pytest
from django.test import Client

from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import User
from ispbilling.core.units import GB
from radius.models import DataAccount, UsageDay
from tests import builders


@pytest.fixture
def alice_user(alice: Customer) -> User:
    return builders.portal_user(alice, email="alice@example.test")


@pytest.fixture
def as_alice(alice_user: User) -> Client:
    client = Client()
    client.force_login(alice_user)
    return client


@pytest.fixture
def today() -> date:
    return local_day(now())


@pytest.fixture
def line(alice: Customer, today: date) -> DataAccount:
    """Alice's line: 100 GB a month, of which she used 30 today."""
    account = builders.data_account(customer=alice, username="alice@isp.test")
    UsageDay.objects.create(data_account=account, day=today, download_octets=25 * GB, upload_octets=5 * GB)
    return account


def text(response: Any) -> str:
    """The page as words, without the breaks of the markup."""
    return " ".join(response.content.decode().split())
