"""The Total Usage List and the widgets on the profile."""

import csv
from datetime import date
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core.clock import add_months, local_day, now
from ispbilling.core.units import GB
from radius.models import AuthAttempt, DataAccount, UsageDay
from tests import builders

pytestmark = pytest.mark.django_db
LIST = "radius:usage_list"


def this_month() -> date:
    return local_day(now()).replace(day=1)


def use(account: DataAccount, octets: int, day: date | None = None) -> None:
    UsageDay.objects.create(data_account=account, day=day or this_month(), download_octets=octets)


def listed(client: Client, **query: str) -> str:
    response = client.get(reverse(LIST), query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.feature("USE-1", "USE-2", "D-21")
def test_it_shows_the_month_of_every_line(as_manager: Client, alice: Customer, bob: Customer) -> None:
    package = builders.package(title="Home", cap_octets=500 * GB, price="599.00")
    use(builders.data_account(customer=alice, package=package, username="ali@isp.test"), 416_300_000_000)
    builders.data_account(customer=bob, package=package, username="bob@isp.test", custom_price="1.50")
    gates.close(bob, GateKind.SUSPENDED, now(), actor=None)
    text = listed(as_manager)
    for words in (
        "ALI001",
        "ali@isp.test",
        "Home",
        "500.0 GB",
        "416.3 GB",
        "83 %",
        "R 599.00",
        "Default Speed",
    ):
        assert words in text
    assert "Suspended" in text
    assert str(this_month()) in text


@pytest.mark.feature("USE-3")
def test_the_last_row_is_the_total_of_what_matches(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    package = builders.package(price="100.00", cap_octets=None)
    for owner, octets in ((alice, 3 * GB), (alice, 4 * GB), (bob, 50 * GB)):
        use(builders.data_account(customer=owner, package=package), octets)
    everything = listed(as_manager, rows="10")
    assert "3 accounts" in everything
    assert "57.0 GB" in everything
    assert "R 300.00" in everything
    mine = listed(as_manager, customer="ali001")
    assert "2 accounts" in mine
    assert "7.0 GB" in mine
    assert "R 200.00" in mine


@pytest.mark.feature("USE-1")
def test_another_month_is_chosen_in_the_toolbar(as_manager: Client) -> None:
    before = add_months(this_month(), -1)
    line = builders.data_account(starts_on=date(2020, 1, 1))
    use(line, 5 * GB)
    use(line, 9 * GB, before)
    text = listed(as_manager, state=f"{before:%Y-%m}")
    assert str(before) in text
    assert "9.0 GB" in text
    assert "5.0 GB" not in text
    assert "9.0 GB" not in listed(as_manager, state="1999-01")


@pytest.mark.feature("USE-1")
def test_it_sorts_by_usage_and_filters_by_status(as_manager: Client) -> None:
    for name, octets in (("a@isp.test", 2), ("b@isp.test", 3), ("c@isp.test", 1)):
        use(builders.data_account(username=name, blocked=name[0] == "c"), octets)
    text = listed(as_manager, sort="-used")
    assert text.index("b@isp.test") < text.index("a@isp.test") < text.index("c@isp.test")
    blocked = listed(as_manager, radius_status="blocked")
    assert "c@isp.test" in blocked
    assert "b@isp.test" not in blocked


@pytest.mark.feature("USE-2")
def test_the_file_has_every_row_in_plain_numbers(as_manager: Client) -> None:
    for n in range(30):
        use(builders.data_account(username=f"user-{n:02}@isp.test"), GB)
    notice = reverse(LIST) + "?export=csv"
    as_manager.post(notice, {"purpose": "Capacity planning", "understood": "on"})
    response = as_manager.get(notice)
    content = b"".join(response.streaming_content) if response.streaming else response.content
    rows = list(csv.DictReader(StringIO(content.decode("utf-8-sig"))))
    lines = [row for row in rows if row["Username"].startswith("user-")]
    assert len(lines) == 30
    assert lines[0]["Usage"] == str(GB)
    assert lines[0]["Radius Status"] == "Default Speed"


def test_a_page_costs_the_same_whatever_the_number_of_lines(as_manager: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            listed(as_manager, rows="100")
        return len(captured)

    use(builders.data_account(customer=builders.customer()), GB)
    listed(as_manager)
    few = queries()
    for _ in range(40):
        use(builders.data_account(customer=builders.customer()), GB)
    assert queries() == few
    assert few <= 16


@pytest.mark.feature("USE-3", "DAT-4")
def test_the_quick_total_combines_the_lines_of_a_customer(as_manager: Client, alice: Customer) -> None:
    for octets in (GB, 2 * GB):
        use(builders.data_account(customer=alice, package=builders.package(price="10.00")), octets)
    text = as_manager.get(reverse("radius:customer_usage_list")).content.decode()
    assert "3.0 GB" in text
    assert "R 20.00" in text
    assert f"{reverse('radius:usage_detail', args=[alice.pk])}?month={this_month():%Y-%m}" in text


@pytest.mark.feature("PRO-6", "PRO-7", "PRO-9", "PRO-15")
def test_the_widgets_of_the_profile_load_on_their_own(as_manager: Client, alice: Customer) -> None:
    profile = reverse("customers:customer_detail", args=[alice.pk])

    def widget(name: str) -> str:
        return as_manager.get(profile, {"widget": name}).content.decode()

    assert reverse("radius:data_account_add", args=[alice.pk]) in widget("data_accounts")
    assert "No data account yet" in widget("data_accounts")
    package = builders.package(title="Home", cap_octets=10 * GB)
    line = builders.data_account(
        customer=alice, package=package, username="ali@isp.test", custom_price="450.00"
    )
    use(line, 5 * GB)
    builders.session(data_account=line, framed_ip="100.64.0.7")
    builders.session(data_account=line, stopped_at=now(), terminate_cause="Lost-Carrier")
    AuthAttempt.objects.create(at=now(), username="ali@isp.test", data_account=line, code="MAC_MISMATCH")
    text = widget("data_accounts")
    for words in (
        "ali@isp.test",
        "Home",
        "R 450.00",
        "Custom Price",
        "20 Mb/s down",
        "(50 %)",
        "Default Speed",
    ):
        assert words in text
    assert "5.0 GB" in widget("data_usage")
    assert "100.64.0.7" in widget("active_sessions")
    assert "Lost-Carrier" in widget("previous_sessions")
    assert "another device" in widget("problems")


@pytest.mark.feature("USE-3")
def test_a_long_list_is_there_before_its_total(as_manager: Client, alice: Customer) -> None:
    package = builders.package()
    many = [
        DataAccount(customer=alice, username=f"line{n}", secret="x", package=package, starts_on=date(2026, 1, 1),
                    created_at=now())
        for n in range(2001)
    ]  # fmt: skip
    DataAccount.objects.bulk_create(many)
    UsageDay.objects.create(data_account=many[7], day=local_day(now()), download_octets=5 * GB)
    url = reverse("radius:usage_list")
    at_once = as_manager.get(url).content.decode()
    assert "2,001 accounts" in at_once
    assert "Adding up…" in at_once
    assert 'hx-get="?total=1"' in at_once
    later = as_manager.get(url, {"total": "1"}).content.decode()
    assert "Adding up…" not in later
    assert "5.0 GB</td>" in later[later.index("<tfoot") :]
