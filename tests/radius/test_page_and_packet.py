"""The page that says who can log in and the server that lets them are one: on lines in every state."""

from collections.abc import Iterator
from random import Random

import pytest
from django.db import connection

from ispbilling.core.clock import now
from radius import subscribers
from radius.models import AccessAction, DataAccount, Service
from radius.nas.models import NasKind
from radius.server.checking import Origin, check, login_from, told
from radius.server.snapshot import Snapshot
from radius.wire.attributes import encode
from tests import builders
from tests.radius.test_unwanted import network


def mercies(dice: Random) -> None:
    """Attributes of the provider's own, and gates that do not reject."""
    for service in Service.objects.all():
        if dice.random() < 0.3:
            builders.reply_attribute(service=service, value=str(dice.randint(60, 900)))
    for line in DataAccount.objects.all():
        if dice.random() < 0.2:
            builders.reply_attribute(
                data_account=line, name=dice.choice(("Idle-Timeout", "Port-Limit")), value="7"
            )
    AccessAction.objects.create(code="SUSPENDED", kind="garden", address_list="unpaid", pool="walled")
    AccessAction.objects.create(code="TIME_LIMIT", kind="throttle", down_kbps=512, up_kbps=256)


def attributes(octets: bytes) -> Iterator[bytes]:
    """Each attribute, but Class, which says of the others what they are."""
    while octets:
        one, octets = octets[: octets[1]], octets[octets[1] :]
        if one[0] != 25:
            yield one


@pytest.mark.feature("W-3", "W-16")
@pytest.mark.django_db
def test_the_page_and_the_packet_never_disagree():
    dice = Random(7)
    network(dice)
    mercies(dice)
    at, copy, seen = now(), Snapshot(), set()
    copy.reload(connection)
    for line in copy.lines.values():
        compiled, kind = line.compiled, dice.choice(NasKind.values)
        compiled.compile(at.timestamp())
        facts = subscribers.find(line.subscriber.username, at)
        login = login_from(facts, Origin())
        page = check(facts, at, login)
        assert (page.accepted, page.until) == (compiled.accepted, check(line.subscriber, at, login).until)
        seen.add(page.code)
        if page.accepted:
            sent = attributes(compiled.accept(at.timestamp(), kind))
            assert sorted(sent) == sorted(encode([pair]) for pair in told(facts, login, at, kind))
    assert "" in seen
    assert len(seen) > 5
