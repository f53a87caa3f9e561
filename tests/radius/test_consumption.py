"""The usage of a customer, block by block, and every number of it taken apart to the octet."""

import random
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling import sweeping
from ispbilling.core.clock import Period, add_months, day_end, day_start, local_day, month_of, now
from ispbilling.core.units import GB, format_octets
from radius.bundles import counting, granting, settling
from radius.bundles.models import BundleKind, Draw, Meter
from radius.consumption import explaining, limits, months, periods, summary
from radius.models import DataAccount, Session, UsageDay
from radius.usage.recording import Recorder
from radius.wire.usernames import Usernames
from tests import builders
from tests.radius.test_recording import packet

pytestmark = pytest.mark.django_db


def this_month() -> Period:
    return month_of(local_day(now()))


def count(*lines: DataAccount) -> None:
    ids = [line.pk for line in lines]
    settling.settle(ids, now())
    counting.count(ids, now())


def capped(customer: Customer, cap: int = 150 * GB, **kwargs) -> DataAccount:
    kwargs.setdefault("package", builders.package(cap_octets=cap))
    return builders.data_account(customer=customer, **kwargs)


def use(line: DataAccount, octets: int, day: date | None = None, upload: int = 0) -> None:
    day = day or this_month().start
    UsageDay.objects.create(data_account=line, day=day, download_octets=octets, upload_octets=upload)


def top_up(line: DataAccount, octets: int, **kwargs) -> None:
    granting.grant(
        line, BundleKind.TOPUP, octets, now(), source=f"sale:{octets}:{line.pk}", title="Top-up",
        expires_at=day_end(this_month().last), **kwargs,
    )  # fmt: skip


def url_of(customer: Customer) -> str:
    return reverse("radius:usage_detail", args=[customer.pk])


def page(client: Client, customer: Customer, **query: str) -> str:
    answer = client.get(reverse("radius:usage_detail", args=[customer.pk]), query)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@pytest.mark.feature("USE-7", "USE-8", "D-17")
def test_a_limit_is_split_into_what_it_is_made_of(as_manager: Client, alice: Customer) -> None:
    package = builders.package(title="10Mb/s Uncapped", cap_octets=150 * GB)
    line = capped(alice, username="test@test", package=package)
    use(line, 6 * GB)
    count(line)
    top_up(line, 31 * GB)
    builders.session(data_account=line, username=line.username)
    text = page(as_manager, alice)
    for words in (
        "6.0 GB of 181.0 GB",
        "181.0 GB ( 150.0 GB monthly + 31.0 GB top-up)",
        "3 %",
        "175.0 GB",
        "10Mb/s Uncapped",
        "20 Mb/s down",
        "Last access",
        "Default Speed",
    ):
        assert words in text, words
    assert "Data Usage for User Account: test@test" in text


@pytest.mark.feature("USE-7", "DAT-4", "USE-3")
def test_several_lines_are_shown_together_and_apart(as_manager: Client, alice: Customer) -> None:
    one, two = capped(alice, username="one@isp.test"), capped(alice, username="two@isp.test")
    use(one, 6 * GB)
    use(two, 4 * GB)
    count(one, two)
    both = page(as_manager, alice)
    assert "All data accounts 10.0 GB of 300.0 GB" in both
    assert "one@isp.test 6.0 GB of 150.0 GB" in both
    one_over = limits.together([limits.Limit(100, 20, 0, 150), limits.Limit(50, 0, 0, 10)])
    assert one_over is not None
    assert (one_over.left, one_over.over, one_over.used) == (
        40,
        30,
        160,
    )  # not 10 left: the other line has 40
    parts = reverse("radius:usage_parts", args=[alice.pk])
    assert as_manager.get(url_of(alice)).context["chart"].urls[0] == f"{parts}?day={this_month().start}"
    text = page_text(as_manager, parts, day=str(this_month().start))
    assert "one@isp.test 6,000,000,000 0 6,000,000,000" in text
    assert "Together 10,000,000,000 0 10,000,000,000" in text
    alone = page(as_manager, alice, account=str(two.pk))
    assert "Data Usage for User Account: two@isp.test" in alone
    assert "4.0 GB down" in alone
    other = builders.data_account(customer=builders.customer())
    url = reverse("radius:usage_detail", args=[alice.pk])
    assert as_manager.get(url, {"account": other.pk}).status_code == 404
    uncapped = builders.data_account(
        customer=alice, package=builders.package(cap_octets=None, cap_kind="uncapped")
    )
    assert "none: at least one data account is uncapped" in page(as_manager, alice)
    assert "none: uncapped" in page(as_manager, alice, account=str(uncapped.pk))


