"""Pages about unused data: settings, a customer's own choices, transfers, consents, counting again, the report."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import Customer
from groups.models import Category
from ispbilling.core.clock import local_day, month_of, now
from ispbilling.core.models import Event
from ispbilling.core.units import GB
from radius.bundles import counting, settling
from radius.models import (
    CustomerDataExpiry,
    DataAccount,
    DataBundle,
    DataSettings,
    DataTransfer,
    NoticeChoice,
    UsageDay,
)
from radius.rolling import consenting
from radius.rolling.models import Door
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(alice: Customer) -> DataAccount:
    package = builders.package(title="Home 10", cap_octets=10 * GB, service_once_capped=None, cap_kind="hard")
    made = builders.data_account(customer=alice, package=package, username="alice@wonderland.com")
    settling.settle([made.pk], now())
    return made


def widget(client: Client, url: str, name: str = "data_expiry") -> str:
    response = client.get(f"{url}?widget={name}")
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.feature("SET-1")
def test_a_customer_has_an_expiry_of_its_own(as_manager: Client, line: DataAccount) -> None:
    shown = widget(as_manager, line.customer.get_absolute_url())
    assert "Unused monthly data: no rollover (settings)" in shown
    url = reverse("radius:data_expiry_edit", args=[line.customer_id])
    assert "As for everybody: no rollover (settings)" in as_manager.get(url).content.decode()
    as_manager.post(url, {"monthly_months": "3", "topup_months": ""})
    stored = CustomerDataExpiry.objects.get()
    assert (stored.monthly_months, stored.topup_months) == (3, None)
    assert "rollover for 3 months (customer)" in widget(as_manager, line.customer.get_absolute_url())
    event = Event.objects.get(kind="customer.data_expiry_edited")
    assert event.data["changes"] == {"monthly_months": [None, 3]}
    as_manager.post(url, {"monthly_months": "13", "topup_months": ""})
    as_manager.post(url, {"monthly_months": "3", "topup_months": ""})  # nothing changes, nothing is recorded
    assert Event.objects.filter(kind="customer.data_expiry_edited").count() == 1


@pytest.mark.feature("SET-1", "GRP-9")
def test_settings_groups_and_categories_have_their_say(as_manager: Client, line: DataAccount) -> None:
    shown = as_manager.get(reverse("core:provider_edit")).context["form"]
    everything = {
        field.html_name: field.value()
        for _, form in shown
        for field in form
        if field.value() is not None and field.value() is not False and not hasattr(field.value(), "url")
    }
    told = {"data-rollover_months": "2"}
    response = as_manager.post(reverse("core:provider_edit"), {**everything, **told})
    assert response.status_code == 302, [vars(one) for one in response.context["error_lines"]]
    assert DataSettings.get().rollover_months == 2
    assert Event.objects.get(kind="data_settings.edited").data["changes"] == {"rollover_months": [0, 2]}
    assert "rollover for 2 months (settings)" in widget(as_manager, line.get_absolute_url())
    as_manager.post(
        reverse("groups:category_add"),
        {"title": "Hoarders", "colour": "blue", "rollover_months": "5", "rollover_topup_months": ""},
    )
    line.customer.categories.add(Category.objects.get())
    assert "rollover for 5 months (category)" in widget(as_manager, line.get_absolute_url())


@pytest.mark.feature("W-15")
def test_notices_are_chosen_by_staff_and_in_the_portal(as_manager: Client, line: DataAccount) -> None:
    as_manager.post(reverse("radius:notices_edit", args=[line.customer_id]), {"levels": ["80", "100"]})
    assert NoticeChoice.objects.get().wanted == (80, 100)
    assert "Notices of used data: 80 %, 100 %" in widget(as_manager, line.customer.get_absolute_url())
    portal = Client()
    portal.force_login(builders.portal_user(line.customer))
    portal.post(reverse("portal:data"), {"levels": ["50"]})
    assert NoticeChoice.objects.get().wanted == (50,)
    portal.post(reverse("portal:data"), {"levels": ["33"]})
    assert NoticeChoice.objects.get().wanted == (50,)


@pytest.mark.feature("W-15")
def test_data_is_transferred_and_taken_back(as_manager: Client, line: DataAccount, bob: Customer) -> None:
    bundle = builders.data_bundle(line, 10)
    other = builders.data_account(customer=bob, package=line.package, username="bob@wonderland.com")
    settling.settle([other.pk], now())
    url = reverse("radius:bundle_transfer", args=[bundle.pk])
    assert url in widget(as_manager, line.get_absolute_url(), "bundles")
    told = {"token": str(uuid4()), "username": "BOB@wonderland.com", "octets": "4 GB", "note": "As agreed"}
    for wrong in (
        {"username": "nobody@x.test"},
        {"octets": "many"},
        {"octets": "0"},
        {"octets": "11 GB"},
        {"token": "x"},
    ):
        answer = as_manager.post(url, {**told, **wrong})
        assert answer.status_code == 200
        assert not DataTransfer.objects.exists()
    for _ in range(2):
        as_manager.post(url, told)
    transfer = DataTransfer.objects.get()
    assert (transfer.octets, transfer.to_bundle.data_account) == (4 * GB, other)
    assert "bob@wonderland.com" in as_manager.get(reverse("radius:transfer_list")).content.decode()
    as_manager.post(reverse("radius:transfer_undo", args=[transfer.pk]))
    bundle.refresh_from_db()
    assert bundle.octets == 10 * GB
    assert (
        "taken back already"
        in as_manager.get(reverse("radius:transfer_undo", args=[transfer.pk])).content.decode()
    )


@pytest.mark.feature("W-15")
def test_customers_give_data_in_the_portal_while_that_is_on(line: DataAccount, bob: Customer) -> None:
    bundle, own = builders.data_bundle(line, 10), builders.data_account(customer=bob, package=line.package)
    settling.settle([own.pk], now())
    portal = Client()
    portal.force_login(builders.portal_user(line.customer))
    page = portal.get(reverse("portal:data")).content.decode()
    assert "10.0 GB" in page
    url = reverse("portal:data_give", args=[bundle.pk])
    assert url in page
    portal.post(url, {"token": str(uuid4()), "username": own.username, "octets": "1,5 GB", "note": ""})
    assert DataTransfer.objects.get().octets == 15 * GB // 10
    thief = Client()
    thief.force_login(builders.portal_user(bob))
    assert thief.get(url).status_code == 404
    DataSettings.objects.update(transfers_in_portal=False)
    assert portal.get(url).status_code == 404


@pytest.mark.feature("W-15")
def test_consents_are_recorded_and_withdrawn(as_manager: Client, line: DataAccount) -> None:
    as_manager.post(
        reverse("radius:consent_add", args=[line.pk]), {"door": Door.STAFF, "words": "Agreed by telephone"}
    )
    assert consenting.consented(line)
    assert "Agreed by telephone" in as_manager.get(reverse("radius:consent_list")).content.decode()
    portal = Client()
    portal.force_login(builders.portal_user(line.customer))
    assert "Agreed by telephone" in portal.get(reverse("portal:data")).content.decode()
    for _ in range(2):
        portal.post(reverse("portal:data_consent_withdraw", args=[line.pk]))
    assert not consenting.consented(line)
    assert Event.objects.filter(kind="data_account.out_of_bundle_refused").count() == 1


@pytest.mark.feature("SET-1")
def test_a_month_is_counted_again_with_a_reason(as_manager: Client, line: DataAccount) -> None:
    DataSettings.objects.update(rollover_months=1)
    this = month_of(local_day(now()))
    begins, ended = this.start - timedelta(days=31), now().replace(microsecond=0) - timedelta(days=3)
    parent = builders.data_bundle(line, 10, at=ended - timedelta(days=20), expires_at=ended)
    day = local_day(ended - timedelta(days=2))
    UsageDay.objects.create(data_account=line, day=day, download_octets=0, upload_octets=0)
    child = builders.data_bundle(line, 4, kind="rollover", parent=parent, rolled_count=1, price=0)
    assert begins < this.start
    url = reverse("radius:month_recount", args=[line.pk])
    answer = as_manager.post(url, {"month": f"{this.start}", "reason": "The NAS counted twice"}, follow=True)
    child.refresh_from_db()
    assert child.octets == 10 * GB
    assert "is counted again" in answer.content.decode()
    event = Event.objects.get(kind="data_bundle.rollover_adjusted")
    assert event.data["because"] == "The NAS counted twice"
    assert counting.count([line.pk], now()) == []
    assert DataBundle.objects.get(pk=parent.pk).octets == 10 * GB


@pytest.mark.feature("W-15")
def test_the_report_of_a_month_cites_every_sub_regulation(as_manager: Client, line: DataAccount) -> None:
    page = as_manager.get(reverse("radius:compliance") + "?month=garbage").content.decode()
    for cite in ("8A(1)", "8A(2)(a)", "8A(2)(b)", "8A(2)(c)", "8A(3)", "8A(4)", "8A(5)", "8A(6)", "8A(7)"):
        assert cite in page
    DataSettings.objects.update(regulation_from=None)
    assert "does not apply" in as_manager.get(reverse("radius:compliance")).content.decode()
