"""The staff pages: who may see them, and what adding, editing and disabling a login does."""

import re

import pytest
from django.test import Client

from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, Role, User
from ispbilling.core.staff import logins
from tests import builders


def kinds() -> list[str]:
    return list(Event.objects.order_by("id").values_list("kind", flat=True))


def test_only_an_owner_sees_the_staff_list(as_owner: Client, as_manager: Client) -> None:
    assert as_owner.get("/staff/").status_code == 200
    assert as_manager.get("/staff/").status_code == 403
    answer = Client().get("/staff/")
    assert answer.url == "/account/login/?next=/staff/"


@pytest.mark.parametrize("role", [Role.RESELLER, Role.CUSTOMER])
def test_the_staff_door_is_closed_to_portal_logins(role: Role, db: None) -> None:
    client = Client()
    client.force_login(builders.staff(role))
    assert client.get("/staff/").status_code == 403
    assert client.get("/search/").status_code == 403


def test_adding_staff_makes_a_login_without_a_password(as_owner: Client) -> None:
    form = {
        "username": "sam",
        "first_name": "Sam",
        "last_name": "Smit",
        "email": "s@isp.test",
        "role": "support",
    }
    answer = as_owner.post("/staff/add/", form)
    sam = User.objects.get(username="sam")
    assert answer.url == f"/staff/{sam.pk}/link/"
    assert sam.role == Role.SUPPORT
    assert not sam.has_usable_password()
    assert kinds() == ["staff.added"]


def test_a_username_is_taken_whatever_its_case(as_owner: Client) -> None:
    page = as_owner.post("/staff/add/", {"username": "OLIVE", "role": "support", "first_name": "Kept"})
    text = page.content.decode()
    assert "Somebody else has this username" in text
    assert 'value="Kept"' in text
    assert User.objects.count() == 1


def test_a_portal_role_cannot_be_given_to_staff(as_owner: Client) -> None:
    assert (
        "valid choice" in as_owner.post("/staff/add/", {"username": "x", "role": "customer"}).content.decode()
    )
    assert User.objects.count() == 1


def test_the_person_sets_a_password_with_the_link(as_owner: Client) -> None:
    sam = builders.staff(Role.SUPPORT, username="sam")
    page = as_owner.post(f"/staff/{sam.pk}/link/").content.decode()
    link = re.search(r'value="http://testserver(/[^"]+)"', page)[1]
    person = Client()
    form = person.get(link, follow=True)
    assert "Set your password" in form.content.decode()
    secret = {"password1": "tall green cupboard", "password2": "tall green cupboard"}
    person.post(form.redirect_chain[-1][0], secret)
    assert Client().login(username="sam", password="tall green cupboard")


def test_editing_records_old_and_new(as_owner: Client) -> None:
    sam = builders.staff(Role.SUPPORT, first_name="Sam")
    as_owner.post(
        f"/staff/{sam.pk}/edit/",
        {"first_name": "Samuel", "last_name": "", "email": sam.email, "role": "accounts"},
    )
    sam.refresh_from_db()
    assert (sam.first_name, sam.role) == ("Samuel", "accounts")
    assert Event.objects.get().data["changes"] == {
        "first_name": ["Sam", "Samuel"],
        "role": ["support", "accounts"],
    }


def test_the_last_owner_keeps_the_role(as_owner: Client, owner: User) -> None:
    page = as_owner.post(f"/staff/{owner.pk}/edit/", {"first_name": "Olive", "role": "manager"})
    assert "only owner" in page.content.decode()
    owner.refresh_from_db()
    assert owner.role == Role.OWNER
    builders.staff(Role.OWNER)
    as_owner.post(f"/staff/{owner.pk}/edit/", {"first_name": "Olive", "role": "manager"})
    owner.refresh_from_db()
    assert owner.role == Role.MANAGER


def test_disabling_asks_first_and_can_be_undone(as_owner: Client) -> None:
    sam = builders.staff(Role.SUPPORT)
    theirs = Client()
    theirs.force_login(sam)
    assert "cannot log in again" in as_owner.get(f"/staff/{sam.pk}/disable/").content.decode()
    assert User.objects.get(pk=sam.pk).is_active
    page = as_owner.post(f"/staff/{sam.pk}/disable/", follow=True).content.decode()
    assert f'action="/staff/{sam.pk}/enable/"' in page
    assert theirs.get("/search/").status_code == 302
    as_owner.post(f"/staff/{sam.pk}/enable/")
    assert User.objects.get(pk=sam.pk).is_active
    assert kinds() == ["staff.disabled", "staff.enabled"]


def test_nobody_disables_himself(as_owner: Client, owner: User) -> None:
    builders.staff(Role.OWNER)
    assert "your own login" in as_owner.post(f"/staff/{owner.pk}/disable/").content.decode()
    with pytest.raises(DomainError):
        logins.disable(owner, actor=owner)
    assert User.objects.get(pk=owner.pk).is_active


def test_a_customer_login_is_not_found_among_staff(as_owner: Client) -> None:
    customer = builders.staff(Role.CUSTOMER)
    for page in ("edit", "disable", "link"):
        assert as_owner.get(f"/staff/{customer.pk}/{page}/").status_code == 404
