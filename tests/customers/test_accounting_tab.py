"""The tab of the accounting system: there while it is chosen, unique, with its warnings, saved with the other tabs."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from customers.accounts import editing
from customers.accounts.models import Customer
from groups.models import BillingGroup
from ispbilling.core import external
from ispbilling.core.errors import DomainError
from ispbilling.core.models import AccountingSystem, Event, ExternalKind, ExternalReference, Provider
from tests import builders
from tests.customers.test_edit_dialog import as_shown, edit_url


@pytest.fixture
def connected(db: None) -> None:
    Provider.objects.update(accounting_system=AccountingSystem.SAGEONE)


def id_of(customer: Customer) -> str:
    return external.id_of(ExternalKind.CUSTOMER, customer.pk)


@pytest.mark.feature("EDT-14", "D-22")
def test_the_tab_is_there_only_while_the_system_is_chosen(as_manager: Client, alice: Customer) -> None:
    assert "SageOne ID" not in as_manager.get(edit_url(alice)).content.decode()
    as_manager.post("/billing/accounting/settings/", {"system": "sageone", "grouping": "summary"})
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
    assert (id_of(alice), alice.phone) == ("13655893", "021 555 0000")
    assert Event.objects.first().data["changes"] == {"accounting_id": ["", "13655893"]}
    sent = as_shown(as_manager, bob) | {"accounting-accounting_id": "13655893", "phone": "lost?"}
    body = as_manager.post(edit_url(bob), sent).content.decode()
    assert "ALI001 Alice Liddell has this SageOne ID already" in body
    bob.refresh_from_db()
    assert (id_of(bob), bob.phone) == ("", "")


@pytest.mark.feature("D-22")
def test_ids_are_kept_apart_by_kind_and_by_system_and_the_database_says_so(
    as_manager: Client, alice: Customer, bob: Customer, connected: None
) -> None:
    customer, now = ExternalKind.CUSTOMER, builders.now()
    assert external.put(customer, alice, " 7 ", now, actor=None)
    assert not external.put(customer, alice, "7", now, actor=None)
    external.put(ExternalKind.GROUP, builders.group(), "7", now, actor=None)
    external.put(customer, bob, "7", now, actor=None, of=AccountingSystem.XERO)
    with pytest.raises(DomainError, match="Another customer has this SageOne ID"):
        external.put(customer, bob, "7", now, actor=None)
    row = {"system": "sageone", "kind": "customer"}
    for name, values in (
        ("one_per_id", {"object_id": bob.pk, "external_id": "7"}),
        ("one_per_object", {"object_id": alice.pk, "external_id": "8"}),
        ("filled", {"object_id": bob.pk, "external_id": ""}),
    ):
        with pytest.raises(IntegrityError, match=f"core_externalreference_{name}"), transaction.atomic():
            ExternalReference.objects.create(**row, **values)
    # What bob is called in Xero is asked once Xero is chosen, and SageOne's ids are still there afterwards.
    Provider.objects.update(accounting_system=AccountingSystem.XERO)
    page = as_manager.get(edit_url(bob)).content.decode()
    assert "Xero ID" in page
    assert "SageOne ID" not in page
    assert (id_of(bob), external.id_of(customer, alice.pk, AccountingSystem.SAGEONE)) == ("7", "7")
    assert external.put(customer, bob, "", now, actor=None)
    assert id_of(bob) == ""


@pytest.mark.feature("D-22")
def test_billing_groups_and_products_have_one_too(as_manager: Client, connected: None) -> None:
    group, others = BillingGroup.objects.create(title="Run 1"), [builders.product(), builders.product()]
    for kind, row, page, sent in (
        (ExternalKind.BILLING_GROUP, group, "groups:billing_group_edit", {"title": "Run 1"}),
        (ExternalKind.PRODUCT, others[0], "billing:product_edit", {"title": "Fibre", "frequency": "1"}),
    ):
        url = reverse(page, args=[row.pk])
        assert "SageOne ID" in as_manager.get(url).content.decode()
        assert as_manager.post(url, sent | {"external-sageone-external_id": " 55 "}).status_code == 302
        assert external.id_of(kind, row.pk) == "55"
    url = reverse("billing:product_edit", args=[others[1].pk])
    sent = {"title": "Other", "frequency": "1", "external-sageone-external_id": "55"}
    assert "Fibre has this SageOne ID already" in as_manager.post(url, sent).content.decode()
    Provider.objects.update(accounting_system="")
    assert "SageOne ID" not in as_manager.get(url).content.decode()


@pytest.mark.feature("ACC-11", "EDT-14")
def test_a_new_code_names_the_accounting_id(alice: Customer, connected: None) -> None:
    external.put(ExternalKind.CUSTOMER, alice, "13655893", builders.now(), actor=None)
    assert any("13655893" in line for line in editing.mentions(alice))
