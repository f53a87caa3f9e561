"""BlastRADIUS (CVE-2024-3596): who must sign, how a NAS comes to have to, and how staff take that back."""

import os

import pytest
from django.test import Client
from django.urls import reverse

from ispbilling.core.clock import now
from ispbilling.core.models import Event
from radius.models import Nas
from radius.nas import devices
from radius.wire.codec import attributes
from tests import builders
from tests.radius.packets import SECRET, access
from tests.radius.worker import HOST, Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.feature("W-11")]
ACCEPT = 2


@pytest.fixture
def nas(transactional_db) -> Nas:
    builders.data_account(username="alice@isp.test", secret="wire-secret")
    return builders.nas(address=HOST, secret=SECRET.decode(), message_authenticator="auto")


def blast() -> bytes:
    """The request of the attack: no Message-Authenticator, and the colliding prefix hidden in Proxy-States."""
    packet = access(signed=False)
    for _ in range(3):
        packet.AddAttribute("Proxy-State", os.urandom(200))
    return packet.RequestPacket()


def test_a_new_nas_is_on_automatic() -> None:
    assert Nas().message_authenticator == "auto"


def test_the_first_signature_obliges_at_once_and_for_good(nas):
    worker, neighbour = Worker(), Worker()
    assert worker.answers(signed=False)
    assert worker.answers()
    assert not worker.answers(signed=False)  # at once, in memory
    worker.reload()
    assert not worker.answers(signed=False)  # also when the NAS is read again before it was written down
    assert neighbour.answers(signed=False)
    worker.posture.write(now())
    nas.refresh_from_db()
    assert nas.signed_since is not None
    event = Event.objects.get(kind="nas.ratcheted")
    assert (event.actor, event.label) == (None, str(nas))
    neighbour.reload()
    assert not neighbour.answers(signed=False)
    assert not Worker().answers(signed=False)


def test_two_workers_see_it_and_one_writes_it(nas):
    workers = [Worker(), Worker()]
    for worker in workers:
        assert worker.answers()
    for worker in workers:
        worker.posture.write(now())
    assert Event.objects.filter(kind="nas.ratcheted").count() == 1


def test_a_forged_signature_obliges_nobody(nas):
    worker = Worker()
    assert not worker.answers(secret=b"another")
    octets = bytearray(access().RequestPacket())
    octets[-1] ^= 1
    assert worker.ask(bytes(octets)) is None
    assert worker.answers(signed=False)
    assert worker.counts.of(nas.pk).drops["message_authenticator"] == 2


def test_a_signed_status_server_says_nothing_about_logins(nas):
    worker = Worker()
    packet = access(method="none")
    packet.code = 12
    assert worker.ask(packet)[0] == ACCEPT
    assert worker.answers(signed=False)
    assert worker.counts.of(nas.pk).access == 1


@pytest.mark.parametrize(
    ("setting", "answered"), [("auto", False), ("require", False), ("observe", False), ("off", True)]
)
def test_the_attacks_own_request_is_refused_unless_checking_is_off(nas, setting, answered):
    Nas.objects.update(message_authenticator=setting)
    worker = Worker()
    assert (worker.ask(blast()) is not None) is answered
    assert worker.counts.of(nas.pk).drops["message_authenticator_missing"] == int(not answered)


def test_every_answer_begins_with_its_signature(nas):
    worker = Worker()
    for packet in (access(signed=False), access(password="wrong"), access("nobody"), access()):
        reply = worker.ask(packet)
        assert reply[20:22] == b"\x50\x12"
        assert attributes(reply)[2] == 20


def test_staff_may_make_it_forget_and_it_learns_again(nas, as_manager: Client):
    worker = Worker()
    assert worker.answers()
    worker.posture.write(now())
    page = reverse("radius:nas_detail", args=[nas.pk])
    assert "Forget That It Signed" in as_manager.get(page).content.decode()
    as_manager.post(reverse("radius:nas_forget_signing", args=[nas.pk]))
    assert Event.objects.filter(kind="nas.signing_forgotten").exists()
    worker.reload()
    assert worker.answers(signed=False)
    # What was seen before it was forgotten is not written down any more.
    assert devices.ratchet(nas.pk, 0, now()) is False
    assert worker.answers()
    assert not worker.answers(signed=False)
    assert "Forget That It Signed" not in as_manager.get(page).content.decode()
