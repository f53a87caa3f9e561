"""The profile: header, banners, widgets that load on their own, the timeline, and the ID number."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Balance
from customers.accounts import editing, gates
from customers.accounts.models import Contact, Customer, GateKind
from customers.relations import linking
from customers.relations.linking import Links
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Event, Role, User
from tests import builders


def page(client: Client, customer: Customer, **query: str) -> str:
    response = client.get(customer.get_absolute_url(), query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.feature("PRO-1")
def test_it_says_who_how_much_and_in_what_state(as_manager: Client, alice: Customer) -> None:
    Balance.objects.create(customer=alice, amount=Decimal("599"))
    gates.close(alice, GateKind.SUSPENDED, now(), actor=None, reason="R 599.00 overdue")
    found = page(as_manager, alice)
    for words in (
        "Alice Liddell",
        "ALI001",
        "R 599.00",
        f"Suspended since {local_day(now())}: R 599.00 overdue",
    ):
        assert words in found
    assert "Un-suspend" in found
    assert "Suspend Now" not in found


@pytest.mark.feature("PRO-4")
def test_it_bears_the_banners_of_what_matters(as_manager: Client, alice: Customer, bob: Customer) -> None:
    linking.link(bob, Links(is_master=True), now(), actor=None)
    linking.link(alice, Links(master=bob, bill_all_to_master=True), now(), actor=None)
    day = local_day(now()) + timedelta(days=5)
    gates.cancel(alice, day, now(), actor=None, reason="moves")
    Customer.objects.get(pk=alice.pk).group.__class__.objects.update(enabled=False)
    found = page(as_manager, alice)
    link = f'Sub-account of <a href="{bob.get_absolute_url()}">Bob Plumbing (BOB001)</a>, which is billed for it.'
    assert link in found
    assert ">1 sub-account</a>." in page(as_manager, bob)
    assert "This is a Master Account" in page(as_manager, bob)
    assert f"the last day of service is {day}" in found
    assert "is disabled: nothing authenticates" in found
    assert "ALI001" in page(as_manager, bob, widget="sub_accounts")


@pytest.mark.feature("PRO-5")
@pytest.mark.feature("PRO-15")
def test_account_details_load_on_their_own_with_the_id_masked(as_manager: Client, alice: Customer) -> None:
    editing.edit(alice, {"id_number": "8001015009087", "physical_address": "1 Rd\nTown"}, now(), actor=None)
    builders.portal_user(alice, username="JEN004")
    found = page(as_manager, alice, widget="account")
    for words in ("Categories", "Customer Group", "Primary Contact Name", "+27821234567", "JEN004", "087"):
        assert words in found
    assert "8001015009087" not in found + page(as_manager, alice)


def test_the_id_number_is_shown_for_a_reason_that_is_recorded(
    as_manager: Client, manager: User, alice: Customer
) -> None:
    editing.edit(alice, {"id_number": "8001015009087"}, now(), actor=None)
    url = reverse("customers:customer_id_number", args=[alice.pk])
    assert "8001015009087" not in as_manager.post(url, {"reason": ""}).content.decode()
    shown = as_manager.post(url, {"reason": "verifying by phone"})
    assert "8001015009087" in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    event = Event.objects.get(kind="customer.id_number_shown")
    assert (event.actor, event.data) == (manager, {"reason": "verifying by phone"})


def test_the_timeline_reads_as_sentences(as_manager: Client, manager: User, alice: Customer) -> None:
    editing.edit(alice, {"phone": "021 555 0000", "id_number": "1234567"}, now(), actor=manager)
    found = page(as_manager, alice, widget="timeline")
    assert "Customer details changed" in found
    assert "Primary tel no: 021 555 0000 (was empty)" in found
    assert "ID number changed" in found
    full = as_manager.get(reverse("customers:customer_timeline", args=[alice.pk])).content.decode()
    assert "Primary tel no: 021 555 0000 (was empty)" in full


def test_what_is_not_there_is_404(as_manager: Client, alice: Customer) -> None:
    for name in (
        "customer_detail",
        "customer_edit",
        "customer_timeline",
        "customer_suspend",
        "customer_delete",
    ):
        assert as_manager.get(reverse(f"customers:{name}", args=[alice.pk + 1])).status_code == 404
    assert as_manager.get(alice.get_absolute_url(), {"widget": "nonsense"}).status_code == 404


@pytest.mark.parametrize("role", [Role.READ_ONLY, Role.ACCOUNTS])
def test_it_shows_only_the_buttons_the_role_may_press(client: Client, alice: Customer, role: Role) -> None:
    client.force_login(builders.staff(role))
    found = page(client, alice)
    assert ("Suspend Now" in found) == (role == Role.ACCOUNTS)
    assert reverse("customers:customer_delete", args=[alice.pk]) not in found
    assert client.post(reverse("customers:customer_delete", args=[alice.pk])).status_code == 403


def test_it_escapes_what_people_typed(as_manager: Client, alice: Customer) -> None:
    evil = "<img src=x onerror=alert(1)>"
    editing.edit(alice, {"name": evil, "physical_address": evil}, now(), actor=None)
    found = page(as_manager, alice) + page(as_manager, alice, widget="account")
    assert evil not in found + page(as_manager, alice, widget="timeline")


@pytest.mark.feature("PRO-9", "PRO-10", "PRO-15")
def test_every_widget_of_the_page_loads_and_can_be_refreshed(as_manager: Client, alice: Customer) -> None:
    """Their names come from the page itself, so that a widget of a later app is loaded here, too."""
    linking.link(alice, Links(is_master=True, is_reseller=True), now(), actor=None)
    names = [part.split('"')[0] for part in page(as_manager, alice).split('hx-get="?widget=')[1:]]
    seed = {
        "account",
        "data_accounts",
        "data_usage",
        "active_sessions",
        "previous_sessions",
        "billing",
        "recurring",
    }
    assert seed | {"suspension", "contacts", "sub_accounts", "resold_customers", "timeline"} <= set(names)
    for name in names:
        assert 'aria-label="Refresh' in page(as_manager, alice, widget=name), name


@pytest.mark.feature("PRO-10")
def test_suspension_details_say_since_until_by_and_why(
    as_manager: Client, manager: User, alice: Customer
) -> None:
    assert "Never suspended" in page(as_manager, alice, widget="suspension")
    gates.close(alice, GateKind.SUSPENDED, now(), actor=manager, reason="fraud")
    gates.open_(alice, GateKind.SUSPENDED, now(), actor=None)
    gates.close(alice, GateKind.DISABLED, now(), actor=manager, reason="asked")
    gates.cancel(alice, local_day(now()) + timedelta(days=3), now(), actor=manager, reason="moves")
    found = page(as_manager, alice, widget="suspension")
    for words in (f"by {manager}, opened by System", "fraud", "still", "Cancelling", "moves", "View all"):
        assert words in found
    full = as_manager.get(reverse("customers:customer_gate_list", args=[alice.pk])).content.decode()
    for words in ("Suspended", "Disabled", "fraud", "asked", str(manager)):
        assert words in full


@pytest.mark.feature("PRO-1", "PRO-4", "USE-6")
def test_the_header_says_the_worst_first_and_what_else_holds(
    as_manager: Client, manager: User, alice: Customer
) -> None:
    assert "Active" in page(as_manager, alice)
    gates.close(alice, GateKind.SUSPENDED, now(), actor=manager, reason="R 599.00 overdue")
    gates.close(alice, GateKind.DISABLED, now(), actor=manager, reason="asked")
    found = page(as_manager, alice)
    assert f"Suspended since {local_day(now())}: R 599.00 overdue" in found
    assert "Also disabled" in found
    assert f"Suspended since {local_day(now())} by {manager}: R 599.00 overdue" in found
    assert "?state=disabled&amp;q=ALI001" in found


@pytest.mark.feature("PRO-10", "EDT-8")
def test_many_contacts_are_searched_in_their_widget(as_manager: Client, alice: Customer) -> None:
    assert "contact-search" not in page(as_manager, alice, widget="contacts")
    for number, letter in enumerate("ABCDEFGH"):
        Contact.objects.create(customer=alice, name=f"Person {letter}", mobile=f"+2782000000{number}")
    found = page(as_manager, alice, widget="contacts")
    assert "Search 9 contacts" in found
    assert found.count("tel:") == 6
    found = page(as_manager, alice, widget="contacts", contact="person h")
    assert "Person H" in found
    assert found.count("tel:") == 1
    Contact.objects.filter(name="Person H").update(more_emails="h@second.example")
    assert "Person H" in page(as_manager, alice, widget="contacts", contact="second.example")
    assert "No contact matches “zzz”" in page(as_manager, alice, widget="contacts", contact="zzz")
    full = as_manager.get(reverse("customers:customer_contact_list", args=[alice.pk]), {"q": "0000007"})
    assert "Person H" in full.content.decode()
