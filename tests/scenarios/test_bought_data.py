"""Data that is bought in the portal, used over RADIUS, used up and bought again: a prepaid line and a soft-capped one.

The portal, a PayFast on loopback, the RADIUS server as a process of its own, a NAS that must end or slow sessions.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import Customer
from ispbilling import sweeping
from ispbilling.core.clock import now
from ispbilling.core.models import Event
from ispbilling.core.units import GB
from notifications.models import Message
from radius.bundles import granting
from radius.models import AuthAttempt, CapKind, DataAccount, TopupType
from tests import builders, payfast
from tests.payfast import FakePayFast
from tests.radius.conftest import Server, eventually, settled, start, stop
from tests.radius.fake_nas import FakeNas
from tests.radius.packets import SECRET, access
from tests.radius.test_drawer import ACCEPT, COA, DISCONNECT, FAST, RATE, REJECT, SLOW, Phone

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def radius(transactional_db: None) -> Iterator[Server]:
    running = start(RADIUS_SAMPLE_ACCEPTS="1")
    yield running
    stop(running)


@pytest.fixture
def tower() -> Iterator[FakeNas]:
    with FakeNas(SECRET) as nas:
        yield nas


@pytest.fixture
def gigabyte(tower: FakeNas) -> TopupType:
    builders.nas(secret=SECRET.decode(), coa_port=tower.port)
    return builders.topup_type(title="1 GB", octets=GB, price="29.00", validity_days=30)


def line(customer: Customer, gigabyte: TopupType, **package: Any) -> DataAccount:
    service = builders.service(down_kbps=20_000, up_kbps=10_000)
    sold = builders.package(
        service=service, topup_group=gigabyte.group, cap_octets=GB, simultaneous_use=0, **package
    )
    return builders.data_account(
        customer=customer, username=f"{customer.code}@isp.test", secret="wire-secret", package=sold
    )


class Portal:
    """A customer, who buys."""

    def __init__(self, fake: FakePayFast | None = None) -> None:
        self.client, self.customer, self.fake = Client(), builders.customer(), fake
        self.client.force_login(builders.portal_user(self.customer))

    def sees(self, name: str) -> str:
        return words(self.client.get(reverse(f"portal:{name}")))

    def buys(self, account: DataAccount, gigabyte: TopupType, pay: str) -> str:
        """The page that says what became of it."""
        sent = {"token": str(uuid4()), "type": gigabyte.pk, "pay": pay}
        answer = self.client.post(reverse("portal:topup", args=[account.pk]), sent, follow=True)
        if self.fake is not None and pay == "online":
            form = answer.context["form"]
            urlopen(form.url, urlencode(dict(form.fields)).encode(), timeout=20).close()  # noqa: S310 - loopback
            self.fake.tell(list(self.fake.begun)[-1])
            answer = self.client.get(dict(form.fields)["return_url"].removeprefix("http://testserver"))
        return words(answer)

    def was_told(self, *wanted: str) -> bool:
        """Whether these events are on the timeline in this order, whatever comes between."""
        rest = iter(Event.objects.about(self.customer).order_by("pk").values_list("kind", flat=True))
        return all(kind in rest for kind in wanted)


def words(answer: Any) -> str:
    """A page as its reader sees it."""
    return " ".join(re.sub(r"<[^>]+>", "", answer.content.decode()).split())


@pytest.mark.feature("W-12", "POR-2", "W-8")
def test_data_is_bought_used_up_and_bought_again(
    live_server: Any, settings: Any, radius: Server, tower: FakeNas, gigabyte: TopupType
) -> None:
    settings.BASE_URL = live_server.url
    builders.gateway()
    with payfast.running(settings) as fake:
        prepaid(Portal(fake), radius, tower, gigabyte)
    soft_capped(Portal(), radius, tower, gigabyte)


def prepaid(portal: Portal, radius: Server, tower: FakeNas, gigabyte: TopupType) -> None:
    account = line(portal.customer, gigabyte)
    granting.set_prepaid(account, now())

    def answers(code: int) -> bool:
        return settled(lambda: radius.ask(access(account.username)).code == code)

    assert answers(REJECT), "nothing was bought yet"
    assert "No data is left until you top up." in portal.sees("home")
    assert "1.0 GB are added and can be used until" in portal.buys(account, gigabyte, "online")
    assert answers(ACCEPT)
    assert "1.0 GB left until" in portal.sees("home")
    phones = [Phone(radius, account, name) for name in ("p-1", "p-2")]
    for phone in phones:
        phone.moved(GB // 2)
    assert eventually(lambda: tower.codes.count(DISCONNECT) == 2, 15), "both, in the next interim"
    assert {request[44] for request in tower.received} == {b"p-1", b"p-2"}
    assert answers(REJECT)
    assert eventually(lambda: AuthAttempt.objects.filter(code="PREPAID_EMPTY").exists())
    for sweep in ("bundle_notices", "announce"):
        sweeping.run(sweep, now())
    mail = Message.objects.get(kind="data_used")
    assert mail.subject == "1 GB is used up"
    assert "No data is left until you top up." in mail.body_text
    assert portal.sees("usage_day").count("500.0 MB down, 0 B up") == 2
    assert "are added" in portal.buys(account, gigabyte, "online")
    assert answers(ACCEPT)
    assert portal.was_told(
        "data_account.prepaid", "checkout.started", "payment.received", "data_account.data_again", "topup.sold",
        "data_account.data_used_up", "data_bundle.used", "data_account.data_again", "topup.sold",
    )  # fmt: skip


def soft_capped(portal: Portal, radius: Server, tower: FakeNas, gigabyte: TopupType) -> None:
    slow = builders.service(down_kbps=2000, up_kbps=1000)
    account = line(
        portal.customer,
        gigabyte,
        cap_kind=CapKind.SOFT,
        service_once_capped=slow,
        add_overusage_on_topup=True,
    )
    assert settled(lambda: radius.ask(access(account.username)).code == ACCEPT)
    tower.octets.clear()
    for phone in [Phone(radius, account, name) for name in ("s-1", "s-2")]:
        assert FAST in phone.speed
        phone.moved(3 * GB // 4)
    assert eventually(lambda: tower.codes.count(COA) == 2, 15), "both, in the next interim"
    assert all(SLOW in request for request in tower.octets)
    assert settled(lambda: SLOW in radius.ask(access(account.username))[RATE][0]), (
        "reconnecting is no way out"
    )
    assert "The line is slow now (2 Mb/s) until" in portal.sees("home")
    assert "1.0 GB added" in portal.buys(account, gigabyte, "account")
    assert eventually(lambda: tower.codes.count(COA) == 4, 15)
    assert all(FAST in request for request in tower.octets[2:])
    assert "1.0 GB left, new data on" in portal.sees("home"), "what was used over the cap came on top"
    assert portal.was_told("data_account.data_used_up", "data_account.data_again", "topup.sold")