@pytest.mark.feature("USE-4", "USE-9")
@pytest.mark.parametrize(
    "query", ["month=2026-13", "month=9999-01", "year=x", "year=1999", "day=1", "month=2026-W01"]
)
def test_it_finds_nothing_for_a_time_that_is_none(as_manager: Client, alice: Customer, query: str) -> None:
    expected = 200 if query == "day=1" else 404
    assert (
        as_manager.get(reverse("radius:usage_detail", args=[alice.pk]) + f"?{query}").status_code == expected
    )
    line = builders.data_account(customer=alice)
    assert as_manager.get(reverse("radius:usage_explained", args=[line.pk]) + f"?{query}").status_code == 404


@pytest.mark.feature("USE-4")
def test_a_year_is_its_months_and_a_month_leads_to_its_days(as_manager: Client, alice: Customer) -> None:
    line = builders.data_account(customer=alice, starts_on=date(2020, 1, 1))
    before = add_months(this_month().start, -1)
    for day, octets in ((this_month().start, 5), (before, 9)):
        use(line, octets * GB, day)
    chosen = periods.year(before, local_day(now()))
    url = reverse("radius:usage_detail", args=[alice.pk])
    answer = as_manager.get(url, {"year": chosen.name})
    months = [day.total for day in answer.context["bars"]]
    assert len(months) == 12
    assert months[before.month - 1] == 9 * GB
    assert f"month={before:%Y-%m}" in answer.context["chart"].urls[before.month - 1]
    answer = as_manager.get(url, {"month": f"{before:%Y-%m}"})
    assert answer.context["chart"].urls[0] == (
        reverse("radius:usage_explained", args=[line.pk]) + f"?day={before}"
    )
    assert answer.context["chosen"].before.period.end == before


@pytest.mark.feature("USE-5", "USE-6")
def test_the_banners_tell_what_is_the_matter(as_manager: Client, alice: Customer) -> None:
    master = builders.customer(code="WON001", name="Wonderland", is_master=True)
    reseller = builders.customer(name="Rabbit Networks", is_reseller=True)
    Customer.objects.filter(pk=alice.pk).update(master=master, reseller=reseller)
    gates.close(alice, GateKind.SUSPENDED, now(), actor=None, since=now() + timedelta(days=3))
    gates.cancel(alice, local_day(now()) + timedelta(days=9), now(), actor=None, reason="moves")
    text = page(as_manager, alice)
    assert "Sub-account of Wonderland (WON001)" in text
    assert "Customer of the reseller Rabbit Networks" in text
    assert "Queued for suspension on" in text
    assert "Cancelling: the last day of service is" in text
    assert "This customer had no data account in service then" in text
    found = as_manager.get(reverse("radius:usage_choose"), {"q": "Wonder"})
    assert found["Location"] == reverse("radius:usage_detail", args=[master.pk])


@pytest.mark.feature("USE-10")
def test_the_billing_summary_comes_from_billing(as_manager: Client, alice: Customer) -> None:
    builders.invoice(alice, "520.87", "78.13", on=local_day(now()))
    url = reverse("radius:usage_detail", args=[alice.pk])
    assert "?widget=billing_summary" in as_manager.get(url).content.decode()
    text = as_manager.get(url, {"widget": "billing_summary"}).content.decode()
    assert text.count("R 599.00") == 2  # the balance, and this month's
    assert f"since={this_month().start}&amp;until={this_month().last}" in text


@pytest.mark.feature("USE-1", "USE-2")
def test_the_list_has_caps_and_topups_and_finds_who_is_nearly_through(
    as_manager: Client, alice: Customer
) -> None:
    line, idle = capped(alice, username="busy@isp.test"), capped(alice, username="idle@isp.test")
    use(line, 160 * GB)
    count(line, idle)
    top_up(line, 31 * GB, draws_from=day_start(this_month().start))
    url = reverse("radius:usage_list")
    text = page_text(as_manager, url)
    for words in ("busy@isp.test", "150.0 GB", "31.0 GB", "160.0 GB", "88 %"):
        assert words in text, words
    assert "idle@isp.test" in text
    near = page_text(as_manager, url, over="80")
    assert "busy@isp.test" in near
    assert "idle@isp.test" not in near
    assert "busy@isp.test" not in page_text(as_manager, url, over="89")
    group = builders.group(title="Others")
    assert "busy@isp.test" not in page_text(as_manager, url, group=str(group.pk))
    last_month = f"{add_months(this_month().start, -1):%Y-%m}"
    assert "busy@isp.test" not in page_text(as_manager, url, over="1", state=last_month)


