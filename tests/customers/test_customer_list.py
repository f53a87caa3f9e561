"""The customer list: columns, states, filters, search, and the same few queries at any size."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Balance
from customers.accounts import finding, gates, listing
from customers.accounts.models import CodeAlias, Contact, Customer, GateKind
from groups.models import BillingGroup, Category, HighSite, Label
from ispbilling.core.clock import now
from ispbilling.core.models import ColumnChoice, Role, User
from tests import builders

LIST = "/customers/"


def codes(response: object) -> list[str]:
    return [row.record.code for row in response.context["table"].paginated_rows]


@pytest.mark.feature("LST-3")
def test_it_shows_the_columns_of_the_guide(as_manager: Client, alice: Customer) -> None:
    alice.categories.add(Category.objects.create(title="Topup"), Category.objects.create(title="Ad-hoc"))
    Customer.objects.update(vip=True, billing_group=BillingGroup.objects.create(title="Netcash Run 1"))
    builders.data_account(customer=alice)
    builders.data_account(customer=alice)
    Balance.objects.create(customer=alice, amount=Decimal("34343.29"))
    page = as_manager.get(LIST)
    assert [str(c.header) for c in page.context["table"].columns][:11] == [
        "Customer Group", "Billing Group", "Account Code", "Type", "Name", "Data Accounts", "Phone", "Email",
        "Status", "Categories", "Balance",
    ]  # fmt: skip
    row = page.context["table"].paginated_rows[0]
    cells = {column.name: str(cell) for column, cell in row.items()}
    assert (cells["data_accounts"], cells["phone"], cells["email"]) == (
        "2", "+27821234567", "alice@example.test",
    )  # fmt: skip
    assert "R 34,343.29" in cells["balance"]
    assert "VIP" in cells["status"]
    assert "Ad-hoc" in cells["categories"]
    assert "Topup" in cells["categories"]


@pytest.mark.feature("LST-3")
def test_it_shows_a_zero_balance_and_no_count_for_none(as_manager: Client, alice: Customer) -> None:
    cells = {c.name: str(cell) for c, cell in as_manager.get(LIST).context["table"].paginated_rows[0].items()}
    assert "R 0.00" in cells["balance"]
    assert cells["data_accounts"] == ""


@pytest.mark.feature("LST-3")
def test_it_sorts_by_balance_with_no_balance_as_zero(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    builders.customer(code="CAR001")
    Balance.objects.create(customer=alice, amount=Decimal("-5"))
    Balance.objects.create(customer=bob, amount=Decimal("7"))
    assert codes(as_manager.get(LIST, {"sort": "balance"})) == ["ALI001", "CAR001", "BOB001"]
    assert codes(as_manager.get(LIST, {"sort": "-balance"})) == ["BOB001", "CAR001", "ALI001"]


@pytest.mark.feature("LST-3")
def test_it_sorts_by_what_other_tables_hold(as_manager: Client, alice: Customer, bob: Customer) -> None:
    carol = builders.customer(code="CAR001", email="", mobile="", phone="0110000000")
    Contact.objects.create(
        customer=alice, name="Zed", email="0@first.test", mobile="+1"
    )  # not the primary one
    for _ in range(2):
        builders.data_account(customer=bob)
    builders.data_account(customer=carol)
    gates.close(carol, GateKind.SUSPENDED, now(), actor=None)
    gates.close(alice, GateKind.SUSPENDED, now(), actor=None)
    gates.close(alice, GateKind.DISABLED, now(), actor=None)
    Contact.objects.filter(customer=bob).update(mobile="+27999999999")
    as_manager.post(LIST, {"column": ["code", "data_accounts", "email", "phone", "mobile", "status"]})
    orders = {
        "data_accounts": ["ALI001", "CAR001", "BOB001"],
        "email": ["CAR001", "ALI001", "BOB001"],
        "phone": ["ALI001", "BOB001", "CAR001"],
        "mobile": ["CAR001", "ALI001", "BOB001"],
        "status": ["BOB001", "CAR001", "ALI001"],
    }
    for column, order in orders.items():
        assert codes(as_manager.get(LIST, {"sort": column})) == order, column
        assert codes(as_manager.get(LIST, {"sort": f"-{column}"})) == order[::-1], column


@pytest.mark.feature("LST-3")
def test_it_pages_through_a_balance_order_without_a_gap(as_manager: Client) -> None:
    """The first pages come from an index, the others do not: no row may fall between or come twice."""
    for amount in (300, 200, 100, 50, 0, None, None, -10, -20, -30, -40, -50):
        customer = builders.customer()
        if amount is not None:
            Balance.objects.create(customer=customer, amount=amount)
    for sort in ("balance", "-balance"):
        seen = []
        for page in ("1", "2"):
            response = as_manager.get(LIST, {"sort": sort, "rows": "10", "page": page})
            seen += [listing.balance(row.record) for row in response.context["table"].paginated_rows]
        assert seen == sorted(seen, reverse=sort == "-balance")
        assert len(seen) == 12


@pytest.mark.feature("LST-6")
@pytest.mark.feature("LST-7")
def test_it_sorts_out_states_and_greys_what_is_off(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    carol, dan = builders.customer(code="CAR001"), builders.customer(code="DAN001")
    for customer, kind in (
        (bob, GateKind.DELETED), (carol, GateKind.DISABLED), (dan, GateKind.SUSPENDED), (bob, GateKind.DISABLED),
    ):  # fmt: skip
        gates.close(customer, kind, now(), actor=None)
    normal = as_manager.get(LIST)
    assert codes(normal) == ["ALI001", "CAR001", "DAN001"]
    off = {r.record.code: "row-off" in r.attrs["class"] for r in normal.context["table"].paginated_rows}
    assert off == {"ALI001": False, "CAR001": True, "DAN001": False}
    assert [(state.hidden_word, count) for state, count in normal.context["hidden"]] == [("deleted", 1)]
    found = {
        s: codes(as_manager.get(LIST, {"state": s}))
        for s in ("disabled", "suspended", "cancelled", "deleted")
    }
    assert found == {"disabled": ["CAR001"], "suspended": ["DAN001"], "cancelled": [], "deleted": ["BOB001"]}


@pytest.mark.feature("LST-5")
def test_it_filters(as_manager: Client, alice: Customer, bob: Customer) -> None:
    tag = Category.objects.create(title="Topup")
    alice.categories.add(tag)
    vips = builders.group(title="VIPs", vip=True)
    site, run = HighSite.objects.create(name="Tower"), BillingGroup.objects.create(title="Run 1")
    mark = Label.objects.create(title="Mark")
    bob.labels.add(mark)
    Customer.objects.filter(pk=bob.pk).update(
        group=vips, type="company", is_reseller=True, high_site=site, billing_group=run
    )
    Balance.objects.create(customer=bob, amount=Decimal("-5"))
    for wanted, query in {
        "ALI001": [{"categories": tag.pk}, {"type": "individual"}, {"group": alice.group_id}, {"owes": "zero"},
                   {"vip": "no"}, {"billing_group": "null"}, {"high_site": "null"}],
        "BOB001": [{"vip": "yes"}, {"type": "company"}, {"group": vips.pk}, {"owes": "credit"},
                   {"standing": "reseller"}, {"high_site": site.pk}, {"labels": mark.pk},
                   {"billing_group": run.pk}],
    }.items():  # fmt: skip
        for one in query:
            assert codes(as_manager.get(LIST, one)) == [wanted], one
    assert codes(as_manager.get(LIST, {"owes": "owing"})) == []
    Customer.objects.filter(pk=bob.pk).update(is_master=True)
    Customer.objects.filter(pk=alice.pk).update(master=bob, reseller=bob, created_at="2026-01-05T12:00Z")
    for standing, wanted in {
        "master": ["BOB001"], "sub": ["ALI001"], "resold": ["ALI001"], "own": ["BOB001"],
    }.items():  # fmt: skip
        assert codes(as_manager.get(LIST, {"standing": standing})) == wanted
    assert codes(as_manager.get(LIST, {"created_at_before": "2026-01-05"})) == ["ALI001"]


@pytest.mark.feature("LST-4")
@pytest.mark.parametrize(
    "text",
    [
        "ali0", "ALI001", "liddell", "LID alice", "OLD007", "0215550000", "+27 21 555", "021 555 0000",
        "0831112222", "hatter@", "Mad Hatter", "alice@example",
    ],
)  # fmt: skip
def test_it_finds_by_code_former_code_name_number_and_email(
    alice: Customer, bob: Customer, text: str
) -> None:
    Customer.objects.filter(pk=alice.pk).update(phone="(021) 555-0000", physical_address="12 Rabbit Lane")
    CodeAlias.objects.create(customer=alice, code="OLD007")
    Contact.objects.create(customer=alice, name="Mad Hatter", email="hatter@tea.test", mobile="+27831112222")
    assert list(finding.matching(Customer.objects.all(), text)) == [alice]


def test_it_takes_wildcards_literally(alice: Customer) -> None:
    assert not finding.matching(Customer.objects.all(), "%").exists()
    assert not finding.matching(Customer.objects.all(), "ALI00_").exists()


@pytest.mark.feature("LST-4")
@pytest.mark.feature("LST-9")
def test_it_searches_the_address_only_while_its_column_is_shown(
    as_manager: Client, manager: User, alice: Customer
) -> None:
    Customer.objects.update(physical_address="12 Rabbit Lane")
    assert codes(as_manager.get(LIST, {"q": "rabbit"})) == []
    as_manager.post(LIST, {"column": ["code", "name", "physical_address"]})
    assert ColumnChoice.objects.get(user=manager).columns == ["code", "name", "physical_address"]
    assert codes(as_manager.get(LIST, {"q": "rabbit"})) == ["ALI001"]


@pytest.mark.feature("LST-1")
def test_it_asks_as_many_queries_for_fifty_rows_as_for_two(as_manager: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            as_manager.get(LIST, {"rows": "50"})
        return len(queries)

    for _ in range(2):
        builders.customer()
    as_manager.get(LIST)
    few = count()
    for _ in range(48):
        builders.data_account(customer=builders.customer())
    assert count() == few
    assert few <= 24


@pytest.mark.feature("LST-2", "LST-8", "NAV-7", "NAV-11")
def test_each_row_has_its_named_icons_and_the_black_one_is_the_profile(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    gates.close(bob, GateKind.DELETED, now(), actor=None)
    page = as_manager.get(LIST).content.decode()
    urls = {
        verb: reverse(f"customers:customer_{verb}", args=[alice.pk]) for verb in ("detail", "edit", "delete")
    }
    for url, name, look in (
        (urls["detail"], "Profile", "dark"),
        (urls["edit"] + "?from=list", "Edit", "secondary"),
        (urls["delete"], "Delete", "secondary"),
    ):
        found = re.search(rf'<a href="{re.escape(url)}" class="[^"]*btn-row-{look}[^>]*>', page)
        assert found, name
        assert f'title="{name}"' in found[0]
        assert f'aria-label="{name}: ALI001 Alice Liddell"' in found[0]
    assert "Add Customer" in page
    deleted = as_manager.get(LIST, {"state": "deleted"}).content.decode()
    assert reverse("customers:customer_undelete", args=[bob.pk]) in deleted
    assert "Delete: BOB001" not in deleted


@pytest.mark.feature("LST-2", "NAV-11")
def test_who_may_only_look_gets_the_profile_and_nothing_else(client: Client, alice: Customer) -> None:
    client.force_login(builders.staff(Role.READ_ONLY))
    page = client.get(LIST).content.decode()
    assert "Profile: ALI001" in page
    for name in ("Edit: ALI001", "Delete: ALI001", "Add Customer"):
        assert name not in page


@pytest.mark.feature("LST-10")
def test_it_exports_plain_values_in_any_order(client: Client, alice: Customer) -> None:
    client.force_login(builders.staff(Role.FINANCIAL_MANAGER))
    client.post(f"{LIST}?export=csv", {"purpose": "audit", "understood": "on"})
    for sort in ("code", "-balance", "status", "data_accounts", "email"):
        body = b"".join(client.get(LIST, {"export": "csv", "sort": sort}).streaming_content)
        assert b"ALI001" in body
        assert b"+27821234567" in body
        assert b"<" not in body


def test_it_escapes_what_customers_are_called(as_manager: Client, alice: Customer) -> None:
    Customer.objects.update(name="<script>alert(1)</script>")
    assert "<script>alert(1)" not in as_manager.get(LIST).content.decode()


@pytest.mark.feature("GRP-1")
def test_an_empty_list_says_that_a_group_comes_first(as_manager: Client) -> None:
    assert "a group comes first" in as_manager.get(LIST).content.decode()
    page = as_manager.get(reverse("customers:customer_add")).content.decode()
    assert reverse("groups:group_add") in page


@pytest.mark.feature("PRO-2")
def test_the_global_search_finds_customers_and_greys_closed_ones(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    gates.close(bob, GateKind.DELETED, now(), actor=None, reason="moved")
    page = as_manager.get("/search/", {"q": "example.test", "kind": "customers"})
    hits = {hit.title: hit.off for _, found in page.context["results"] for hit in found}
    assert hits == {"ALI001 Alice Liddell": False, "BOB001 Bob Plumbing": True}


def test_customers_and_resellers_do_not_get_in(client: Client, alice: Customer) -> None:
    client.force_login(builders.portal_user(alice))
    for url in (LIST, alice.get_absolute_url(), reverse("customers:customer_edit", args=[alice.pk])):
        assert client.get(url).status_code == 403
