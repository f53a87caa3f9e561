"""The posture of NASes: what the lights say, and the pages that show them."""

from collections import Counter
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from ispbilling.core.clock import local_day, now
from radius.models import Nas, NasPosture, Stranger
from radius.nas import posture
from radius.nas.judging import Facts, judge, worst
from radius.nas.secrets import generate_secret
from radius.nas.strength import judge as judge_secret
from radius.sweeps import prune_posture
from tests import builders

pytestmark = pytest.mark.feature("W-11")
STRONG = judge_secret("nV7rTq2mKx9bWc4pHd6s")


def lights(**known: object) -> dict[str, tuple[str, str]]:
    facts = Facts(**{"setting": "auto", "signed_since": now(), "enabled": True, "strength": STRONG, **known})
    return {one.aspect: (one.word, one.meaning) for one in judge(facts, now())}


@pytest.mark.parametrize(
    ("secret", "shared", "word", "meaning"),
    [
        ("testing123", (), "Default", "stopped"),
        ("MikroTik-1", (), "Default", "stopped"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", (), "Guessable", "stopped"),
        ("k3v9w2", (), "Guessable", "stopped"),
        ("k3v9w2m4x7q", (), "Weak", "attention"),
        ("DRyDmhvDMwuvALuwYJbD", (), "Strong", "working"),
        ("DRyDmhvDMwuvALuwYJbD", ("Tower 2",), "Shared", "attention"),
    ],
)
def test_a_secret_is_judged_without_being_told(secret, shared, word, meaning):
    found = judge_secret(secret, shared)
    assert (found.word, found.meaning) == (word, meaning)
    assert secret not in found.advice


def test_a_healthy_nas_asks_for_nothing():
    at = now()
    facts = Facts(
        "auto", at, True, STRONG, access=100, accounting=100, skew=2, class_asked=9, class_echoed=9, access_at=at,
        accounting_at=at, open_sessions=50,
    )  # fmt: skip
    assert worst(judge(facts, at)) == []


@pytest.mark.parametrize(
    ("known", "aspect", "word", "meaning"),
    [
        ({"setting": "off"}, "Signing", "Off", "stopped"),
        ({"protected": True, "setting": "off"}, "Signing", "TLS", "working"),
        ({"protected": True, "strength": judge_secret("radsec")}, "Secret", "Certificate", "working"),
        ({"drops": Counter(message_authenticator_missing=3)}, "Signing", "3 refused", "stopped"),
        ({"signed_since": None, "unsigned": 5, "access": 5}, "Signing", "Unsigned", "attention"),
        ({"setting": "observe", "signed_since": None, "access": 5}, "Signing", "Observed", "attention"),
        ({"drops": Counter(authenticator=2, malformed=1)}, "Dropped", "3", "stopped"),
        ({"drops": Counter(malformed=1)}, "Dropped", "1", "attention"),
        ({"access": 100, "duplicates": 40}, "Repeats", "29%", "attention"),
        ({"skew": -7200}, "Clock", "2 h behind", "stopped"),
        ({"skew": 45}, "Clock", "45 s ahead", "attention"),
        ({"open_sessions": 20, "late": 1}, "Interims", "5% late", "attention"),
        ({"open_sessions": 20, "late": 10}, "Interims", "50% late", "stopped"),
        ({"open_sessions": 1200, "anew": 1100}, "Counters", "1,100 reset", "attention"),
        ({"class_asked": 9, "class_echoed": 0}, "Class", "Not echoed", "attention"),
        ({"unknown": Counter({"25506/140": 3})}, "Attributes", "25506/140", "info"),
        ({}, "Heard", "Never", "attention"),
        ({"access": 5, "access_at": now()}, "Heard", "No accounting", "stopped"),
        ({"access_at": now() - timedelta(days=2)}, "Heard", "Silent", "attention"),
        ({"enabled": False}, "Heard", "Disabled", "off"),
    ],
)
def test_each_light_has_its_cause(known, aspect, word, meaning):
    assert lights(**known)[aspect] == (word, meaning)


@pytest.mark.django_db
def test_the_facts_come_from_the_counters_the_sessions_and_the_secrets():
    at = now()
    nas = builders.nas(name="Tower 1", secret="nV7rTq2mKx9bWc4pHd6s")
    builders.nas(name="Tower 2", address="10.0.0.2", secret="nV7rTq2mKx9bWc4pHd6s")
    for back, count in ((0, 5), (1, 7), (30, 1000)):
        NasPosture.objects.create(
            nas=nas, day=local_day(at) - timedelta(days=back), access=count, drops={"malformed": count}, skew=back,
            access_at=at,
        )  # fmt: skip
    for minutes in (1, 30, 300):
        builders.session(
            nas=nas,
            updated_at=at - timedelta(minutes=minutes),
            started_at=at - timedelta(hours=6),
            carried_at=at if minutes == 1 else None,
        )
    found = {one.aspect: one.word for one in posture.findings([nas], at)[nas.pk]}
    words = [found[name] for name in ("Dropped", "Clock", "Secret", "Interims", "Counters")]
    assert words == ["12", "0 s", "Shared", "33% late", "1 reset"]


@pytest.mark.django_db
def test_the_pages_show_it_and_no_secret(as_manager: Client) -> None:
    nas = builders.nas(name="Tower 1", secret="testing123")
    NasPosture.objects.create(nas=nas, day=local_day(now()), unsigned=3, access=3, drops={"malformed": 7})
    for url in (
        reverse("radius:nas_posture"),
        reverse("radius:nas_list"),
        reverse("radius:nas_detail", args=[nas.pk]) + "?widget=posture",
        reverse("radius:nas_posture") + "?export=csv",
    ):
        text = as_manager.get(url).getvalue().decode()
        assert "Default" in text
        assert "testing123" not in text
    assert (
        "malformed 7"
        in as_manager.get(reverse("radius:nas_detail", args=[nas.pk]) + "?widget=days").content.decode()
    )


@pytest.mark.django_db
def test_a_stranger_becomes_a_nas_with_its_address_filled_in(as_manager: Client) -> None:
    builders.nas(name="Old tower", address="198.51.100.8", enabled=False)
    for host in ("198.51.100.7", "198.51.100.8"):
        Stranger.objects.create(address=host, packets=4711, first_at=now(), last_at=now())
    text = as_manager.get(reverse("radius:nas_posture")).content.decode()
    add = reverse("radius:nas_add") + "?address=198.51.100.7"
    assert add in text
    assert "Old tower (disabled)" in text
    assert reverse("radius:nas_add") + "?address=198.51.100.8" not in text
    assert 'value="198.51.100.7"' in as_manager.get(add).content.decode()
    form = {"name": "New", "address": "198.51.100.7", "secret": generate_secret(), "kind": "mikrotik",
            "message_authenticator": "auto", "enabled": "on"}  # fmt: skip
    as_manager.post(add, form)
    assert Nas.objects.filter(address="198.51.100.7").exists()
    assert not Stranger.objects.filter(address="198.51.100.7").exists()


@pytest.mark.django_db
def test_old_counters_are_forgotten() -> None:
    nas, at = builders.nas(), now()
    for back in (0, 93):
        NasPosture.objects.create(nas=nas, day=local_day(at) - timedelta(days=back))
        seen = at - timedelta(days=back)
        Stranger.objects.create(address=f"10.9.9.{back}", first_at=seen, last_at=seen)
    plan = prune_posture(at)
    assert plan.act(plan.steps, at) == 2
    assert (NasPosture.objects.count(), Stranger.objects.count()) == (1, 1)
    assert prune_posture(at).steps == []