@pytest.mark.feature("USE-1", "USE-2")
def test_it_is_sorted_and_filtered_by_what_a_sweep_added_up_and_shows_what_is(
    as_manager: Client, alice: Customer
) -> None:
    """So that a list of 100,000 lines adds up the lines of one page alone."""
    month, url = this_month(), reverse("radius:usage_list")
    half, most = (capped(alice, 10 * GB, username=f"{name}@isp.test") for name in ("half", "most"))
    uncapped = builders.package(cap_octets=None, cap_kind="uncapped")
    free = builders.data_account(customer=alice, username="free@isp.test", package=uncapped)
    for line, octets in ((half, 5), (most, 9), (free, 7)):
        use(line, octets * GB)
    count(half, most)

    def order(sort: str) -> list[str]:
        names = re.findall(r"(\w+)@isp.test", page_text(as_manager, url, sort=sort))
        return list(dict.fromkeys(names))

    by_hand = order("-used"), order("used")
    assert sweeping.run("usage_months", now()).applied >= 1
    assert months.store(month) == 0
    with CaptureQueriesContext(connection) as captured:
        assert (
            (order("-used"), order("used")) == by_hand == (["most", "free", "half"], ["half", "free", "most"])
        )
    sorts = [
        query["sql"]
        for query in captured
        if 'ORDER BY kept."used_octets"' in query["sql"].replace('"kept"', "kept")
    ]
    assert len(sorts) == 2
    assert not any("radius_usageday" in sql for sql in sorts)
    near = page_text(as_manager, url, over="80")
    assert "most@isp.test" in near
    assert "half@isp.test" not in near
    assert "free@isp.test" not in near
    with CaptureQueriesContext(connection) as captured:
        as_manager.get(url, {"sort": "-used", "group": alice.group_id, "package": half.package_id})
    counts = [query["sql"] for query in captured if query["sql"].startswith("SELECT COUNT(*)")]
    assert counts
    assert not any("radius_usageday" in sql for sql in counts)
    # What was used since stands at its place on the page, with the number of now.
    use(half, 6 * GB, local_day(now()) if local_day(now()) > month.start else month.last)
    assert order("-used") == ["half", "most", "free"]
    assert "11.0 GB" in page_text(as_manager, url, sort="-used")


@pytest.mark.feature("USE-8", "D-21")
def test_it_says_since_when_nothing_is_left_and_when_there_is_again(
    as_manager: Client, alice: Customer
) -> None:
    line = capped(alice, package=builders.package(cap_octets=150 * GB, add_overusage_on_topup=True))
    use(line, 160 * GB)
    count(line)
    text = page(as_manager, alice)
    assert "Capped" in text
    assert f"data again {this_month().end} 00:00" in text
    top_up(line, 31 * GB)
    text = page(as_manager, alice)
    assert "data again" not in text
    # What was bought starts now: all of it is left, and what was over the cap before is still over.
    assert "Left 31.0 GB" in text
    assert "Over the limit 10.0 GB" in text
    said = summary.together(summary.summary(alice, this_month(), now()))
    assert said == "160.0 GB of 181.0 GB used, 31.0 GB left, 10.0 GB over"


def page_text(client: Client, url: str, **query: str) -> str:
    answer = client.get(url, query)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_what_the_meter_says_is_what_the_bundles_say(alice: Customer) -> None:
    """The month that runs is read from the meter, every other one from bundles and draws: they agree."""
    dice = random.Random(6)
    lines = [capped(alice, cap=dice.randrange(1, 200) * GB) for _ in range(8)]
    for line in lines:
        use(line, dice.randrange(1, 250) * GB)
    count(*lines)
    for line in lines[::2]:
        top_up(line, dice.randrange(1, 90) * GB)
    rows = limits.with_limits(DataAccount.objects.order_by("pk"), this_month())
    metered = [limits.of(row) for row in rows]
    Meter.objects.all().delete()
    assert [limits.of(row) for row in rows.all()] == metered
    assert all(metered)


