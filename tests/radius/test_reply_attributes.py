"""Attributes a provider adds to replies: what may be written, which wins, and that they are sent."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse

from ispbilling.core.clock import now
from ispbilling.core.models import Event, Role
from radius import subscribers
from radius.attributes import checking
from radius.models import ReplyAttribute, Service
from radius.policy import replies
from radius.policy.decision import decide
from radius.wire import attributes as wire
from tests import builders
from tests.radius.subscribers import LOGIN, NOW, compiled, subscriber


def told(facts, kind="mikrotik"):
    return replies.attributes(facts, decide(facts, LOGIN, NOW), kind)


def test_the_lines_own_win_over_the_services_and_those_over_ours():
    service = (("Mikrotik-Rate-Limit", "1M/2M 2M/4M"), ("Mikrotik-Address-List", "theirs"))
    pairs = told(replace(subscriber(attributes=service), attributes=(("Mikrotik-Address-List", "mine"),)))
    assert [value for name, value in pairs if name == "Mikrotik-Rate-Limit"] == ["1M/2M 2M/4M"]
    assert [value for name, value in pairs if name == "Mikrotik-Address-List"] == ["mine"]
    assert ("Framed-Pool", "pool-a") in pairs


def test_a_name_may_occur_again_and_all_of_it_is_sent():
    routes = (("Framed-Route", "10.1.0.0/24 10.0.0.9 1"), ("Framed-Route", "10.2.0.0/24 10.0.0.9 1"))
    octets = compiled(subscriber(attributes=routes)).accept(NOW.timestamp(), "mikrotik")
    assert octets.count(b"\x16") >= 2
    assert b"10.1.0.0/24" in octets
    assert b"10.2.0.0/24" in octets


@pytest.mark.parametrize("name", [
    "Message-Authenticator", "Class", "Proxy-State", "State", "Framed-IP-Address", "MS-MPPE-Send-Key",
    "MS-CHAP2-Success", "Acct-Session-Id", "NAS-IP-Address", "User-Password", "Session-Timeout", "EAP-Message",
])  # fmt: skip
def test_what_is_not_the_providers_to_say_is_refused_with_what_to_do(name):
    assert len(checking.refused_name(name)) > 20
    assert name not in checking.names()


@pytest.mark.parametrize(("name", "value", "sendable"), [
    ("Idle-Timeout", "600", True), ("Idle-Timeout", "soon", False), ("Idle-Timeout", "4294967296", False),
    ("Framed-Compression", "Van-Jacobson-TCP-IP", True), ("Framed-Compression", "Zip", False),
    ("MS-Primary-DNS-Server", "10.0.0.1", True), ("MS-Primary-DNS-Server", "10.0.0.300", False),
    ("Cisco-AVPair", "ip:inacl=guests", True), ("Cisco-AVPair", "x" * 250, False),
    ("ERX-Qos-Profile-Name", "gold", True), ("WISPr-Redirection-URL", "https://isp.test/pay", True),
    ("Framed-IPv6-Route", "2001:db8::/32 :: 1", True), ("Context-Name", "local", True),
])  # fmt: skip
def test_a_value_is_tried_before_it_is_stored(name, value, sendable):
    assert (checking.refused_value(name, value) == "") is sendable


def test_the_dictionaries_know_what_the_field_uses():
    assert len(checking.names()) > 500
    assert wire.known("mikrotik-rate-limit") == "Mikrotik-Rate-Limit"
    assert wire.known("Mikrotik-Nonsense") is None
    for name in wire.names():
        assert wire.takes(name)


@pytest.mark.django_db
class TestPages:
    def add(self, client: Client, owner, **fields: str) -> str:
        kind = "service" if isinstance(owner, Service) else "data_account"
        url = reverse(f"radius:{kind}_attribute_add", args=[owner.pk])
        response = client.post(url, {"name": "Idle-Timeout", "value": "600", **fields}, follow=True)
        return response.content.decode()

    def test_one_is_added_changed_and_deleted_and_each_is_an_event(self, as_manager: Client) -> None:
        line = builders.data_account()
        self.add(as_manager, line, name="idle-timeout")
        one = ReplyAttribute.objects.get()
        assert (one.data_account, str(one)) == (line, "Idle-Timeout = 600")
        panel = as_manager.get(line.get_absolute_url(), {"widget": "attributes"}).content.decode()
        assert "Idle-Timeout" in panel
        edit, delete = (
            reverse(f"radius:data_account_attribute_{verb}", args=[one.pk]) for verb in ("edit", "delete")
        )
        as_manager.post(edit, {"name": "Idle-Timeout", "value": "900"})
        assert subscribers.find(line.username, now()).attributes == (("Idle-Timeout", "900"),)
        as_manager.post(delete)
        assert not ReplyAttribute.objects.exists()
        kinds = Event.objects.filter(about_id=line.customer_id).values_list("kind", flat=True)
        verbs = {f"data_account.attribute_{verb}" for verb in ("added", "edited", "deleted")}
        assert verbs <= set(kinds)

    @pytest.mark.parametrize(("fields", "sentence"), [
        ({"name": "Idle-Time"}, "No dictionary has"), ({"name": "class"}, "leave it out"),
        ({"value": "soon"}, "a whole number"), ({"value": ""}, "required"),
    ])  # fmt: skip
    def test_what_cannot_be_sent_is_refused_at_its_field(self, as_manager, fields, sentence) -> None:
        assert sentence in self.add(as_manager, builders.service(), **fields)
        assert not ReplyAttribute.objects.exists()

    def test_the_same_again_and_more_than_a_packet_holds_are_refused(self, as_manager) -> None:
        service = builders.service()
        self.add(as_manager, service)
        assert "It is there already" in self.add(as_manager, service)
        for n in range(8):
            page = self.add(as_manager, service, name="Cisco-AVPair", value=f"{n}" * 240)
        assert "too long for a RADIUS packet" in page
        assert ReplyAttribute.objects.count() == 7

    def test_the_names_are_completed(self, as_manager) -> None:
        url = reverse("radius:service_attribute_add", args=[builders.service().pk])
        assert '<option value="Mikrotik-Address-List">' in as_manager.get(url).content.decode()

    def test_support_changes_those_of_lines_not_of_services(self, client: Client) -> None:
        client.force_login(builders.staff(Role.SUPPORT))
        self.add(client, builders.data_account())
        assert "may not" in self.add(client, builders.service()) or ReplyAttribute.objects.count() == 1
        one = builders.reply_attribute(service=builders.service())
        assert client.post(reverse("radius:data_account_attribute_delete", args=[one.pk])).status_code == 404

    def test_a_clone_has_the_same(self, as_manager) -> None:
        source = builders.reply_attribute(service=builders.service()).service
        data = {"code": "B", "title": "B", "down_kbps": "1", "up_kbps": "1", "authentication": "accept",
                "limit_type": "daily"}  # fmt: skip
        as_manager.post(reverse("radius:service_clone", args=[source.pk]), data)
        assert Service.objects.get(code="B").attributes.get().name == "Idle-Timeout"

    def test_one_has_exactly_one_owner(self) -> None:
        with pytest.raises(IntegrityError):
            builders.reply_attribute(service=builders.service(), data_account=builders.data_account())

    def test_the_server_is_told_whose_it_is(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = 'radius_replyattribute'::regclass")
            assert ("radius_notify",) in cursor.fetchall()
