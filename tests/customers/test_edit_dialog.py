"""The edit dialog: all tabs in one save, nothing lost, and two people at once notice each other."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.accounts import editing, gates
from customers.accounts.editing import ContactValues
from customers.accounts.models import Customer, GateKind
from customers.profile.forms import AccountEditForm, masked
from groups.models import BillingGroup
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Event, Role, User
from tests import builders


@pytest.fixture
def user(alice: Customer) -> User:
    return builders.portal_user(alice, email="alice@example.test")


def edit_url(customer: Customer) -> str:
    return reverse("customers:customer_edit", args=[customer.pk])


def as_shown(client: Client, customer: Customer) -> dict[str, Any]:
    """What the browser would send if Save Changes were pressed at once."""
    form, sent = client.get(edit_url(customer)).context["form"], {}
    for _, part in form:
        rows = getattr(part, "rows", None)
        for one in [part, *([rows.management_form, *rows.forms] if rows else [])]:
            for name in one.fields:
                value = one[name].value()
                if value is not None and value is not False and value != "":
                    sent[one.add_prefix(name)] = "on" if value is True else value
        for number, row in enumerate(rows.forms if rows else []):
            if sent.pop(row.add_prefix("primary"), None):
                sent["contacts-primary"] = str(number)
    return sent


@pytest.mark.feature("EDT-1")
@pytest.mark.feature("NAV-10")
def test_saving_at_once_changes_nothing(as_manager: Client, alice: Customer, user: User) -> None:
    sent = as_shown(as_manager, alice)
    assert as_manager.post(edit_url(alice), sent).status_code == 302
    assert not Event.objects.exists()


@pytest.mark.feature("EDT-2")
@pytest.mark.feature("EDT-3")
@pytest.mark.feature("EDT-6")
@pytest.mark.feature("EDT-8")
@pytest.mark.feature("EDT-10")
@pytest.mark.feature("EDT-15")
@pytest.mark.feature("EDT-19")
def test_one_save_stores_every_tab(as_manager: Client, alice: Customer, user: User) -> None:
    day = local_day(now()) + timedelta(days=9)
    sent = as_shown(as_manager, alice) | {
        "contact_name": "Alice Hargreaves", "mobile": "+27840000000", "id_number": "8001015009087",
        "physical_address": "1 Road\nTown", "postal_address": "PO Box 1", "gps": "-34.1, 18.8",
        "contacts-TOTAL_FORMS": 2, "contacts-1-name": "Hatter", "contacts-1-mobile": "+27850000000",
        "username": "JEN004", "change_password": "on", "password1": "rabbit-hole-9", "password2": "rabbit-hole-9",
        "last_day": str(day), "reason": "moves", "is_master": "on",
    }  # fmt: skip
    response = as_manager.post(edit_url(alice), sent)
    assert response.status_code == 302, [(e.label, e.message) for e in response.context["error_lines"]]
    alice, user = Customer.objects.get(), User.objects.get(pk=user.pk)
    assert (alice.name, alice.id_number, str(alice.latitude)) == (
        "Alice Hargreaves",
        "8001015009087",
        "-34.100000",
    )
    assert list(alice.contacts.values_list("name", "mobile")) == [
        ("Alice Liddell", "+27840000000"), ("Hatter", "+27850000000"),
    ]  # fmt: skip
    assert (user.username, user.check_password("rabbit-hole-9")) == ("JEN004", True)
    assert (alice.gates.get().last_day, alice.is_master) == (day, True)


@pytest.mark.feature("EDT-1")
def test_two_people_at_once_notice_each_other_and_lose_nothing(
    as_manager: Client, client: Client, alice: Customer, user: User
) -> None:
    mine = as_shown(as_manager, alice) | {"phone": "mine", "postal_address": "typed with care"}
    client.force_login(builders.staff(Role.SUPPORT, first_name="Thandi"))
    theirs = as_shown(client, alice) | {"phone": "theirs"}
    assert client.post(edit_url(alice), theirs).status_code == 302
    refused = as_manager.post(edit_url(alice), mine)
    body = refused.content.decode()
    assert "ALI001 was changed while you were editing: Thandi changed phone (now theirs)." in body
    assert "typed with care" in body
    assert Customer.objects.get().phone == "theirs"
    again = mine | {"seen": refused.context["form"]["account"]["seen"].value()}
    assert as_manager.post(edit_url(alice), again).status_code == 302
    assert Customer.objects.get().phone == "mine"


@pytest.mark.feature("EDT-9")
def test_it_says_which_contact_is_not_complete_or_that_there_is_no_primary(
    as_manager: Client, alice: Customer, user: User
) -> None:
    sent = as_shown(as_manager, alice) | {
        "contacts-TOTAL_FORMS": 2,
        "contacts-1-email": "no-name@example.test",
    }
    assert "not complete" in as_manager.post(edit_url(alice), sent).content.decode()
    sent |= {"contacts-1-name": "Second", "contacts-1-email": "no address"}
    body = as_manager.post(edit_url(alice), sent).content.decode()
    assert "“no address” is not an e-mail address" in body
    sent |= {"contacts-1-email": "", "contacts-primary": "7"}
    assert "Exactly one contact is the primary" in as_manager.post(edit_url(alice), sent).content.decode()
    assert alice.contacts.count() == 1


@pytest.mark.feature("EDT-8", "EDT-9")
def test_contacts_are_added_removed_and_the_primary_moves_in_one_save(
    as_manager: Client, alice: Customer, user: User
) -> None:
    sent = as_shown(as_manager, alice)
    more = as_manager.post(edit_url(alice), sent | {"add_contact": "1"})
    assert len(more.context["form"]["contacts"].rows.forms) == 2
    assert more.context["active_tab"] == "contacts"
    sent |= {
        "contacts-TOTAL_FORMS": 3,
        "contacts-1-name": "Hatter",
        "contacts-2-name": "",
        "contacts-primary": "1",
    }
    assert as_manager.post(edit_url(alice), sent).status_code == 302
    assert list(alice.contacts.values_list("name", "primary")) == [("Hatter", True), ("Alice Liddell", False)]
    sent = as_shown(as_manager, alice) | {"contacts-1-DELETE": "on"}
    assert as_manager.post(edit_url(alice), sent).status_code == 302
    assert [contact.name for contact in alice.contacts.all()] == ["Hatter"]


@pytest.mark.feature("EDT-8")
def test_refresh_shows_the_stored_contacts_and_keeps_the_other_tabs(
    as_manager: Client, alice: Customer, user: User
) -> None:
    sent = as_shown(as_manager, alice) | {
        "contacts-0-name": "Half ty",
        "postal_address": "typed",
        "refresh_contacts": "1",
    }
    alice.contacts.create(name="Hatter")
    body = as_manager.post(edit_url(alice), sent).content.decode()
    assert "Hatter" in body
    assert "Half ty" not in body
    assert "typed" in body


@pytest.mark.feature("EDT-8")
def test_many_contacts_can_be_searched(as_manager: Client, alice: Customer) -> None:
    assert "Search contacts" not in as_manager.get(edit_url(alice)).content.decode()
    for n in range(6):
        alice.contacts.create(name=f"Branch {n}")
    assert "Search contacts" in as_manager.get(edit_url(alice)).content.decode()


@pytest.mark.feature("EDT-8", "EDT-9")
def test_contacts_that_a_colleague_touched_meanwhile_are_not_lost(
    as_manager: Client, alice: Customer, user: User
) -> None:
    alice.contacts.create(name="Cook", mobile="0831111111")
    mine = as_shown(as_manager, alice)
    mine |= {"contacts-TOTAL_FORMS": 3, "contacts-1-mobile": "084 222 2222", "contacts-2-name": "Hatter"}
    first, cook = alice.contacts.order_by("pk")
    theirs = [
        ContactValues(pk=first.pk, name=first.name, email=first.email, mobile=first.mobile, primary=True),
        ContactValues(name="Duchess", email="duchess@example.test"),
    ]
    editing.edit(alice, {}, now(), actor=builders.staff(Role.SUPPORT, first_name="Thandi"), contacts=theirs)
    refused = as_manager.post(edit_url(alice), mine)
    form = refused.context["form"]
    assert "Thandi changed contacts (now " in refused.content.decode()
    again = mine | {"seen": form["account"]["seen"].value(), "contacts-TOTAL_FORMS": 4}
    for name in ("pk", "name", "email", "mobile"):
        again[f"contacts-3-{name}"] = form["contacts"].rows.forms[3][name].value() or ""
    assert again["contacts-3-name"] == "Duchess"
    assert as_manager.post(edit_url(alice), again).status_code == 302
    assert dict(alice.contacts.values_list("name", "mobile")) == {
        "Alice Liddell": "+27821234567", "Cook": "084 222 2222", "Duchess": "", "Hatter": "",
    }  # fmt: skip


@pytest.mark.feature("EDT-2", "EDT-9")
def test_two_tabs_that_say_different_things_about_the_primary_contact_are_refused(
    as_manager: Client, alice: Customer, user: User
) -> None:
    sent = as_shown(as_manager, alice) | {"email": "one@x.test", "contacts-0-email": "two@x.test"}
    assert (
        "differ on Account Detail and on Contacts" in as_manager.post(edit_url(alice), sent).content.decode()
    )
    sent |= {"contacts-0-email": "one@x.test"}
    assert as_manager.post(edit_url(alice), sent).status_code == 302
    assert alice.contacts.get().email == "one@x.test"
    assert User.objects.get(pk=user.pk).email == "one@x.test"


@pytest.mark.feature("EDT-11")
@pytest.mark.parametrize(
    ("first", "second", "word"), [("short", "short", "too short"), ("a-good-one-1", "b", "differ")]
)
def test_it_refuses_weak_or_different_passwords(
    as_manager: Client, alice: Customer, user: User, first: str, second: str, word: str
) -> None:
    sent = as_shown(as_manager, alice) | {"change_password": "on", "password1": first, "password2": second}
    body = as_manager.post(edit_url(alice), sent).content.decode()
    assert word in body
    assert "a-good-one-1" not in body
    assert not Event.objects.exists()


@pytest.mark.feature("D-12")
def test_disable_is_in_the_dialog_opened_from_the_list_only(
    as_manager: Client, alice: Customer, user: User
) -> None:
    disable = reverse("customers:customer_disable", args=[alice.pk])
    assert disable in as_manager.get(edit_url(alice), {"from": "list"}).content.decode()
    assert disable not in as_manager.get(edit_url(alice)).content.decode()


def test_accounts_staff_edit_without_the_password_tab(client: Client, alice: Customer, user: User) -> None:
    client.force_login(builders.staff(Role.ACCOUNTS))
    sent = as_shown(client, alice) | {
        "phone": "1",
        "change_password": "on",
        "password1": "x",
        "username": "other",
    }
    assert client.post(edit_url(alice), sent).status_code == 302
    user.refresh_from_db()
    assert user.username == "ali001"


def test_it_masks_and_forgets_the_id_number(as_manager: Client, alice: Customer, user: User) -> None:
    Customer.objects.filter(pk=alice.pk).update(id_number="8001015009087")
    body = as_manager.get(edit_url(alice)).content.decode()
    assert "087" in body
    assert "8001015009087" not in body
    as_manager.post(edit_url(alice), as_shown(as_manager, alice) | {"forget_id_number": "on"})
    assert Customer.objects.get().id_number == ""
    assert [masked(text) for text in ("", "123", "123456")] == ["", "•••", "•••456"]
    assert AccountEditForm.of(alice)["customer"] == alice


@pytest.mark.feature("ACC-11")
def test_generate_says_what_refers_to_the_code_and_waits_for_save(
    as_manager: Client, alice: Customer, user: User
) -> None:
    debited = BillingGroup.objects.create(title="Netcash Run 1", debit_day=25)
    Customer.objects.update(code="JEN002", billing_group=debited)
    User.objects.filter(pk=user.pk).update(username="jen002")
    builders.invoice(alice)
    sent = as_shown(as_manager, alice) | {"generate": "1"}
    # In a dialog an empty hx-post would go to the page below it.
    assert 'hx-post=""' not in as_manager.get(edit_url(alice)).content.decode()
    shown = as_manager.post(edit_url(alice), sent)
    body = shown.content.decode()
    assert 'value="ALI001"' in body
    assert "JEN002 stays known to search and payments" in body
    assert "1 document was issued under JEN002" in body
    assert "day 25" in body
    assert "The portal username stays jen002" in body
    assert Customer.objects.get().code == "JEN002"


@pytest.mark.feature("ACC-11")
def test_a_new_code_is_stored_only_when_confirmed(as_manager: Client, alice: Customer, user: User) -> None:
    sent = as_shown(as_manager, alice) | {"code": "wonder-1"}
    refused = as_manager.post(edit_url(alice), sent)
    assert "Tick to change ALI001 to WONDER-1" in refused.content.decode()
    assert as_manager.post(edit_url(alice), sent | {"recode": "on"}).status_code == 302
    assert Customer.objects.get().code == "WONDER-1"
    assert alice.code_aliases.get().code == "ALI001"
    found = as_manager.get("/customers/?q=ALI001").content.decode()
    assert "WONDER-1" in found


def test_what_looks_like_a_template_is_a_word(as_manager: Client, alice: Customer, user: User) -> None:
    odd = BillingGroup.objects.create(title="{% load x %}{{ form.seen }}", debit_day=1)
    Customer.objects.update(billing_group=odd)
    sent = as_shown(as_manager, alice) | {"code": "{{ 7 }}{% x %}"}
    body = as_manager.post(edit_url(alice), sent).content.decode()
    assert "billing group {% load x %}{{ form.seen }} on day 1" in body


@pytest.mark.feature("EDT-15", "EDT-16", "LIF-8")
def test_the_cancellation_is_set_with_a_reason_and_cleared_again(
    as_manager: Client, alice: Customer, user: User
) -> None:
    day = local_day(now()) + timedelta(days=30)
    body = as_manager.get(edit_url(alice)).content.decode()
    for note in ("last day of the month", "data accounts are cancelled too", "after this date are removed"):
        assert note in body.replace("of a month", "of the month")
    sent = as_shown(as_manager, alice) | {"last_day": str(day)}
    assert "Say why the customer leaves" in as_manager.post(edit_url(alice), sent).content.decode()
    assert as_manager.post(edit_url(alice), sent | {"reason": "moves"}).status_code == 302
    assert alice.gates.standing().get().last_day == day
    cleared = as_manager.post(edit_url(alice), as_shown(as_manager, alice) | {"clear_cancellation": "1"})
    assert cleared.context["active_tab"] == "cancellation"
    assert cleared.context["form"]["cancellation"]["last_day"].value() == ""
    assert alice.gates.standing().exists(), "nothing is stored until Save Changes"
    sent = {
        key: value for key, value in as_shown(as_manager, alice).items() if key not in ("last_day", "reason")
    }
    assert as_manager.post(edit_url(alice), sent).status_code == 302
    assert not alice.gates.standing().exists()


@pytest.mark.feature("EDT-18")
def test_suspend_now_is_in_the_tab_with_its_effects(as_manager: Client, alice: Customer, user: User) -> None:
    page = as_manager.get(edit_url(alice)).content.decode()
    suspend, lift = (
        reverse(f"customers:customer_{verb}", args=[alice.pk]) for verb in ("suspend", "unsuspend")
    )
    tab = page.partition('id="pane-cancellation"')[2].partition('id="pane-master"')[0]
    assert suspend in tab
    for effect in (
        "data accounts are blocked",
        "log helpdesk tickets and view usage",
        "not notified",
        "Billing does not stop",
    ):
        assert effect in tab
    gates.close(alice, GateKind.SUSPENDED, now(), actor=None, reason="unpaid")
    tab = as_manager.get(edit_url(alice)).content.decode().partition('id="pane-cancellation"')[2]
    assert lift in tab
    assert "unpaid" in tab


@pytest.mark.feature("EDT-20")
def test_the_footer_is_the_same_on_every_tab(as_manager: Client, alice: Customer, user: User) -> None:
    for tab in ("account", "address", "contacts", "login", "cancellation", "master"):
        page = as_manager.get(edit_url(alice), {"tab": tab, "from": "list"})
        footer = page.content.decode().partition("form-buttons")[2]
        assert page.context["active_tab"] == tab
        words = ("Close", "Password Reset", "Disable", "Delete", "Save Changes")
        assert [footer.index(word) for word in words] == sorted(footer.index(word) for word in words)
    gates.close(alice, GateKind.DELETED, now(), actor=None)
    footer = as_manager.get(edit_url(alice), {"from": "list"}).content.decode().partition("form-buttons")[2]
    assert "Undelete" in footer
    assert "Password Reset" not in footer


@pytest.mark.feature("PWD-3", "EDT-11")
def test_a_password_is_set_by_hand_and_mailed_to_nobody(
    as_manager: Client, alice: Customer, user: User
) -> None:
    by_hand = {"change_password": "on", "password1": "rabbit-hole-9", "password2": "rabbit-hole-9"}
    assert as_manager.post(edit_url(alice), as_shown(as_manager, alice) | by_hand).status_code == 302
    assert User.objects.get(pk=user.pk).check_password("rabbit-hole-9")
    assert list(Event.objects.values_list("kind", "data")) == [("portal_login.password_set", {})]
