"""Pages of the NAS list."""

import pytest
from django.test import Client
from django.urls import reverse

from ispbilling.core.clock import now
from ispbilling.core.models import Event, Role
from radius.models import Nas
from radius.nas.setup import Ports, mikrotik, server_address
from tests import builders

pytestmark = pytest.mark.django_db
ANY = "0.0.0.0"  # noqa: S104 - never bound here
FORM = {
    "name": "Core",
    "address": "10.0.0.1",
    "kind": "cisco",
    "secret": "correct-horse-42",
    "message_authenticator": "require",
    "coa_port": "",
    "high_site": "",
    "enabled": "on",
}


def body(client: Client, name: str, *args: object) -> str:
    response = client.get(reverse(f"radius:{name}", args=args))
    assert response.status_code == 200
    return response.content.decode()


def test_it_adds_a_nas_and_shows_what_to_type_on_the_router(as_manager: Client) -> None:
    response = as_manager.post(reverse("radius:nas_add"), FORM, follow=True)
    nas = Nas.objects.get()
    assert (nas.secret, nas.kind) == ("correct-horse-42", "cisco")
    text = response.content.decode()
    assert "/radius add service=ppp" in text
    assert "correct-horse-42" not in text
    assert "correct-horse-42" not in str(Event.objects.get(kind="nas.added").data)


def test_the_form_of_a_new_nas_brings_a_secret(as_manager: Client) -> None:
    page = as_manager.get(reverse("radius:nas_add")).content.decode()
    field = next(tag for tag in page.split("<input")[1:] if 'name="secret"' in tag.partition(">")[0])
    assert len(field.partition('value="')[2].partition('"')[0]) >= 16


def test_the_secret_is_never_shown_and_empty_keeps_it(as_manager: Client) -> None:
    nas = builders.nas(secret="correct-horse-42")
    assert "correct-horse-42" not in body(as_manager, "nas_edit", nas.pk)
    as_manager.post(reverse("radius:nas_edit", args=[nas.pk]), {**FORM, "secret": ""})
    nas.refresh_from_db()
    assert (nas.name, nas.secret) == ("Core", "correct-horse-42")
    assert "secret" not in Event.objects.get(kind="nas.edited").data["changes"]


def test_a_changed_secret_is_hidden_in_the_event(as_manager: Client) -> None:
    nas = builders.nas(name="Core", address="10.0.0.1", kind="cisco", message_authenticator="require")
    as_manager.post(reverse("radius:nas_edit", args=[nas.pk]), {**FORM, "secret": "another-horse-43"})
    nas.refresh_from_db()
    assert nas.secret == "another-horse-43"
    assert Event.objects.get(kind="nas.edited").data == {"changes": {"secret": ["(hidden)", "(hidden)"]}}


@pytest.mark.parametrize("secret", ["short", "has a space in it", "snömannen-1"])
def test_a_secret_routers_stumble_over_is_refused(as_manager: Client, secret: str) -> None:
    assert as_manager.post(reverse("radius:nas_add"), {**FORM, "secret": secret}).status_code == 200
    assert not Nas.objects.exists()


def test_generate_gives_another_secret_for_the_open_form(as_manager: Client) -> None:
    url = reverse("radius:secret_generate")
    first, second = (as_manager.get(url, {"name": "secret", "id": "id_secret"}) for _ in range(2))
    assert first["Cache-Control"] == "no-store"
    assert first.content != second.content
    assert b'name="secret"' in first.content
    evil = as_manager.get(url, {"name": '"><script>', "id": "x"}).content
    assert b"<script>" not in evil


def test_the_list_shows_who_is_alive(as_manager: Client) -> None:
    nas = builders.nas(name="Tower 1")
    builders.nas(name="Old tower", address="10.9.9.9", enabled=False)
    for n in range(3):
        builders.session(nas=nas, stopped_at=now() if n == 0 else None)
    text = body(as_manager, "nas_list")
    assert "Tower 1" in text
    assert "Old tower" not in text
    assert "disabled not shown" in text
    assert "2 sessions open" in body(as_manager, "nas_detail", nas.pk)


def test_support_may_not_edit_a_nas(client: Client) -> None:
    client.force_login(builders.staff(Role.SUPPORT))
    nas = builders.nas()
    assert client.get(reverse("radius:nas_edit", args=[nas.pk])).status_code == 403
    assert client.get(reverse("radius:nas_detail", args=[nas.pk])).status_code == 200


def test_the_lines_for_a_router_name_our_ports_and_no_secret() -> None:
    lines = mikrotik("203.0.113.5", Ports(1812, 1813, 3799)).splitlines()
    assert lines == [
        '/radius add service=ppp address=203.0.113.5 secret="THE-SECRET" '
        "authentication-port=1812 accounting-port=1813 timeout=3s",
        "/radius incoming set accept=yes port=3799",
        "/ppp aaa set use-radius=yes accounting=yes interim-update=5m",
    ]


@pytest.mark.parametrize(
    ("listening", "base", "told"),
    [
        ("203.0.113.5", "isp.test", "203.0.113.5"),
        (ANY, "203.0.113.6", "203.0.113.6"),
        (ANY, "isp.test", "ADDRESS-OF-THIS-SERVER"),
        (ANY, "127.0.0.1", "ADDRESS-OF-THIS-SERVER"),
    ],
)
def test_it_never_tells_a_router_a_wildcard_or_loopback(listening: str, base: str, told: str) -> None:
    assert server_address(listening, base) == told
