"""Who owes: a row, a set and raw SQL give one answer, and nobody else works it out (features 2.4)."""

from itertools import product
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from billing.models import Document, Run
from billing.runs import monthly, planning
from billing.runs.planning import Asked
from customers.accounts.models import Customer
from customers.relations import linking, paying
from customers.relations.linking import Links
from ispbilling.core.clock import local_day, month_of, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from tests import builders

ROOT = Path(__file__).resolve().parents[2]
APPS = ("groups", "customers", "radius", "billing", "notifications", "portal", "ispbilling")
#: Who may name the flag: the table, its writers and the answer, the pages that show it.
KNOWN = (
    "customers/accounts/models.py",
    "customers/relations/",
    "customers/profile/",
    "customers/migrations/",
    "billing/merging/",  # takes the flag along with the sub-accounts
)


@pytest.fixture
def master(alice: Customer) -> Customer:
    linking.link(alice, Links(is_master=True), now(), actor=None)
    alice.refresh_from_db()
    return alice


@pytest.mark.feature("EDT-19")
@pytest.mark.parametrize(("linked", "own", "masters"), list(product([True, False], repeat=3)))
def test_row_set_and_sql_agree(
    alice: Customer, bob: Customer, linked: bool, own: bool, masters: bool
) -> None:
    Customer.objects.filter(pk=alice.pk).update(is_master=True, bill_all_to_master=masters)
    Customer.objects.filter(pk=bob.pk).update(master=alice if linked else None, bill_all_to_master=own)
    expected = alice if linked and (own or masters) else bob
    bob.refresh_from_db()
    assert paying.payer(bob) == expected
    assert paying.with_payer(Customer.objects.all()).get(pk=bob.pk).payer_id == expected.pk
    assert (bob in paying.paid_by(alice)) == (expected == alice)
    assert alice in paying.paid_by(alice)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {paying.PAYER_ID} FROM customers_customer c"  # noqa: S608
            " LEFT JOIN customers_customer m ON m.id = c.master_id WHERE c.id = %s",
            [bob.pk],
        )
        assert cursor.fetchone() == (expected.pk,)


@pytest.mark.feature("EDT-19")
def test_nobody_else_works_out_who_pays() -> None:
    found = [
        str(path.relative_to(ROOT))
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if "bill_all_to_master" in path.read_text()
    ]
    assert [name for name in found if not name.startswith(KNOWN)] == []


@pytest.mark.feature("EDT-19")
def test_switching_concerns_future_invoices_alone(master: Customer, bob: Customer, manager: User) -> None:
    def approved() -> Run:
        run = planning.plan(Asked(month_of(local_day(now())), local_day(now())), now(), actor=manager)
        monthly.approve(run, now(), actor=manager)
        return run

    def issue(run: Run) -> None:
        monthly.begin(run.pk)
        assert monthly.issue_chunk(run.pk, 0, now())
        monthly.finish(run.pk, now())

    builders.recurring_line(customer=bob)
    linking.attach(bob, master=master, now=now(), actor=None)
    run = approved()
    linking.link(bob, Links(master=master, bill_all_to_master=True), now(), actor=None)
    issue(run)
    assert not Document.objects.exists(), "a payer that changed since the preview is looked at again"
    linking.link(bob, Links(master=master), now(), actor=None)
    issue(approved())
    linking.link(bob, Links(master=master, bill_all_to_master=True), now(), actor=None)
    assert Document.objects.get().payer == bob


@pytest.mark.feature("EDT-19")
def test_a_master_who_owes_for_others_stays_one(master: Customer, bob: Customer) -> None:
    linking.attach(bob, master=master, bill_all_to_master=True, now=now(), actor=None)
    builders.invoice(bob, payer=master)
    linking.detach(bob, "master", now(), actor=None)
    with pytest.raises(DomainError, match=r"owes R 115\.00, invoices of sub-accounts among it"):
        linking.link(master, Links(), now(), actor=None)


@pytest.mark.feature("LIF-7")
def test_an_act_names_who_pays(as_manager: Client, master: Customer, bob: Customer) -> None:
    linking.attach(bob, master=master, bill_all_to_master=True, now=now(), actor=None)
    builders.invoice(master)
    found = as_manager.get(f"/customers/{bob.pk}/suspend/").content.decode()
    assert "ALI001 Alice Liddell pays for it; the balance there is R 115.00." in found