@pytest.mark.feature("USE-3", "USE-8", "USE-9")
def test_the_totals_of_a_month_are_the_sum_of_their_parts(as_manager: Client, alice: Customer) -> None:
    """Sessions over midnights, a cap, a top-up and what goes over both: to the octet, per day and together."""
    line, nas = capped(alice, cap=5_000_000_007, username="alice@isp.test"), builders.nas()
    connection.ensure_connection()
    recorder, dice = Recorder(connection.connection, Usernames()), random.Random(11)
    start = int(day_start(this_month().start - timedelta(days=40)).timestamp())
    at, end = start, int(now().timestamp())
    number = 0
    while at < end - 40_000:
        number, up, down, seconds = number + 1, 0, 0, 0
        for _interim in range(dice.randrange(1, 5)):
            seconds += dice.randrange(600, 30_000)
            up, down = up + dice.randrange(10**7), down + dice.randrange(10**9)
            moment = min(at + seconds, end)
            recorder.record([
                packet("Interim-Update", moment, nas, session=f"s-{number}", seconds=seconds, up=up, down=down,
                       received=moment)
            ])  # fmt: skip
        at += seconds + 3_600
    count(line)
    top_up(line, 1_000_000_003)
    month = this_month()
    found = explaining.explain(line, month)
    days = UsageDay.objects.filter(data_account=line, day__gte=month.start, day__lt=month.end)
    assert found.total == sum(day.upload_octets + day.download_octets for day in days) > 0
    assert found.not_kept == 0
    assert found.in_sessions == found.total == sum(share.total for share in found.sessions)
    assert (
        sum(found.drawn_from(bundle) for bundle in found.bundles) + found.over + found.not_drawn
        == found.total
    )
    for day in found.days:
        assert sum(day.drawn.values()) + day.not_drawn == day.total == day.sessions
    (row,) = limits.with_limits(DataAccount.objects.filter(pk=line.pk), month)
    assert limits.of(row).used == found.total
    pieces = explaining.by_kind([line.pk], month, found.total)
    assert sum(piece.octets for piece in pieces) == found.total
    url = reverse("radius:usage_explained", args=[line.pk])
    text = page_text(as_manager, url)
    assert f"{found.total:,}" in text
    busiest = max(found.days, key=lambda day: day.total)
    one = page_text(as_manager, url, day=str(busiest.day))
    assert f"{busiest.total:,}" in one
    year = periods.year(month.start, local_day(now()))
    whole = explaining.explain(line, year.period)
    parts = explaining.by_month(whole.days)
    assert [part.total for part in parts if part.day == month.start] == [found.total]
    assert sum(part.total for part in parts) == whole.total
    assert sum(sum(part.drawn.values()) + part.not_drawn for part in parts) == whole.total
    assert f"{whole.total:,} octets ( {format_octets(whole.total)} ) in {year.name}:" in page_text(
        as_manager, url, year=year.name
    )
    Session.objects.all().delete()
    assert "In no kept session" in page_text(as_manager, url)


def test_a_page_costs_the_same_whatever_is_on_it(as_manager: Client, alice: Customer) -> None:
    def queries(url: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert as_manager.get(url).status_code == 200
        return len(captured)

    urls = [reverse("radius:usage_detail", args=[alice.pk]), reverse("radius:usage_list")]
    urls.append(reverse("radius:usage_explained", args=[capped(alice).pk]))
    for url in urls:
        queries(url)
    lines = [capped(alice)]
    use(lines[0], GB)
    count(*lines)
    few = [queries(url) for url in urls]
    more = [capped(alice) for _ in range(12)]
    for line in more:
        use(line, GB)
    count(*more)
    for line in more[:5]:
        top_up(line, GB)
    assert [queries(url) for url in urls] == few
    assert max(few) <= 24
    assert Draw.objects.exists()


def test_periods_are_read_strictly() -> None:
    today = datetime(2026, 11, 22, tzinfo=UTC).date()
    assert periods.chosen({}, today).name == "2026-11"
    assert periods.chosen({"year": "2025"}, today).months[-1].start == date(2025, 1, 1)
    assert periods.chosen({"month": "2026-10"}, today).after.name == "2026-11"
    assert periods.chosen({}, today).after is None
    assert periods.days({"day": "2026-11-03"}, today).days == 1
    for wrong in ({"month": "2026-12"}, {"day": "2026-11-23"}, {"day": "20261103"}, {"year": "02026"}):
        with pytest.raises(ValueError):  # noqa: PT011 - whichever
            periods.days(wrong, today)
