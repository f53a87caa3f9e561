"""Package changes on screen: asked for, previewed, made once, taken back, and refused in words."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Document
from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core import clock
from ispbilling.core.clock import add_months
from ispbilling.core.models import Event, Role
from radius.accounts import lines
from radius.bundles import counting, granting
from radius.models import DataAccount, PackageChange, UsageDay
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("PKC-1", "PKC-2", "PKC-3")]
D = Decimal


def today() -> date:
    return clock.local_day(clock.now())


@pytest.fixture
def as_support(client: Client) -> Client:
    """Whoever changes packages and may not do so from a day that has passed."""
    client.force_login(builders.staff(Role.SUPPORT))
    return client


@pytest.fixture
def line(alice: Customer) -> DataAccount:
    package = builders.package(title="10 Mb/s", price=D("599.00"))
    account = builders.data_account(customer=alice, package=package, starts_on=date(2026, 1, 1))
    builders.recurring_line(customer=alice, data_account=account, description="10 Mb/s")
    return account


def asked(client: Client, line: DataAccount, package: Any, **more: Any) -> Any:
    """The form, sent as a browser sends it: its hidden token, then what is typed."""
    url = reverse("billing:package_change_add", args=[line.customer_id])
    token = client.get(url).context["form"].first.fields["token"].initial()
    return client.post(url, {"token": token, "line": line.pk, "package": package.pk, **more}, follow=True)


def confirmed(client: Client, answer: Any, **more: Any) -> Any:
    """What was previewed, sent with it."""
    data = {**answer.context["form"].first.data.dict(), "previewed": answer.context["preview"].digest, **more}
    return client.post(answer.request["PATH_INFO"], data, follow=True)


def test_it_is_previewed_then_made_once_and_shown_everywhere(as_manager: Client, line: DataAccount) -> None:
    fast = builders.package(title="20 Mb/s", price=D("899.00"), cap_octets=200 * 10**9)
    answer = asked(as_manager, line, fast)
    preview = answer.context["preview"]
    assert (preview.wanted.on, preview.price_before, preview.price_after) == (
        today(),
        D("599.00"),
        D("899.00"),
    )
    assert (preview.cap_before, preview.cap_after) == (100 * 10**9, 200 * 10**9)
    assert b"What will happen" in answer.content
    assert not PackageChange.objects.exists()
    assert not Event.objects.filter(kind__startswith="package_change").exists()

    made = confirmed(as_manager, answer)
    assert f"has 20 Mb/s from {today()}".encode() in made.content
    confirmed(as_manager, answer)  # a double click
    change = PackageChange.objects.get()
    line.refresh_from_db()
    assert (change.state, line.package) == ("applied", fast)

    for url in (
        reverse("billing:package_change_list") + "?state=applied",
        change.get_absolute_url(),
        reverse("customers:customer_detail", args=[line.customer_id]) + "?widget=package_changes",
        reverse("radius:data_account_detail", args=[line.pk]) + "?widget=package_changes",
    ):
        assert b"20 Mb/s" in as_manager.get(url).content

    undo = reverse("billing:package_change_undo", args=[change.pk])
    assert b"10 Mb/s again" in as_manager.get(undo).content
    as_manager.post(undo, {"reason": "wrong line"})
    line.refresh_from_db()
    change.refresh_from_db()
    assert (change.state, change.reason, line.package.title) == ("undone", "wrong line", "10 Mb/s")


def test_who_has_used_more_than_the_new_cap_is_told_before(as_manager: Client, line: DataAccount) -> None:
    UsageDay.objects.create(data_account=line, day=today().replace(day=1), download_octets=60 * 10**9)
    counting.count([line.pk], clock.now())
    small = builders.package(title="20 Mb/s", price=D("899.00"), cap_octets=50 * 10**9)
    preview = asked(as_manager, line, small).context["preview"]
    assert (
        "60.0 GB of 50.0 GB are used already: the line is cut off until the month ends or more is bought."
        in preview.notes
    )
    enough = builders.package(title="30 Mb/s", price=D("999.00"), cap_octets=70 * 10**9)
    assert not any(
        "are used already" in note for note in asked(as_manager, line, enough).context["preview"].notes
    )


def test_what_is_cheaper_waits_for_the_first_of_the_month_and_can_be_cancelled(
    as_manager: Client, line: DataAccount
) -> None:
    slow = builders.package(title="5 Mb/s", price=D("299.00"))
    answer = asked(as_manager, line, slow, comment="too dear")
    assert answer.context["preview"].wanted.on == add_months(today().replace(day=1), 1)
    confirmed(as_manager, answer)
    change = PackageChange.objects.get()
    line.refresh_from_db()
    assert (change.state, change.comment, line.package.title) == ("scheduled", "too dear", "10 Mb/s")
    as_manager.post(reverse("billing:package_change_cancel", args=[change.pk]))
    change.refresh_from_db()
    assert change.state == "cancelled"
    as_manager.post(reverse("billing:package_change_restore", args=[change.pk]))
    change.refresh_from_db()
    assert change.state == "scheduled"


def test_what_is_agreed_to_cost_less_waits_as_well(as_manager: Client, line: DataAccount) -> None:
    fast = builders.package(title="20 Mb/s", price=D("899.00"))
    answer = asked(as_manager, line, fast, monthly_price="500.00")
    assert answer.context["preview"].wanted.on == add_months(today().replace(day=1), 1)


def test_a_preview_that_is_not_true_any_more_is_shown_again(as_manager: Client, line: DataAccount) -> None:
    fast = builders.package(title="20 Mb/s", price=D("899.00"))
    answer = asked(as_manager, line, fast)
    fast.price = D("999.00")
    fast.save(update_fields=["price"])
    again = confirmed(as_manager, answer)
    assert again.context["preview"].price_after == D("999.00")
    assert not PackageChange.objects.exists()
    confirmed(as_manager, again)
    assert PackageChange.objects.count() == 1


@pytest.mark.parametrize(
    ("prepare", "more", "said"),
    [
        ("same", {}, "already; choose another package"),
        ("cancelled", {"activates_on": 40}, "a change after it would never take effect"),
        ("ended", {"activates_on": 40}, "a change after it would never take effect"),
        ("prepaid", {}, "is prepaid"),
        ("", {"activates_on": -3}, "has passed"),
        ("", {"activates_on": 4000}, "months ahead"),
        ("", {"monthly_price": "1e3"}, "plainly"),
        ("twice", {"activates_on": 5}, "already; choose another package"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_nothing_is_lost(
    as_support: Client, line: DataAccount, prepare: str, more: dict[str, Any], said: str
) -> None:
    package, now = builders.package(title="20 Mb/s", price=D("899.00")), clock.now()
    if prepare == "same":
        package = line.package
    elif prepare == "cancelled":
        gates.cancel(line.customer, today() + timedelta(days=10), now, actor=None, reason="moves")
    elif prepare == "ended":
        lines.end(line, today() + timedelta(days=10), now, actor=None)
    elif prepare == "prepaid":
        granting.set_prepaid(line, now)
    if isinstance(more.get("activates_on"), int):
        more = {**more, "activates_on": today() + timedelta(days=more["activates_on"])}
    answer = asked(as_support, line, package, comment="kept", **more)
    if prepare == "twice":
        confirmed(as_support, answer)
        answer = asked(as_support, line, package, comment="kept", **more)
    assert said in answer.content.decode()
    assert "kept" in answer.content.decode()
    assert PackageChange.objects.count() == (prepare == "twice")
    assert not Document.objects.exists()


def test_a_blocked_or_suspended_line_is_changed_and_stays_so(as_manager: Client, line: DataAccount) -> None:
    lines.block(line, clock.now(), actor=None, reason="abuse")
    gates.close(line.customer, GateKind.SUSPENDED, clock.now(), actor=None, reason="owes")
    answer = asked(as_manager, line, builders.package(title="20 Mb/s", price=D("899.00")))
    assert "The line is blocked, and stays so." in answer.context["preview"].notes
    assert "The customer is suspended, and stays so." in answer.context["preview"].notes
    confirmed(as_manager, answer)
    line.refresh_from_db()
    assert (line.blocked, line.package.title) == (True, "20 Mb/s")
    assert line.customer.gates.closing(clock.now()).filter(kind=GateKind.SUSPENDED).exists()
