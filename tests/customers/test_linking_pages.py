"""Linking and unlinking from the profile of a master or reseller, with suggestions and undo (EDT-19, 2.4)."""

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Balance
from customers.accounts import deletion
from customers.accounts.models import CodeAlias, Customer
from customers.relations import linking
from customers.relations.linking import Links
from ispbilling.core.clock import now
from tests import builders


def url(customer: Customer, name: str) -> str:
    return reverse(f"customers:customer_{name}", args=[customer.pk])


@pytest.fixture
def master(bob: Customer) -> Customer:
    linking.link(bob, Links(is_master=True, is_reseller=True), now(), actor=None)
    bob.refresh_from_db()
    return bob


@pytest.mark.feature("EDT-19")
@pytest.mark.parametrize("typed", ["ALI001", "ali001 whatever was suggested", "OLD007", "liddell"])
def test_a_sub_account_is_linked_by_code_former_code_or_name(
    as_manager: Client, alice: Customer, master: Customer, typed: str
) -> None:
    CodeAlias.objects.create(customer=alice, code="OLD007")
    sent = {"customer": typed, "bill_all_to_master": "on"}
    done = as_manager.post(url(master, "sub_link"), sent, follow=True).content.decode()
    assert "ALI001 Alice Liddell is a sub-account of BOB001; BOB001 pays for it." in done
    assert f'action="{url(alice, "relink")}"' in done
    alice.refresh_from_db()
    assert (alice.master, alice.bill_all_to_master) == (master, True)
    as_manager.post(url(alice, "relink"))
    alice.refresh_from_db()
    assert (alice.master, alice.bill_all_to_master) == (None, False)


@pytest.mark.feature("EDT-19")
def test_what_cannot_be_linked_is_said_at_the_field(
    as_manager: Client, alice: Customer, master: Customer
) -> None:
    def answer(typed: str) -> str:
        return as_manager.post(url(master, "sub_link"), {"customer": typed}).content.decode()

    builders.customer(code="CUS777", name="Anna Smith")
    builders.customer(code="CUS778", name="Anne Smith")
    assert "No customer has the account code or name “nobody”" in answer("nobody")
    assert "2 customers match “smith”; choose one" in answer("smith")
    assert "BOB001 Bob Plumbing is not free to be a sub-account" in answer("BOB001")
    deletion.delete(alice, now(), actor=None, reason="")
    assert "No customer has the account code or name “ALI001”" in answer("ALI001")
    assert not master.sub_accounts.exists()
    assert "not a master account yet" in as_manager.get(url(alice, "sub_link")).content.decode()


@pytest.mark.feature("EDT-19")
@pytest.mark.parametrize("side", ["master", "reseller"])
def test_unlinking_says_who_pays_from_now_on_and_can_be_undone(
    as_manager: Client, alice: Customer, master: Customer, side: str
) -> None:
    linking.attach(alice, **{side: master}, now=now(), actor=None)
    name = "unlink" if side == "master" else "unlink_reseller"
    assert "Who pays does not change" in as_manager.get(url(alice, name)).content.decode()
    done = as_manager.post(url(alice, name), follow=True).content.decode()
    assert "ALI001 Alice Liddell is unlinked from BOB001 Bob Plumbing." in done
    alice.refresh_from_db()
    assert getattr(alice, side) is None
    as_manager.post(url(alice, "relink"))
    alice.refresh_from_db()
    assert getattr(alice, side) == master


def test_undo_does_not_overwrite_what_somebody_did_since(
    as_manager: Client, alice: Customer, master: Customer
) -> None:
    linking.attach(alice, master=master, now=now(), actor=None)
    Customer.objects.filter(pk=alice.pk).update(bill_all_to_master=True)
    assert "nothing to take back" in as_manager.post(url(alice, "relink")).content.decode()
    alice.refresh_from_db()
    assert alice.master == master


@pytest.mark.feature("EDT-19")
def test_the_masters_profile_lists_each_with_state_balance_and_lines(
    as_manager: Client, alice: Customer, master: Customer
) -> None:
    linking.attach(alice, master=master, bill_all_to_master=True, now=now(), actor=None)
    builders.data_account(customer=alice)
    Balance.objects.create(customer=alice, amount="12.50")
    found = as_manager.get(master.get_absolute_url(), {"widget": "sub_accounts"}).content.decode()
    for words in (
        "ALI001",
        "R 12.50",
        "1 data account",
        "billed to BOB001",
        url(alice, "unlink"),
        "View all",
    ):
        assert words in found
    assert url(master, "sub_link") in found
    full = as_manager.get(url(master, "sub_list")).content.decode()
    assert "Sub-accounts of BOB001 Bob Plumbing" in full
    assert "ALI001" in full
    assert as_manager.get(alice.get_absolute_url(), {"widget": "sub_accounts"}).status_code == 404


@pytest.mark.feature("EDT-19")
def test_the_suggestions_are_those_who_may_be_chosen(
    as_manager: Client, alice: Customer, master: Customer
) -> None:
    def suggested(text: str, among: str) -> str:
        query = {"customer": text, "field": "customer", "among": among}
        return as_manager.get(reverse("customers:customer_pick"), query).content.decode()

    assert "ALI001" in suggested("alice", "single")
    assert "BOB001" not in suggested("bob", "single")
    assert "BOB001" in suggested("bob", "master")
    assert "No customer matches" in suggested("zzz", "any")
    assert "search-hit" not in suggested("alice", "nonsense")
    assert suggested("", "any").strip() == ""


@pytest.mark.feature("EDT-19")
def test_the_master_tab_takes_a_name_and_keeps_its_links(
    as_manager: Client, alice: Customer, master: Customer
) -> None:
    found = as_manager.get(url(alice, "edit"), {"tab": "master"}).content.decode()
    assert "among=master" in found
    linking.attach(alice, master=master, now=now(), actor=None)
    assert "BOB001 Bob Plumbing" in as_manager.get(url(alice, "edit")).content.decode()


def test_the_deleted_are_not_called_hidden_where_they_are_shown(
    as_manager: Client, alice: Customer, master: Customer
) -> None:
    linking.attach(alice, master=master, now=now(), actor=None)
    deletion.delete(alice, now(), actor=None, reason="")
    listed = url(master, "sub_list")
    assert "1</span> deleted not shown" in as_manager.get(listed).content.decode()
    assert "deleted not shown" not in as_manager.get(f"{listed}?state=deleted").content.decode()
