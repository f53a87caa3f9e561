"""Who is asked to leave: SQL picks the suspicious sessions, the policy decides; nobody may be overlooked."""

from datetime import timedelta
from random import Random

import pytest

from customers.models import Gate, GateKind
from ispbilling.core.clock import local_day, now
from radius.coa import comparing
from radius.models import Meter, Session, UsageDay
from radius.policy.decision import decide
from radius.policy.subscriber import Login
from radius.subscribers import find_accounts
from tests import builders

DAY = timedelta(days=1)
MACS = ("02:00:00:00:00:0A", "02-00-00-00-00-0a", "0200.0000.000b", "")


def network(dice: Random) -> None:
    """Lines, customers and services in every state, each line with a session or two."""
    at, today = now(), local_day(now())
    days = (None, None, today - DAY, today, today + DAY)
    towers = [builders.nas(address=f"10.0.0.{n}") for n in (1, 2)]
    homes = [builders.group(enabled=enabled) for enabled in (True, True, True, False)]
    closed = {"band_days": "1234567", "band_from": "00:00", "band_to": "00:00"}
    packages = [
        builders.package(service=builders.service(authentication=answer, expires_on=day))
        for answer, day in [
            *[("accept", None)] * 4,
            ("accept", today - DAY),
            ("accept", today),
            ("reject", None),
        ]
    ]
    packages += [
        builders.package(service=builders.service(**closed)),
        builders.package(service=builders.service(time_limit=450)),
        *(builders.package(cap_kind="soft", service_once_capped=one.service) for one in packages[3:]),
    ]
    for _ in range(40):
        customer = builders.customer(group=dice.choice(homes))
        for kind in dice.sample(list(GateKind), dice.choice((0, 0, 1, 2))):
            since = at + dice.choice((-2, 1)) * DAY
            until = dice.choice((None, max(since, at - DAY), max(since, at + DAY)))
            Gate.objects.create(customer=customer, kind=kind, since=since, until=until)
        for _ in range(3):
            first = dice.choice((today - DAY, today - DAY, today, today + DAY))
            last = dice.choice([day for day in days if day is None or day >= first])
            line = builders.data_account(
                customer=customer, package=dice.choice(packages), blocked=dice.random() < 0.1,
                starts_on=first, ends_on=last, prepaid=(prepaid := dice.random() < 0.1),
                prepaid_since=at if prepaid else None, mac_lock=dice.choice(("", *MACS)),
                nas_lock=dice.choice((None, None, *towers)), port_lock=dice.choice(("", "", "Ether1")),
            )  # fmt: skip
            if dice.random() < 0.3:
                gone = dice.choice((None, at - DAY))
                Meter.objects.create(
                    data_account=line, month=today.replace(day=1), counted_at=at, exhausted_since=gone,
                    covered_until=dice.choice((None, at - DAY, at + DAY)),
                    exhausted_until=dice.choice((None, at - DAY, at + DAY)),
                )  # fmt: skip
            for _ in range(dice.choice((1, 2))):
                tower, mac = dice.choice((None, *towers)), dice.choice(MACS)
                port = dice.choice(("ether1", "ether1", "7"))
                used = builders.session(data_account=line, nas=tower, calling_station_id=mac, nas_port=port)
                UsageDay.objects.update_or_create(
                    data_account=line, day=today, defaults={"seconds": used.pk % 900}
                )


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_the_suspects_hold_everybody_the_policy_refuses(seed):
    network(Random(seed))
    at = now()
    sessions = list(Session.objects.open())
    facts = find_accounts({one.data_account_id for one in sessions}, at)
    refused = {}
    for one in sessions:
        login = Login(True, one.calling_station_id, one.nas_id or 0, "", one.nas_port)
        decision = decide(facts[one.data_account_id], login, at)
        if not decision.accepted:
            refused[one.pk] = decision.code
    assert {one.live.pk: one.because for one in comparing.unwanted(at)} == refused
    assert 0 < len(refused) < len(sessions)
