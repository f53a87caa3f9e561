"""The SageOne tab: there while the system is chosen, unique, with its warnings, saved with the other tabs."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from customers.accounts import editing
from customers.accounts.models import Customer
from ispbilling.core.errors import DomainError
from ispbilling.core.models import AccountingSystem, Event, Provider
from tests import builders
from tests.customers.test_edit_dialog import as_shown, edit_url


@pytest.fixture
def connected(db: None) -> None:
    Provider.objects.update(accounting_system=AccountingSystem.SAGEONE)


@pytest.mark.feature("EDT-14", "D-22")
def test_the_tab_is_there_only_while_the_system_is_chosen(as_manager: Client, alice: Customer) -> None:
    assert "SageOne ID" not in as_manager.get(edit_url(alice)).content.decode()
    as_manager.post("/provider/", {"name": "K", "maps-geocoder": "none", "accounting_system": "sageone"})
    page = as_manager.get(edit_url(alice))
    titles = [tab.title for tab, _ in page.context["form"]]
    assert titles.index("Portal Login") < titles.index("SageOne") < titles.index("Cancellation")
    for warning in (
        "Be very careful",
        "No other customer here may have",
        "exists in SageOne",
        "payments no longer",
    ):
        assert warning in page.content.decode()


@pytest.mark.feature("EDT-14", "D-22")
def test_the_id_is_saved_with_the_other_tabs_and_no_other_customer_may_have_it(
    as_manager: Client, alice: Customer, bob: Customer, connected: None
) -> None:
    sent = as_shown(as_manager, alice) | {"accounting-accounting_id": " 13655893 ", "phone": "021 555 0000"}
    assert as_manager.post(edit_url(alice), sent).status_code == 302
    alice.refresh_from_db()
    assert (alice.accounting_id, alice.phone) == ("13655893", "021 555 0000")
    assert Event.objects.first().data["changes"] == {"accounting_id": ["", "13655893"]}
    sent = as_shown(as_manager, bob) | {"accounting-accounting_id": "13655893", "phone": "lost?"}
    body = as_manager.post(edit_url(bob), sent).content.decode()
    assert "ALI001 Alice Liddell has this SageOne ID already" in body
    bob.refresh_from_db()
    assert (bob.accounting_id, bob.phone) == ("", "")


@pytest.mark.feature("D-22")
def test_the_database_keeps_ids_apart_and_many_without(alice: Customer, bob: Customer) -> None:
    editing.edit(alice, {"accounting_id": "7"}, builders.now(), actor=None)
    for row in (bob, builders.group(accounting_id="7")):
        assert row.pk
    with pytest.raises(DomainError, match="Another customer has this accounting ID"):
        editing.edit(bob, {"accounting_id": "7"}, builders.now(), actor=None)
    with pytest.raises(IntegrityError, match="customers_customer_accounting_id"), transaction.atomic():
        Customer.objects.filter(pk=bob.pk).update(accounting_id="7")
    with pytest.raises(IntegrityError, match="groups_customergroup_accounting_id"), transaction.atomic():
        builders.group(accounting_id="7")


@pytest.mark.feature("ACC-11", "EDT-14")
def test_a_new_code_names_the_accounting_id(alice: Customer) -> None:
    alice.accounting_id = "13655893"
    assert any("13655893" in line for line in editing.mentions(alice))
