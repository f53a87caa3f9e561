"""Owners and financial managers must have a second factor once their grace is over; nobody else must."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Role, User
from ispbilling.core.second_factor import GRACE
from ispbilling.core.staff import logins
from tests import builders

pytestmark = pytest.mark.django_db
SET_UP = "/account/2fa/totp/activate/"


def visit(user: User, url: str = "/", **headers: str) -> object:
    client = Client()
    client.force_login(user)
    return client.get(url, headers=headers)


@pytest.mark.parametrize("role", [Role.OWNER, Role.FINANCIAL_MANAGER])
def test_within_the_grace_every_page_says_by_when(role: Role) -> None:
    page = visit(builders.staff(role, mfa_required_from=now() + GRACE)).content.decode()
    assert f"second factor by {local_day(now() + GRACE)}" in page


@pytest.mark.parametrize("role", [Role.OWNER, Role.FINANCIAL_MANAGER])
def test_after_it_staff_pages_lead_to_the_set_up(role: Role) -> None:
    late = builders.staff(role, mfa_required_from=now() - timedelta(seconds=1))
    assert visit(late, reverse("customers:customer_list"))["Location"] == SET_UP
    assert visit(late, "/", **{"HX-Request": "true"})["HX-Redirect"] == SET_UP
    assert visit(late, "/account/logout/").status_code == 200


def test_who_has_one_goes_on() -> None:
    careful = builders.staff(Role.OWNER, mfa_required_from=now() - timedelta(days=1))
    Authenticator.objects.create(user=careful, type=Authenticator.Type.TOTP, data={"secret": "x"})
    page = visit(careful)
    assert page.status_code == 200
    assert "second factor by" not in page.content.decode()


def test_other_roles_are_not_asked() -> None:
    support = builders.staff(Role.SUPPORT, mfa_required_from=now() - timedelta(days=1))
    assert "second factor" not in visit(support).content.decode()


def test_a_new_role_starts_its_grace_and_counts_in_the_same_session() -> None:
    owner, sue = builders.staff(Role.OWNER), builders.staff(Role.SUPPORT)
    client = Client()
    client.force_login(sue)
    client.get("/")
    logins.change(sue, {"role": Role.FINANCIAL_MANAGER}, actor=owner)
    sue.refresh_from_db()
    assert now() + GRACE - timedelta(minutes=1) < sue.mfa_required_from <= now() + GRACE
    assert "second factor by" in client.get("/").content.decode()
