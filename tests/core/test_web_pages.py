"""Detail pages with widgets, forms with tabs, acts that are refused, and the frame around them."""

from typing import Any

import pytest
from django.test import Client

from ispbilling.core.models import Event, Provider, Role, User
from tests import builders
from tests.core import web_pages as pages

pytestmark = pytest.mark.usefixtures("web_pages")


def dialog(target: str = "dialog-content", at: str = "http://testserver/staff/?q=a") -> dict[str, str]:
    return {"HX-Request": "true", "HX-Target": target, "HX-Current-URL": at}


@pytest.mark.feature("PRO-15")
def test_a_widget_loads_by_itself(as_owner: Client, owner: User) -> None:
    page = as_owner.get(f"/person/{owner.pk}/").content.decode()
    assert 'hx-get="?widget=usage"' in page
    assert "Usage by day" not in page
    widget = as_owner.get(
        f"/person/{owner.pk}/?widget=usage", headers=dialog("widget-usage")
    ).content.decode()
    assert "<html" not in widget
    assert "Usage by day" in widget
    assert "12.25" in widget
    assert 'href="/all/"' in widget
    alone = as_owner.get(f"/person/{owner.pk}/?widget=usage").content.decode()
    assert "<html" in alone


def test_widgets_and_buttons_follow_the_role(as_manager: Client, manager: User) -> None:
    page = as_manager.get(f"/person/{manager.pk}/").content.decode()
    assert "?widget=usage" in page
    assert "?widget=secret" not in page
    assert "Everybody" in page
    assert "Owners only" not in page
    assert as_manager.get(f"/person/{manager.pk}/?widget=secret").status_code == 404
    assert as_manager.get(f"/person/{manager.pk}/?widget=none").status_code == 404


def test_a_panel_says_no_and_shows_what_is_missing(as_owner: Client) -> None:
    sam = builders.staff(Role.SUPPORT, is_active=False, email="")
    page = as_owner.get(f"/person/{sam.pk}/").content.decode()
    assert "Support" in page
    assert "<dd>No" in page
    assert page.count('<span class="text-secondary">–</span>') == 2  # no e-mail, never logged in


@pytest.mark.feature("NAV-9", "NAV-10")
def test_tabs_are_saved_together(as_owner: Client) -> None:
    sam = builders.staff(Role.SUPPORT, first_name="Sam", last_name="S", email="s@isp.test")
    pages.NOTES.clear()
    form = {"first_name": "Sam", "last_name": "Smit", "email": "new@isp.test", "note-note": "Tall"}
    assert as_owner.post(f"/person/{sam.pk}/edit/", form).url == "/staff/"
    sam.refresh_from_db()
    assert (sam.last_name, sam.email, pages.NOTES) == ("Smit", "new@isp.test", ["Tall"])
    changes = Event.objects.get(kind="user.changed").data["changes"]
    assert changes == {"last_name": ["S", "Smit"], "email": ["s@isp.test", "new@isp.test"]}


def test_an_error_in_one_tab_saves_nothing_and_keeps_what_was_typed(as_owner: Client) -> None:
    sam = builders.staff(Role.SUPPORT, first_name="Sam", email="s@isp.test")
    pages.NOTES.clear()
    form = {"first_name": "Samuel", "email": "not an address", "note-note": "Tall"}
    page = as_owner.post(f"/person/{sam.pk}/edit/", form).content.decode()
    assert 'href="#id_email"' in page
    assert 'id="pane-mail"' in page
    assert 'class="tab-pane active show" id="pane-mail"' in page
    assert 'value="Samuel"' in page
    assert 'value="Tall"' in page
    sam.refresh_from_db()
    assert (sam.first_name, pages.NOTES) == ("Sam", [])


def test_a_refusal_is_the_forms_error_and_undoes_the_act(as_owner: Client, owner: User) -> None:
    before = Provider.get().name
    page = as_owner.post(f"/person/{owner.pk}/refuse/", {"note": "kept"}).content.decode()
    assert "Not while the moon is full." in page
    assert 'value="kept"' in page
    assert Provider.get().name == before


def test_a_dialog_is_the_same_page_without_the_frame(as_owner: Client) -> None:
    sam = builders.staff(Role.SUPPORT)
    part = as_owner.get(f"/staff/{sam.pk}/disable/", headers=dialog()).content.decode()
    assert "<html" not in part
    assert 'name="next" value="/staff/?q=a"' in part
    answer = as_owner.post(f"/staff/{sam.pk}/disable/", {"next": "/staff/?q=a"}, headers=dialog())
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/staff/?q=a")
    assert not User.objects.get(pk=sam.pk).is_active


def test_next_never_leads_to_another_site(as_owner: Client) -> None:
    sam = builders.staff(Role.SUPPORT)
    answer = as_owner.post(f"/staff/{sam.pk}/disable/", {"next": "https://evil.test/"})
    assert answer.url == "/staff/"


def test_a_partial_request_after_logging_out_reloads_at_the_login() -> None:
    answer = Client().get("/staff/", headers=dialog("list-results"))
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/account/login/?next=/staff/%3Fq%3Da")


def test_the_menu_shows_what_the_person_may_use_and_what_exists(as_owner: Client, as_manager: Client) -> None:
    mine, theirs = as_owner.get("/search/").content.decode(), as_manager.get("/search/").content.decode()
    assert 'href="/staff/"' in mine
    assert 'href="/staff/"' not in theirs
    assert 'aria-current="page"' in as_owner.get("/staff/add/").content.decode()


def test_pages_run_under_a_strict_content_policy(as_owner: Client, owner: User, settings: Any) -> None:
    settings.MAP_TILES = ""  # the one thing that comes from elsewhere, where the provider wants it
    for url in ("/staff/", "/staff/add/", f"/person/{owner.pk}/?widget=usage", "/account/2fa/"):
        answer = as_owner.get(url)
        page = answer.content.decode()
        assert "unsafe-inline" not in answer["Content-Security-Policy"]
        assert " style=" not in page
        assert " onclick=" not in page
        assert "https://" not in page


def test_faults_have_pages_that_say_what_to_do(as_owner: Client) -> None:
    assert "Nothing was changed" in as_owner.get("/nowhere/").content.decode()
    as_owner.raise_request_exception = False
    answer = as_owner.get("/broken/")
    assert answer.status_code == 500
    assert "not saved in halves" in answer.content.decode()


@pytest.mark.parametrize(
    "url",
    ["/account/login/", "/account/password/reset/", "/account/password/reset/done/", "/account/inactive/"],
)
def test_the_door_has_our_own_pages(url: str, db: None) -> None:
    page = Client().get(url).content.decode()
    assert "door-card" in page
    assert "Menu:" not in page


@pytest.mark.parametrize("url", ["/account/sessions/", "/account/2fa/", "/account/password/change/"])
def test_pages_about_the_own_account_stand_in_the_frame(url: str, owner: User) -> None:
    client = Client()
    client.post("/account/login/", {"login": "olive", "password": builders.PASSWORD})
    page = client.get(url, follow=True).content.decode()
    assert 'class="topbar"' in page
    assert "Menu:" not in page


def test_logging_in_leads_to_the_page_that_was_asked_for(owner: User) -> None:
    client = Client()
    form = {"login": "olive", "password": builders.PASSWORD, "next": "/staff/"}
    assert client.post("/account/login/?next=/staff/", form).url == "/staff/"
    wrong = Client().post("/account/login/", {"login": "olive", "password": "wrong"}).content.decode()
    assert "alert-danger" in wrong
    assert 'value="olive"' in wrong
