"""Pages of services and packages."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from ispbilling.core.clock import local_day, month_of, now
from ispbilling.core.models import Event, Role
from ispbilling.core.units import GB
from radius.bundles import settling
from radius.models import DataBundle, Package, Service, TopupGroup, TopupType
from tests import builders

pytestmark = pytest.mark.django_db
SERVICE = {
    "code": "20M-10M",
    "title": "Home 20",
    "down_kbps": "20",
    "up_kbps": "10.5",
    "authentication": "accept",
    "expires_on": "",
    "band_from": "",
    "band_to": "",
    "time_limit": "",
    "limit_type": "daily",
}
PACKAGE = {
    "title": "Home 150",
    "cap_kind": "hard",
    "cap_octets": "150 GB",
    "counts": "both",
    "bundle_starts": "purchase",
    "price": "599.00",
    "session_timeout": "86400",
    "interim_interval": "300",
    "framed_pool": "",
    "framed_ipv6_pool": "six",
    "delegated_ipv6_pool": "",
    "simultaneous_use": "1",
    "active": "on",
}


def page(client: Client, name: str, *args: object) -> str:
    response = client.get(reverse(f"radius:{name}", args=args))
    assert response.status_code == 200
    return response.content.decode()


def test_empty_lists_say_what_belongs_there(as_manager: Client) -> None:
    assert "A RADIUS service is a speed" in page(as_manager, "service_list")
    assert "a service (speed), a monthly cap and a price" in page(as_manager, "package_list")


def test_speeds_are_typed_in_mbps_and_kept_in_kbps(as_manager: Client) -> None:
    as_manager.post(reverse("radius:service_add"), SERVICE)
    service = Service.objects.get()
    assert (service.down_kbps, service.up_kbps) == (20_000, 10_500)
    assert Event.objects.get(kind="service.added").subject_id == service.pk
    assert 'value="10.5"' in page(as_manager, "service_edit", service.pk)
    assert "20 Mb/s" in page(as_manager, "service_list")


def test_an_unchanged_service_records_nothing(as_manager: Client) -> None:
    as_manager.post(reverse("radius:service_add"), SERVICE)
    service = Service.objects.get()
    as_manager.post(reverse("radius:service_edit", args=[service.pk]), SERVICE)
    assert not Event.objects.filter(kind="service.edited").exists()
    as_manager.post(reverse("radius:service_edit", args=[service.pk]), {**SERVICE, "down_kbps": "25"})
    assert Event.objects.get(kind="service.edited").data == {"changes": {"down_kbps": [20_000, 25_000]}}


@pytest.mark.parametrize("speed", ["-1", "fast", "0.0001", "1e99", "NaN", ""])
def test_a_speed_that_is_none_is_refused_at_the_field(as_manager: Client, speed: str) -> None:
    response = as_manager.post(reverse("radius:service_add"), {**SERVICE, "down_kbps": speed})
    assert response.status_code == 200
    assert "Nothing was saved" in response.content.decode()
    assert not Service.objects.exists()


def test_zero_means_zero(as_manager: Client) -> None:
    as_manager.post(reverse("radius:service_add"), {**SERVICE, "down_kbps": "0"})
    assert Service.objects.get().down_kbps == 0


HOURS = {"band_days": ["5", "1"], "band_from": "22:00", "band_to": "06:00", "time_limit": "1.5"}


def test_a_service_has_hours_and_a_limit(as_manager: Client) -> None:
    as_manager.post(reverse("radius:service_add"), {**SERVICE, **HOURS, "limit_type": "monthly"})
    service = Service.objects.get()
    assert (service.band_days, service.closed_hours) == ("15", "Mo Fr 22:00 to 06:00")
    assert (service.time_limit, service.limit_type) == (5400, "monthly")
    assert "Mo Fr 22:00 to 06:00" in page(as_manager, "service_detail", service.pk)
    edit = reverse("radius:service_edit", args=[service.pk])
    assert 'value="1.5"' in page(as_manager, "service_edit", service.pk)
    as_manager.post(edit, {**SERVICE, **HOURS, "limit_type": "monthly"})
    assert not Event.objects.filter(kind="service.edited").exists()
    as_manager.post(edit, SERVICE)
    service.refresh_from_db()
    assert (service.band_days, service.band_from, service.time_limit) == ("", None, 0)


@pytest.mark.parametrize(("missing", "sentence"), [
    ({"band_days": []}, "Tick the days"), ({"band_to": ""}, "from when until when"),
    ({"time_limit": "-1"}, "Write 0 to"), ({"time_limit": "a day"}, "number of hours"),
])  # fmt: skip
def test_hours_that_are_half_written_are_refused(as_manager: Client, missing: dict, sentence: str) -> None:
    response = as_manager.post(reverse("radius:service_add"), {**SERVICE, **HOURS, **missing})
    assert sentence in response.content.decode()
    assert not Service.objects.exists()


def test_a_clone_starts_as_a_copy_and_is_another_service(as_manager: Client) -> None:
    source = builders.service(code="A", title="Alpha")
    assert "Alpha (copy)" in page(as_manager, "service_clone", source.pk)
    as_manager.post(reverse("radius:service_clone", args=[source.pk]), SERVICE)
    assert sorted(Service.objects.values_list("code", flat=True)) == ["20M-10M", "A"]


def test_a_service_in_use_is_not_deleted(as_manager: Client) -> None:
    used = builders.package().service
    response = as_manager.post(reverse("radius:service_delete", args=[used.pk]))
    assert "It is used by 1 package, so it stays." in response.content.decode()
    slow = builders.service()
    builders.package(service=used, cap_kind="soft", service_once_capped=slow)
    assert as_manager.post(reverse("radius:service_delete", args=[slow.pk])).status_code == 200
    assert Service.objects.filter(pk__in=[used.pk, slow.pk]).count() == 2
    free = builders.service()
    assert as_manager.post(reverse("radius:service_delete", args=[free.pk])).status_code == 302
    assert not Service.objects.filter(pk=free.pk).exists()
    assert Event.objects.get(kind="service.deleted").label == free.title


def test_a_cap_is_typed_as_people_write_it(as_manager: Client) -> None:
    service = builders.service()
    as_manager.post(reverse("radius:package_add"), {**PACKAGE, "service": service.pk})
    package = Package.objects.get()
    assert (package.cap_octets, package.price) == (150 * GB, Decimal("599.00"))
    assert 'value="150 GB"' in page(as_manager, "package_edit", package.pk)
    as_manager.post(
        reverse("radius:package_edit", args=[package.pk]),
        {**PACKAGE, "service": service.pk, "cap_kind": "uncapped", "cap_octets": ""},
    )
    package.refresh_from_db()
    assert package.cap_octets is None
    assert "Uncapped" in page(as_manager, "package_list")


def test_another_cap_is_said_to_come_with_the_next_month(as_manager: Client) -> None:
    line = builders.data_account(package=builders.package(cap_octets=100 * GB))
    settling.settle([line.pk], now())
    following = month_of(local_day(now())).end
    edit = reverse("radius:package_edit", args=[line.package_id])
    assert f"Another cap comes with the data of {following:%B}" in page(
        as_manager, "package_edit", line.package_id
    )
    data = {
        **PACKAGE,
        "title": line.package.title,
        "service": line.package.service_id,
        "cap_octets": "150 GB",
    }
    text = as_manager.post(edit, data, follow=True).content.decode()
    assert f"as it was granted, 150.0 GB from {following} on" in text
    settling.settle([line.pk], now())
    assert DataBundle.objects.get().octets == 100 * GB
    assert "as it was granted" not in as_manager.post(edit, data, follow=True).content.decode()


@pytest.mark.parametrize("cap", ["0", "lots", "-5 GB", "999999999999 TB"])
def test_a_cap_that_is_none_is_refused(as_manager: Client, cap: str) -> None:
    data = {**PACKAGE, "service": builders.service().pk, "cap_octets": cap}
    assert as_manager.post(reverse("radius:package_add"), data).status_code == 200
    assert not Package.objects.exists()


SOFT = {"cap_kind": "soft", "counts": "download", "topup_group": "", "add_overusage_on_topup": "on"}
ROLLS = {"rollover_monthly": "True", "rollover_monthly_months": "2", "rollover_topup": "False"}


@pytest.mark.feature("D-18")
def test_a_soft_cap_goes_on_at_another_speed_and_sells_topups(as_manager: Client) -> None:
    service, slow, group = builders.service(), builders.service(down_kbps=1000), builders.topup_type().group
    data = {**PACKAGE, **SOFT, **ROLLS, "service": service.pk, "cap_octets": "1000 TB"}
    as_manager.post(
        reverse("radius:package_add"), {**data, "service_once_capped": slow.pk, "topup_group": group.pk}
    )
    package = Package.objects.get()
    assert (package.cap_octets, package.service_once_capped, package.counts) == (10**15, slow, "download")
    assert package.sells_topups
    assert (package.rollover_monthly, package.rollover_monthly_months) == (True, 2)
    assert (package.rollover_topup, package.rollover_topup_months) == (False, None)
    shown = page(as_manager, "package_detail", package.pk)
    assert "Soft cap" in shown
    assert "rolls over for 2 months" in shown
    assert "Soft cap" in page(as_manager, "package_list")
    clone = page(as_manager, "package_clone", package.pk)
    assert "Home 150 (copy)" in clone
    assert 'value="1000 TB"' in clone


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"cap_octets": "0"}, "A cap is more than 0"), ({"cap_octets": ""}, "how much data the cap is"),
    ({"cap_kind": "uncapped"}, "An uncapped package has no cap"),
    ({"cap_kind": "soft"}, "Choose the speed that lines have after a soft cap"),
    ({"rollover_topup": "False", "rollover_topup_months": "3"}, "has no months"),
    ({"rollover_monthly_months": "13"}, "less than or equal to 12"),
])  # fmt: skip
def test_caps_that_contradict_themselves_are_refused(as_manager: Client, wrong: dict, sentence: str) -> None:
    data = {**PACKAGE, "service": builders.service().pk, **wrong}
    assert sentence in as_manager.post(reverse("radius:package_add"), data).content.decode()
    assert not Package.objects.exists()


@pytest.mark.parametrize("wrong", [
    {"cap_kind": "uncapped"}, {"cap_kind": "soft"}, {"cap_kind": "hard", "cap_octets": None}, {"cap_octets": 0},
    {"counts": "upload"}, {"bundle_starts": "never"}, {"rollover_monthly_months": 13},
    {"rollover_topup": False, "rollover_topup_months": 1}, {"rollover_max_octets": 0},
])  # fmt: skip
def test_the_database_refuses_such_a_package(wrong: dict) -> None:
    with pytest.raises(IntegrityError, match="radius_package_"), transaction.atomic():
        builders.package(**wrong)


def test_a_package_in_use_is_not_deleted_and_says_by_whom(as_manager: Client) -> None:
    used = builders.data_account().package
    delete = reverse("radius:package_delete", args=[used.pk])
    assert "It is used by 1 data account, so it stays." in as_manager.get(delete).content.decode()
    assert as_manager.post(delete).status_code == 200
    assert Package.objects.filter(pk=used.pk).exists()
    free = builders.package()
    as_manager.post(reverse("radius:package_delete", args=[free.pk]))
    assert not Package.objects.filter(pk=free.pk).exists()
    assert Event.objects.get(kind="package.deleted").label == free.title


TOPUP = {
    "title": "Weekend 10 GB", "octets": "10 GB", "price": "99.00", "validity_days": "3", "in_portal": "on",
    "active": "on",
}  # fmt: skip


def test_topups_are_added_stopped_and_kept_while_used(as_manager: Client) -> None:
    assert "A top-up is data that a line buys" in page(as_manager, "topup_list")
    as_manager.post(reverse("radius:topup_group_add"), {"title": "Home top-ups"})
    group = TopupGroup.objects.get()
    as_manager.post(reverse("radius:topup_add"), {**TOPUP, "group": group.pk})
    sold = TopupType.objects.get()
    assert (sold.octets, sold.price, sold.validity) == (10 * GB, Decimal("99.00"), "3 days")
    again = as_manager.post(
        reverse("radius:topup_add"), {**TOPUP, "group": group.pk, "title": "WEEKEND 10 gb"}
    )
    assert "Another top-up of this group has this title." in again.content.decode()
    assert "Weekend 10 GB (copy)" in page(as_manager, "topup_clone", sold.pk)
    as_manager.post(reverse("radius:topup_deactivate", args=[sold.pk]))
    assert "not sold not shown" in page(as_manager, "topup_list")
    as_manager.post(reverse("radius:topup_activate", args=[sold.pk]))
    as_manager.post(reverse("radius:topup_group_delete", args=[group.pk]))
    assert "used by 1 top-up type" in page(as_manager, "topup_group_delete", group.pk)
    as_manager.post(reverse("radius:topup_delete", args=[sold.pk]))
    as_manager.post(reverse("radius:topup_group_delete", args=[group.pk]))
    assert not TopupGroup.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"octets": 0}, {"price": -1}, {"validity_days": 0}, {"validity_days": 3661}]
)
def test_the_database_refuses_a_topup_that_is_none(wrong: dict) -> None:
    with pytest.raises(IntegrityError, match="radius_topuptype_"), transaction.atomic():
        builders.topup_type(**wrong)


@pytest.mark.feature("D-17")
def test_it_warns_when_the_name_says_something_else(as_manager: Client) -> None:
    service = builders.service(down_kbps=20_000)
    data = {**PACKAGE, "service": service.pk, "title": "10Mb/s Uncapped"}
    response = as_manager.post(reverse("radius:package_add"), data, follow=True)
    assert "The name says uncapped, but the cap is 150.0 GB." in response.content.decode()
    assert "Name differs" in page(as_manager, "package_list")
    assert "The name says 10 Mb/s down" in page(as_manager, "package_detail", Package.objects.get().pk)


def test_a_deactivated_package_is_hidden_and_counted(as_manager: Client) -> None:
    package = builders.package(title="Old plan")
    builders.data_account(package=package)
    assert "1 data account on it keep" in page(as_manager, "package_deactivate", package.pk)
    as_manager.post(reverse("radius:package_deactivate", args=[package.pk]))
    package.refresh_from_db()
    assert not package.active
    assert "inactive not shown" in page(as_manager, "package_list")
    as_manager.post(reverse("radius:package_activate", args=[package.pk]))
    kinds = Event.objects.values_list("kind", flat=True)
    assert list(kinds[:2]) == ["package.activated", "package.deactivated"]


def test_support_may_look_but_not_touch(client: Client) -> None:
    client.force_login(builders.staff(Role.SUPPORT))
    service = builders.service()
    assert "Clone" not in page(client, "service_list")
    for name, args in (("service_add", []), ("service_edit", [service.pk]), ("service_delete", [service.pk])):
        assert client.get(reverse(f"radius:{name}", args=args)).status_code == 403
