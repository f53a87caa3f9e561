"""Pages of data accounts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from customers.models import Customer
from ispbilling.core import taken
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Event, Role
from ispbilling.core.units import GB
from radius.models import CoaAttempt, DataAccount, Package, UsageDay
from tests import builders

pytestmark = pytest.mark.django_db


def today() -> date:
    return local_day(now())


def form(package: Package, **kwargs: str) -> dict[str, str]:
    return {
        "username": "ali001@isp.test",
        "secret": "router-secret",
        "package": str(package.pk),
        "custom_price": "",
        "medium": "fibre",
        "starts_on": str(today()),
        "framed_ip": "",
        "framed_ipv6_prefix": "",
        "delegated_ipv6_prefix": "",
        "port_lock": "",
        "mac_lock": "",
        "nas_lock": "",
        **kwargs,
    }


def url(verb: str, account: DataAccount) -> str:
    return reverse(f"radius:data_account_{verb}", args=[account.pk])


@pytest.mark.feature("DAT-3", "D-17")
def test_the_add_form_proposes_and_shows_what_a_package_gives(as_manager: Client, alice: Customer) -> None:
    builders.package(title="10Mb/s Uncapped", cap_octets=GB)
    builders.package(title="Gone", active=False)
    text = as_manager.get(reverse("radius:data_account_add", args=[alice.pk])).content.decode()
    assert 'value="ali001"' in text
    assert "10Mb/s Uncapped: 20 Mb/s down, 10 Mb/s up, cap 1.0 GB, R 599.00" in text
    assert "Gone" not in text


@pytest.mark.feature("DAT-3", "DAT-6")
def test_it_adds_a_line_with_its_own_price_and_address(as_manager: Client, alice: Customer) -> None:
    data = form(
        builders.package(), custom_price="499.00", framed_ip="10.1.1.1", mac_lock="00-1a-2B-3c-4d-5e",
        framed_ipv6_prefix="2001:db8:42::/64", delegated_ipv6_prefix="2001:DB8:43::/56", port_lock="ether1",
    )  # fmt: skip
    response = as_manager.post(reverse("radius:data_account_add", args=[alice.pk]), data)
    account = DataAccount.objects.get()
    assert response.url == account.get_absolute_url()
    assert (account.customer, account.secret, str(account.price)) == (alice, "router-secret", "499.00")
    assert (account.framed_ip, account.mac_lock) == ("10.1.1.1", "00:1A:2B:3C:4D:5E")
    assert (account.framed_ipv6_prefix, account.port_lock) == ("2001:db8:42::/64", "ether1")
    assert account.delegated_ipv6_prefix == "2001:db8:43::/56"
    assert Event.objects.get(kind="data_account.added").about_id == alice.pk


def test_mac_authentication_needs_the_username_to_be_a_mac_nobody_else_logs_in_by(
    as_manager: Client, alice: Customer
) -> None:
    add, package = reverse("radius:data_account_add", args=[alice.pk]), builders.package()

    def post(username: str):
        return as_manager.post(add, form(package, username=username, mac_authentication="on"))

    assert "the username must be the device&#x27;s MAC address" in post("alice").content.decode()
    assert (
        post("AA-BB-CC-DD-EE-0F").url == DataAccount.objects.get(mac_authentication=True).get_absolute_url()
    )
    assert "Another data account logs in by this MAC address" in post("aabb.ccdd.ee0f").content.decode()
    assert DataAccount.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "two words"),
        ("username", "TAKEN@isp.test"),
        ("secret", ""),
        ("framed_ip", "10.0.0.256"),
        ("framed_ip", "10.5.5.5"),
        ("framed_ipv6_prefix", "2001:db8::1/64"),
        ("framed_ipv6_prefix", "2001:db8:5:6::/64"),
        ("delegated_ipv6_prefix", "2001:db8:77::/48"),
        ("framed_ipv6_prefix", "2001:db8:77:1::/64"),
        ("delegated_ipv6_prefix", "2001:db8:5:6::/64"),
        ("custom_price", "-1"),
    ],
)
def test_a_wrong_field_is_refused_and_nothing_typed_is_lost(
    as_manager: Client, alice: Customer, field: str, value: str
) -> None:
    builders.data_account(
        username="taken@isp.test", framed_ip="10.5.5.5", framed_ipv6_prefix="2001:db8:5::/48",
        delegated_ipv6_prefix="2001:db8:77:1::/64",
    )  # fmt: skip
    data = {**form(builders.package(), mac_lock="my router"), field: value}
    response = as_manager.post(reverse("radius:data_account_add", args=[alice.pk]), data)
    assert response.status_code == 200
    assert "my router" in response.content.decode()
    assert DataAccount.objects.count() == 1


@pytest.mark.feature("DAT-1")
def test_it_edits_without_asking_for_the_password(as_manager: Client) -> None:
    account = builders.data_account(secret="wire-secret")
    assert "wire-secret" not in as_manager.get(url("edit", account)).content.decode()
    data = form(account.package, username=account.username, starts_on="2026-01-01")
    assert as_manager.post(url("edit", account), data).status_code == 302
    account.refresh_from_db()
    assert (account.medium, account.secret) == ("fibre", "wire-secret")
    assert Event.objects.get(kind="data_account.edited").data["changes"] == {"medium": ["wireless", "fibre"]}


@pytest.mark.feature("DAT-2", "LIF-10")
def test_it_blocks_with_a_reason_and_offers_undo(as_manager: Client) -> None:
    account = builders.data_account()
    assert "Billing goes on" in as_manager.get(url("block", account)).content.decode()
    assert as_manager.post(url("block", account), {"reason": ""}).status_code == 200
    text = as_manager.post(url("block", account), {"reason": "spam"}, follow=True).content.decode()
    assert "Blocked: spam." in text
    assert url("unblock", account) in text
    as_manager.post(url("unblock", account))
    account.refresh_from_db()
    assert not account.blocked


def test_it_sets_a_last_day_but_not_in_the_past(as_manager: Client) -> None:
    account = builders.data_account()
    refused = as_manager.post(url("end", account), {"ends_on": str(today() - timedelta(days=1))})
    assert "has passed" in refused.content.decode()
    as_manager.post(url("end", account), {"ends_on": str(today())})
    account.refresh_from_db()
    assert account.ends_on == today()


def test_the_password_is_shown_for_a_reason_only(as_manager: Client, client: Client) -> None:
    account = builders.data_account(secret="wire-secret")
    assert "wire-secret" not in as_manager.get(account.get_absolute_url()).content.decode()
    assert "wire-secret" not in as_manager.post(url("reveal", account), {"reason": ""}).content.decode()
    shown = as_manager.post(url("reveal", account), {"reason": "new router"})
    assert "wire-secret" in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    assert Event.objects.get(kind="data_account.secret_revealed").data == {"reason": "new router"}
    client.force_login(builders.staff(Role.ACCOUNTS))
    assert client.post(url("reveal", account), {"reason": "curious"}).status_code == 403


def test_it_sets_another_password(as_manager: Client) -> None:
    account = builders.data_account()
    as_manager.post(url("secret", account), {"secret": "another-secret"})
    account.refresh_from_db()
    assert account.secret == "another-secret"
    assert "another-secret" not in str(list(Event.objects.values("data")))


@pytest.mark.feature("D-21")
def test_the_list_filters_by_status(as_manager: Client) -> None:
    builders.data_account(username="works@isp.test")
    builders.data_account(username="stopped@isp.test", blocked=True)
    text = as_manager.get(reverse("radius:data_account_list"), {"radius_status": "blocked"}).content.decode()
    assert "stopped@isp.test" in text
    assert "works@isp.test" not in text


@pytest.mark.feature("PRO-9", "USE-9")
def test_the_widgets_of_a_line_load_on_their_own(as_manager: Client, alice: Customer) -> None:
    account = builders.data_account(customer=alice, package=builders.package(cap_octets=10 * GB))
    UsageDay.objects.create(data_account=account, day=today(), upload_octets=GB, download_octets=4 * GB)
    session = builders.session(data_account=account, nas=builders.nas(name="Tower 7"), framed_ip="10.2.2.2")
    builders.auth_attempt(username=account.username, data_account=account, code="BAD_PASSWORD")
    CoaAttempt.objects.create(session=session, nas=session.nas, at=now(), because="SUSPENDED", outcome="ack")

    def widget(name: str) -> str:
        return as_manager.get(account.get_absolute_url(), {"widget": name}).content.decode()

    assert "50 %" in widget("data_usage")
    assert "10.2.2.2" in widget("active_sessions")
    assert "No session has ended yet" in widget("previous_sessions")
    assert "The password does not match" in widget("rejects")
    assert "The customer is suspended." in widget("coa")


def test_staff_who_may_only_read_get_no_verbs(client: Client) -> None:
    client.force_login(builders.staff(Role.READ_ONLY))
    account = builders.data_account()
    text = client.get(account.get_absolute_url()).content.decode()
    assert url("edit", account) not in text
    for verb in ("edit", "block", "end", "secret", "reveal"):
        assert client.get(url(verb, account)).status_code == 403


PREFIXES = ["framed_ipv6_prefix", "delegated_ipv6_prefix"]


@pytest.mark.parametrize("theirs", PREFIXES)
@pytest.mark.parametrize("field", PREFIXES)
def test_the_database_gives_no_prefix_twice(field: str, theirs: str) -> None:
    builders.data_account(**{theirs: "2001:db8:5::/48"})
    builders.data_account(**{theirs: "2001:db8:6::/48"})
    line = builders.data_account(
        framed_ipv6_prefix="2001:db8:7:1::/64", delegated_ipv6_prefix="2001:db8:7::/48"
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        builders.data_account(**{field: "2001:db8:5:1::/64"})
    with pytest.raises(IntegrityError), transaction.atomic():
        DataAccount.objects.filter(pk=line.pk).update(**{field: "2001:db8::/32"})


@pytest.mark.django_db(transaction=True)
def test_of_two_who_give_one_prefix_away_at_once_the_second_is_refused() -> None:
    """One as the link of a line, one as what is delegated to another: the second waits, and is told."""
    one, other = builders.data_account(), builders.data_account()

    def give() -> str:
        try:
            DataAccount.objects.filter(pk=other.pk).update(delegated_ipv6_prefix="2001:db8:5::/48")
        except IntegrityError as error:
            return taken.sentence(error, other)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(1) as second:
        with transaction.atomic():
            DataAccount.objects.filter(pk=one.pk).update(framed_ipv6_prefix="2001:db8:5:1::/64")
            waiting = second.submit(give)
            with pytest.raises(TimeoutError):
                waiting.result(0.2)
        assert waiting.result(10) == "Another data account has this prefix or a part of it."
