"""The search in the top bar finds a customer by whatever somebody says on the phone."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.models import CodeAlias, Customer
from ispbilling.core.models import Role
from radius.models import DataAccount
from tests import builders


def hits(client: Client, text: str) -> list[str]:
    """The results as "title | subtitle", best first."""
    html = client.get("/search/", {"q": text}).content.decode()
    found = re.findall(r'search-hit-text"><span>(.*?)</span>(?:<small>(.*?)</small>)?', html)
    return [" | ".join(part for part in one if part) for one in found]


@pytest.fixture
def piet(db: None) -> Customer:
    """A customer of whom everything is known, with a line that is online."""
    piet = builders.customer(
        code="PIE001",
        name="Slabbert Plumbing",
        contact_name="Piet Slabbert",
        email="piet@slabbert.test",
        mobile="+27 82 123-4567",
        phone="(023) 541 1234",
        physical_address="17 Church Street\nPrince Albert",
    )
    CodeAlias.objects.create(customer=piet, code="SLA009")
    line = builders.data_account(customer=piet, username="slabbert@isp.test", framed_ip="102.65.1.9")
    builders.session(data_account=line, username=line.username, framed_ip="100.64.7.7")
    return piet


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PIE001", ""),
        ("pie001", ""),
        ("sla009", "formerly SLA009"),
        ("slabbert plumb", ""),
        ("piet", "Piet Slabbert"),
        ("0821234567", "+27 82 123-4567"),
        ("082 123 4567", "+27 82 123-4567"),
        ("+27821234567", "+27 82 123-4567"),
        ("0027 82 123 4567", "+27 82 123-4567"),
        ("+27 23 541 1234", "(023) 541 1234"),
        ("ch", "17 Church Street Prince Albert"),
        ("023 5411234", "(023) 541 1234"),
        ("piet@slabbert", "piet@slabbert.test"),
        ("church street", "17 Church Street Prince Albert"),
    ],
)
def test_it_finds_the_customer_and_says_by_what(
    as_manager: Client, piet: Customer, text: str, said: str
) -> None:
    builders.customer(
        code="OTH001", name="Other Person", physical_address="1 Long Road", mobile="+27830000000"
    )
    (first, *others) = [hit for hit in hits(as_manager, text) if hit.startswith("PIE001")]
    assert others == []
    assert first.endswith(said)
    assert not [hit for hit in hits(as_manager, text) if hit.startswith("OTH001")]


@pytest.mark.parametrize("text", ["slabbert@isp", "102.65.1.9"])
def test_it_finds_the_line_by_username_and_address(as_manager: Client, piet: Customer, text: str) -> None:
    assert any(hit.startswith("slabbert@isp.test | ") and "PIE001" in hit for hit in hits(as_manager, text))


def test_who_is_online_with_an_address_is_asked_on_its_own_page(as_manager: Client, piet: Customer) -> None:
    assert hits(as_manager, "100.64.7.7") == ["Who has 100.64.7.7? | asks what for, and records it"]


def test_it_finds_an_invoice_by_its_number_however_it_is_typed(as_manager: Client, piet: Customer) -> None:
    paper = builders.invoice(piet, on=date(2026, 11, 1))
    year, number = paper.reference.split("-")[1:]
    for text in (paper.reference, paper.reference.lower(), f"{year}-{int(number)}", number):
        assert any(hit.startswith(paper.reference) for hit in hits(as_manager, text)), text
    assert not any("INV" in hit for hit in hits(as_manager, f"{year}-{int(number) + 1}"))


def test_a_reader_without_the_permission_does_not_find_what_is_not_his(piet: Customer) -> None:
    portal = Client()
    portal.force_login(builders.portal_user(piet))
    assert portal.get("/search/", {"q": "PIE001"}).status_code in (302, 403)


@pytest.mark.parametrize(
    "text", ["%", "_", "''", "99999999999999999999", "INV-9999-1", ":", "\\", "a" * 5000]
)
def test_odd_text_finds_nothing_and_breaks_nothing(as_manager: Client, piet: Customer, text: str) -> None:
    assert hits(as_manager, text) == []


def test_it_costs_no_more_for_many_results_than_for_one(as_manager: Client, piet: Customer) -> None:
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as spent:
            assert hits(as_manager, "slabbert")
        return len(spent)

    one = statements()
    for n in range(20):
        other = builders.customer(name=f"Slabbert {n}")
        builders.data_account(customer=other, username=f"slabbert{n}@isp.test")
    assert statements() <= one


def test_support_sees_who_is_deleted_last_and_greyed(piet: Customer) -> None:
    support = Client()
    support.force_login(builders.staff(Role.SUPPORT))
    builders.customer(code="AAA001", name="Slabbert Senior")
    from customers.accounts import gates
    from customers.models import GateKind
    from ispbilling.core.clock import now

    gates.close(Customer.objects.get(code="AAA001"), GateKind.DELETED, now(), actor=None, reason="Moved away")
    found = [hit for hit in hits(support, "slabbert") if "001 " in hit[:8]]
    assert found[0].startswith("PIE001")
    assert found[1].startswith("AAA001")
    assert "Deleted" in found[1]


def test_the_picker_searches_customers_only(as_manager: Client, piet: Customer) -> None:
    html = as_manager.get("/search/", {"q": "slabbert", "kind": "customers"}).content.decode()
    assert "PIE001" in html
    assert str(DataAccount.objects.get()) not in html
