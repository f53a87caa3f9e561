"""What every answer carries, the unhappy ones too, and which of allauth's doors are closed."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from ispbilling.core.models import Role
from tests import builders

STAFF_ONLY = "/customers/"


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a bug")


urlpatterns = [path("broken/", broken)]


def guarded(response: Any) -> bool:
    policy = response["Content-Security-Policy"]
    return (
        "default-src 'self'" in policy
        and "frame-ancestors 'none'" in policy
        and "unsafe" not in policy
        and response["X-Content-Type-Options"] == "nosniff"
        and response["Referrer-Policy"] == "same-origin"
    )


@pytest.mark.parametrize(
    ("url", "status"),
    [
        (STAFF_ONLY, 200),
        ("/account/login/", 302),
        ("/nowhere/", 404),
        ("/customers/?q=%00", 400),
        ("/staff/", 403),
        ("/search/", 405),
    ],
)
def test_every_answer_carries_the_policy(as_manager: Client, url: str, status: int) -> None:
    response = as_manager.post(url) if status == 405 else as_manager.get(url)
    assert response.status_code == status
    assert guarded(response)


def test_a_bug_answers_with_the_policy_too_and_tells_nothing(db: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    response = Client(raise_request_exception=False).get("/broken/")
    assert response.status_code == 500
    assert guarded(response)
    assert b"a bug" not in response.content


def test_a_form_without_its_token_is_refused(manager: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(manager)
    response = client.post("/groups/add/", {"title": "Forged"})
    assert response.status_code == 403
    assert guarded(response)
    assert b"<style" not in response.content


def test_staff_pages_are_not_kept_by_the_browser(as_manager: Client) -> None:
    assert "no-store" in as_manager.get(STAFF_ONLY)["Cache-Control"]


@pytest.mark.parametrize("door", ["email/", "confirm-email/", "confirm-email/abc/", "login/code/confirm/"])
@pytest.mark.parametrize("role", [Role.OWNER, Role.CUSTOMER])
def test_what_of_allauth_is_not_ours_is_closed(db: Any, door: str, role: Role) -> None:
    client = Client()
    client.force_login(builders.staff(role))
    assert client.get(f"/account/{door}").status_code == 404
    assert client.post(f"/account/{door}", {"email": "other@isp.test", "action_add": ""}).status_code == 404


def test_nobody_signs_up_by_himself(db: Any) -> None:
    words = {"username": "mallory", "password1": builders.PASSWORD, "password2": builders.PASSWORD}
    Client().post("/account/signup/", words)
    assert not Client().login(username="mallory", password=builders.PASSWORD)


def test_guessing_passwords_is_slowed_per_client_behind_a_proxy(db: Any, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    owner = builders.staff(Role.OWNER)
    words = {"login": owner.username, "password": "wrong"}
    for _ in range(5):
        Client().post("/account/login/", words, headers={"x-forwarded-for": "203.0.113.7"})
    right = {**words, "password": builders.PASSWORD}
    slowed = Client().post("/account/login/", right, headers={"x-forwarded-for": "203.0.113.7"})
    assert slowed.status_code == 200
    assert b"Too many" in slowed.content
