"""The pages of a merge: whom, what will happen, and the way back (NAV-3, D-20)."""

import pytest
from django.test import Client
from django.urls import reverse

from billing.merging import merging, undoing
from customers.accounts import editing
from customers.models import Customer, Merge
from ispbilling.core.clock import now
from ispbilling.core.models import Role
from tests import builders


def preview_url(survivor: Customer, loser: Customer) -> str:
    return reverse("merging:merge_preview", args=[survivor.pk, loser.pk])


def seen(page: str) -> str:
    return page.split('name="seen" value="')[1].split('"')[0]


@pytest.mark.feature("NAV-3")
def test_the_menu_leads_to_the_pickers_and_on_to_the_preview(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    assert 'href="/customers/merge/"' in as_manager.get("/").content.decode()
    start = as_manager.get("/customers/merge/?survivor=ALI001").content.decode()
    assert 'value="ALI001"' in start
    assert "among=any" in start
    answer = as_manager.post("/customers/merge/", {"survivor": "alice", "loser": "BOB001 Bob Plumbing"})
    assert answer.url == preview_url(alice, bob)
    same = as_manager.post("/customers/merge/", {"survivor": "ALI001", "loser": "liddell"}).content.decode()
    assert "Choose two different customers." in same


@pytest.mark.feature("NAV-3", "D-20")
def test_the_preview_shows_all_asks_where_both_have_a_value_and_merges(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    editing.edit(alice, {"id_number": "8001015009087", "postal_address": ""}, now(), actor=None)
    editing.edit(bob, {"id_number": "9202204720083", "postal_address": "PO Box 1"}, now(), actor=None)
    builders.data_account(customer=bob)
    builders.invoice(bob)
    url = preview_url(alice, bob)
    page = as_manager.get(url).content.decode()
    for words in ("1 data account", "R 115.00", "Filled in", "PO Box 1", "083 (BOB001)", "for 7 days"):
        assert words in page
    assert "9202204720083" not in page
    assert preview_url(bob, alice) in page
    assert "This field is required" in as_manager.post(url, {"seen": seen(page)}).content.decode()
    sent = {"seen": seen(page), "name": "survivor", "id_number": "loser", "reason": "same person"}
    done = as_manager.post(url, sent, follow=True).content.decode()
    assert "BOB001 Bob Plumbing is merged into ALI001 Alice Liddell." in done
    made = Merge.objects.get()
    assert f'action="{reverse("merging:merge_undo", args=[made.pk])}"' in done
    alice.refresh_from_db()
    assert (alice.id_number, alice.postal_address) == ("9202204720083", "PO Box 1")
    alias = as_manager.get(bob.get_absolute_url()).content.decode()
    assert f'<a href="{alice.get_absolute_url()}">Alice Liddell (ALI001)</a>' in alias
    assert "undo the merge instead" in as_manager.get(f"/customers/{bob.pk}/undelete/").content.decode()
    found = as_manager.get("/search/", {"q": "BOB001"}).content.decode()
    assert found.index("Alice Liddell") < found.index("Bob Plumbing")
    timeline = as_manager.get(alice.get_absolute_url(), {"widget": "timeline"}).content.decode()
    assert "BOB001 Bob Plumbing merged into this customer" in timeline
    assert "Moved: 1 contact, 1 data account" in timeline


@pytest.mark.feature("D-20")
def test_a_change_since_the_preview_is_told_and_nothing_typed_is_lost(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    url = preview_url(alice, bob)
    sent = {"seen": seen(as_manager.get(url).content.decode()), "name": "loser", "reason": "same person"}
    editing.edit(bob, {"phone": "021 555 0000"}, now(), actor=None)
    page = as_manager.post(url, sent).content.decode()
    assert "was changed meanwhile. Nothing was merged" in page
    assert "021 555 0000" in page
    assert 'value="same person"' in page
    assert not Merge.objects.exists()
    as_manager.post(url, sent | {"seen": seen(page)})
    alice.refresh_from_db()
    assert (alice.name, alice.phone) == ("Bob Plumbing", "021 555 0000")


@pytest.mark.feature("D-20")
def test_undo_says_what_goes_back_and_the_list_says_until_when(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    assert "Nobody was merged yet" in as_manager.get("/customers/merge/done/").content.decode()
    url = preview_url(alice, bob)
    page = as_manager.get(url).content.decode()
    as_manager.post(url, {"seen": seen(page), "name": "survivor", "reason": "same person"})
    made = Merge.objects.get()
    listed = as_manager.get("/customers/merge/done/").content.decode()
    for words in ("BOB001 Bob Plumbing", "same person", "until "):
        assert words in listed
    undo = reverse("merging:merge_undo", args=[made.pk])
    assert "to BOB001 Bob Plumbing: 1 contact." in as_manager.get(undo).content.decode()
    done = as_manager.post(undo, follow=True).content.decode()
    assert "The merge of BOB001 Bob Plumbing into ALI001 Alice Liddell is undone." in done
    assert "undone already" in as_manager.get(undo).content.decode()
    assert "undone on" in as_manager.get("/customers/merge/done/", {"state": "undone"}).content.decode()


@pytest.mark.feature("D-20")
@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ACCOUNTS, Role.FINANCIAL_MANAGER])
def test_merging_is_for_managers(client: Client, alice: Customer, bob: Customer, role: Role) -> None:
    client.force_login(builders.staff(role))
    assert client.post(preview_url(alice, bob), {"reason": "x"}).status_code == 403
    assert "Merge Customers" not in client.get("/").content.decode()
    assert not Merge.objects.exists()


@pytest.mark.feature("D-20")
def test_paper_and_history_of_both_are_found_with_the_survivor(
    as_manager: Client, client: Client, alice: Customer, bob: Customer
) -> None:
    paper = builders.invoice(bob)
    editing.edit(bob, {"phone": "021 555 0002"}, now(), actor=None)
    client.force_login(builders.portal_user(alice))
    merging.merge(alice, bob, {}, now(), actor=None)
    for query in ({"widget": "billing"}, {"widget": "timeline"}):
        page = as_manager.get(alice.get_absolute_url(), query).content.decode()
        assert paper.reference in page or "021 555 0002" in page
    assert paper.reference in as_manager.get("/billing/documents/?customer=ALI001").content.decode()
    home = client.get("/portal/").content.decode()
    assert "R 115.00" in home
    assert "overdue since" in home or ", due" in home
    detail = reverse("portal:document_detail", args=[paper.pk])
    assert client.get(detail).status_code == 200
    undoing.undo(Merge.objects.get(), now(), actor=None)
    assert client.get(detail).status_code == 404
