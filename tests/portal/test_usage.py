"""Usage by day, by month and by line."""

import re
from datetime import date

import pytest
from django.test import Client

from customers.models import Customer
from ispbilling.core.clock import add_months, day_end, month_of, now
from ispbilling.core.units import GB
from portal.graph import Graph, round_up
from radius.bundles import counting, granting, settling
from radius.bundles.models import BundleKind
from radius.models import DataAccount, UsageDay
from radius.usage.totals import Day
from tests import builders
from tests.portal.conftest import text


def test_it_draws_a_bar_for_every_day_and_the_table_behind_it(
    as_alice: Client, line: DataAccount, today: date
) -> None:
    page = as_alice.get("/portal/usage/")
    assert text(page).count("<g><title>") == page.context["month"].days
    assert f"{today}: 25.0 GB down, 5.0 GB up" in text(page)
    assert f">{today}</a></td>" in text(page)


@pytest.mark.feature("USE-4")
def test_it_shows_another_month(as_alice: Client, line: DataAccount, today: date) -> None:
    before = add_months(today.replace(day=1), -1)
    UsageDay.objects.create(data_account=line, day=before, download_octets=GB, upload_octets=0)
    page = text(as_alice.get("/portal/usage/", {"month": f"{before:%Y-%m}"}))
    assert "1.0 GB" in page
    assert "30.0 GB" not in page


@pytest.mark.feature("DAT-4")
def test_it_shows_all_lines_together_or_one(
    as_alice: Client, alice: Customer, line: DataAccount, today: date
) -> None:
    second = builders.data_account(customer=alice)
    UsageDay.objects.create(data_account=second, day=today, download_octets=10 * GB, upload_octets=0)
    assert "40.0 GB" in text(as_alice.get("/portal/usage/"))
    assert "10.0 GB</span></h2>" in text(as_alice.get("/portal/usage/", {"account": second.pk}))


@pytest.mark.parametrize(
    "query", ["month=2026-13", "month=x", "month=9999-01", "account=x", "account=999999"]
)
def test_it_finds_nothing_for_an_address_that_means_nothing(as_alice: Client, query: str) -> None:
    assert as_alice.get(f"/portal/usage/?{query}").status_code == 404


def test_it_does_not_know_anothers_line(as_alice: Client, bob: Customer) -> None:
    other = builders.data_account(customer=bob)
    assert as_alice.get("/portal/usage/", {"account": other.pk}).status_code == 404


@pytest.mark.parametrize(("octets", "top"), [(0, 1), (1, 1), (3, 4), (30 * GB, 40 * GB), (10 * GB, 10 * GB)])
def test_the_axis_ends_at_a_round_number(octets: int, top: int) -> None:
    assert round_up(octets) == top


def test_bars_stand_on_the_ground_and_fit() -> None:
    (bar,) = Graph.of([Day(date(2026, 11, 1), upload=2, download=3)]).bars
    assert (bar.download_y, bar.download_height) == ("50.00", "50.00")
    assert (bar.upload_y, bar.upload_height) == ("16.67", "33.33")


@pytest.mark.feature("USE-7", "USE-8")
def test_it_tells_what_is_left_of_each_bundle_and_until_when(
    as_alice: Client, line: DataAccount, today: date
) -> None:
    settling.settle([line.pk], now())
    counting.count([line.pk], now())
    last = month_of(today).last
    granting.grant(
        line,
        BundleKind.TOPUP,
        20 * GB,
        now(),
        source="sale:1",
        title="Weekend data",
        expires_at=day_end(last),
    )
    page = re.sub(r"<[^>]+>", "", text(as_alice.get("/portal/usage/")))
    assert "30.0 GB of 120.0 GB used (100.0 GB monthly + 20.0 GB top-up)" in page
    assert "90.0 GB left" in page
    assert "Weekend data" in page
    assert "20.0 GB left" in page
    assert f"until {last}" in page
    assert "120.0 GB used" in re.sub(r"<[^>]+>", "", text(as_alice.get("/portal/")))


@pytest.mark.feature("USE-7")
def test_a_day_opens_into_its_bundles_and_connections(
    as_alice: Client, alice: Customer, bob: Customer, line: DataAccount, today: date
) -> None:
    settling.settle([line.pk], now())
    counting.count([line.pk], now())
    assert f"/portal/usage/day/?day={today}" in text(as_alice.get("/portal/usage/"))
    page = re.sub(
        r"<[^>]+>", "", text(as_alice.get("/portal/usage/day/", {"day": today, "account": line.pk}))
    )
    assert "30.0 GB25.0 GB down, 5.0 GB up" in page
    assert f"Monthly data {today:%B %Y}30.0 GB" in page
    assert "Connections that are not kept any more30.0 GB" in page
    other = builders.data_account(customer=bob)
    for wrong in ({"day": "2026-13-01"}, {"day": "9999-01-01"}, {"day": "20261122"}, {"account": other.pk}):
        assert as_alice.get("/portal/usage/day/", wrong).status_code == 404
