"""The menu as the guide has it, the picker behind Edit Customer, and refusals inside the frame."""

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import Customer
from ispbilling import navigation
from ispbilling.core.models import Role
from tests import builders

PICK = "/customers/edit/"
PARTIAL = {"HX-Request": "true", "HX-Target": "pick-results"}


def menu(role: Role) -> dict[str, list[str]]:
    found = navigation.menu_for(builders.staff(role), "/")
    return {label: [link.label for link in links] for label, links in found}


@pytest.mark.feature("NAV-1", "NAV-2")
def test_the_customers_menu_has_the_entries_of_the_guide_in_its_order(db: None) -> None:
    entries = menu(Role.OWNER)["Customers"]
    guide = ["Add a Customer", "List Customers", "Edit Customer", "Customer Groups", "Total Usage List"]
    assert [entry for entry in entries if entry in guide] == guide


@pytest.mark.feature("NAV-1")
def test_a_menu_shows_only_what_its_reader_may_use(db: None) -> None:
    entries = menu(Role.READ_ONLY)
    assert "Add a Customer" not in entries["Customers"]
    assert "Edit Customer" not in entries["Customers"]
    assert "Staff" not in entries.get("Settings", [])
    assert all(links for links in entries.values())


@pytest.mark.feature("NAV-1")
@pytest.mark.parametrize("role", Role.staff())
def test_every_entry_of_the_menu_opens(client: Client, role: Role) -> None:
    user = builders.staff(role)
    client.force_login(user)
    for _, links in navigation.menu_for(user, "/"):
        for link in links:
            page = client.get(link.url)
            assert page.status_code == 200, link.url
            assert f'<a href="{link.url}" class="active" aria-current="page">' in page.content.decode()


@pytest.mark.feature("NAV-2")
def test_edit_customer_finds_one_and_opens_its_edit_page(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    edit = reverse("customers:customer_edit", args=[alice.pk]) + "?from=list"
    assert edit in as_manager.get(PICK, {"q": "example.test"}).content.decode()
    part = as_manager.get(PICK, {"q": "liddell"}, headers=PARTIAL).content.decode()
    assert edit in part
    assert "<html" not in part
    assert as_manager.get(PICK, {"q": "liddell"})["Location"] == edit
    assert "Nothing found" in as_manager.get(PICK, {"q": "zzz"}).content.decode()
    assert as_manager.get(PICK).status_code == 200


def test_a_refusal_stands_inside_the_frame_for_staff_and_outside_for_others(
    client: Client, alice: Customer
) -> None:
    reader = builders.staff(Role.READ_ONLY)
    for url, status, words in (("/staff/", 403, "Not allowed"), ("/nowhere/", 404, "Not found")):
        client.force_login(reader)
        page = client.get(url)
        assert page.status_code == status
        assert words in page.content.decode()
        assert 'aria-label="Main menu"' in page.content.decode()
        client.force_login(builders.staff(Role.CUSTOMER))
        page = client.get(url)
        assert page.status_code == status
        assert 'aria-label="Main menu"' not in page.content.decode()
    client.logout()
    assert 'aria-label="Main menu"' not in client.get("/nowhere/").content.decode()
