"""The customers' tabs of the provider's settings: stored with the rest, and on record."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from customers.accounts import codes
from customers.models import Preferences
from customers.preferences.titles import USUAL
from ispbilling.core.models import Event, Provider, Role, User
from tests import builders

PAGE = "/provider/"


@pytest.mark.feature("ACC-4")
def test_the_titles_are_edited_with_the_provider_and_the_change_is_on_record(
    as_manager: Client, manager: User
) -> None:
    assert "Tannie" in as_manager.get(PAGE).content.decode()
    sent = {"name": "Karoo Connect", "codes-titles": "Mr, Baas", "maps-geocoder": "nominatim"}
    as_manager.post(PAGE, sent | builders.DATA_TAB)
    assert (Provider.get().name, Preferences.get().titles) == ("Karoo Connect", "Mr, Baas")
    event = Event.objects.get(kind="preferences.edited")
    assert (event.actor, event.data["changes"]) == (manager, {"titles": [USUAL, "Mr, Baas"]})


def test_there_is_one_row_which_starts_with_the_usual_titles(db: None) -> None:
    assert codes.title_words(Preferences.get().titles) == codes.title_words(USUAL)
    with pytest.raises(IntegrityError), transaction.atomic():
        Preferences.objects.create(pk=2)


def test_they_are_for_those_who_may_change_settings(client: Client, db: None) -> None:
    client.force_login(builders.staff(Role.SUPPORT))
    assert client.post(PAGE, {"codes-titles": "x"}).status_code == 403


@pytest.mark.feature("EDT-7", "D-5")
def test_the_key_of_the_map_service_is_stored_encrypted_and_never_shown(as_manager: Client, db: None) -> None:
    sent = {"name": "Karoo", "codes-titles": USUAL, "maps-geocoder": "google", **builders.DATA_TAB}
    assert "Google answers only with a key" in as_manager.post(PAGE, sent).content.decode()
    as_manager.post(PAGE, sent | {"maps-key": "AIza-of-ours"})
    assert Preferences.get().geocoder_key == "AIza-of-ours"
    with connection.cursor() as cursor:
        cursor.execute("SELECT geocoder_key FROM customers_preferences")
        assert b"AIza" not in bytes(cursor.fetchone()[0])
    page = as_manager.get(PAGE).content.decode()
    assert "A key is stored" in page
    assert "AIza" not in page + str(list(Event.objects.values_list("data", flat=True)))
    assert page.count('target="_blank" rel="noopener"') >= 3
    as_manager.post(PAGE, sent)
    assert Preferences.get().geocoder_key == "AIza-of-ours"


def test_the_service_is_reached_by_http_only(as_manager: Client, db: None) -> None:
    sent = {"name": "Karoo", "maps-geocoder": "nominatim", "maps-geocoder_url": "ftp://maps.example.net"}
    assert "starts with https://" in as_manager.post(PAGE, sent).content.decode()
