"""Masters and resellers: one level, no circles, and the portal role that goes with it (EDT-19)."""

import pytest

from customers.accounts.models import Customer
from customers.relations import linking
from customers.relations.linking import Links
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, Role
from tests import builders


@pytest.mark.feature("EDT-19")
def test_it_links_a_sub_account_and_records_it(alice: Customer, bob: Customer) -> None:
    linking.link(bob, Links(is_master=True), now(), actor=None)
    linking.link(alice, Links(master=bob, bill_all_to_master=True), now(), actor=None)
    alice.refresh_from_db()
    assert (alice.master, alice.bill_all_to_master) == (bob, True)
    assert Event.objects.about(alice).first().data["changes"]["master"] == [None, str(bob)]


@pytest.mark.feature("EDT-19")
def test_it_refuses_circles_second_levels_and_loose_ends(alice: Customer, bob: Customer) -> None:
    for links in (
        Links(master=alice),
        Links(master=bob),
        Links(bill_all_to_master=True),
        Links(reseller=bob),
        Links(is_reseller=True, reseller=builders.customer(is_reseller=True)),
        Links(is_master=True, master=builders.customer(is_master=True)),
    ):
        with pytest.raises(DomainError):
            linking.link(alice, links, now(), actor=None)
    linking.link(bob, Links(is_master=True, is_reseller=True), now(), actor=None)
    linking.link(alice, Links(master=bob, reseller=bob), now(), actor=None)
    with pytest.raises(DomainError, match="sub-accounts"):
        linking.link(bob, Links(is_reseller=True), now(), actor=None)


def test_it_gives_the_portal_logins_of_a_reseller_that_role(alice: Customer) -> None:
    user = builders.portal_user(alice)
    linking.link(alice, Links(is_reseller=True), now(), actor=None)
    user.refresh_from_db()
    assert user.role == Role.RESELLER
    linking.link(alice, Links(), now(), actor=None)
    user.refresh_from_db()
    assert user.role == Role.CUSTOMER
