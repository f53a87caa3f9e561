"""`verify_bundles` names every kind of damage, and `--recount` mends it."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ispbilling.core.clock import add_months, day_start, local_day, month_of, now
from ispbilling.core.models import Event
from radius import sweeps
from radius.bundles import counting, granting, settling
from radius.bundles.models import BundleKind, DataBundle, Draw, Meter
from radius.models import DataAccount, DataSettings, UsageDay
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-12")]
CAP = 1000


def verify(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_bundles", *arguments, stdout=out)
    return out.getvalue()


def findings() -> list[str]:
    out = StringIO()
    with pytest.raises(CommandError, match="findings"):
        call_command("verify_bundles", stdout=out)
    return out.getvalue().splitlines()


def today() -> date:
    return local_day(now())


@pytest.fixture
def line() -> DataAccount:
    """Its month and the one before: 300 of 1000 used in that, and 700 rolled over, of which 100 are used."""
    DataSettings.objects.update(rollover_months=1, regulation_from=None)
    this = month_of(today())
    before = day_start(add_months(this.start, -1)) + timedelta(hours=1)
    account = builders.data_account(
        username="alice@isp.test", package=builders.package(cap_octets=CAP), starts_on=local_day(before)
    )
    settling.settle([account.pk], before)
    UsageDay.objects.create(data_account=account, day=local_day(before), download_octets=300)
    counting.count([account.pk], before)
    DataSettings.objects.update(rolled_until=day_start(this.start))
    sweeps.new_bundles(now()).apply(now())
    UsageDay.objects.create(data_account=account, day=today(), upload_octets=100)
    granting.grant(account, BundleKind.TOPUP, 50, now(), source="sale:1")
    counting.count([account.pk], now())
    assert "1 lines verified" in verify()
    return account


@pytest.mark.usefixtures("line")
def test_every_kind_of_damage_is_named_and_mended() -> None:
    rolled = DataBundle.objects.get(kind=BundleKind.ROLLOVER)
    monthly = DataBundle.objects.get(month=month_of(today()).start)
    drawn = Draw.objects.filter(bundle=rolled)

    def name(sentence: str) -> None:
        found = findings()
        assert any(one.startswith("alice@isp.test: ") and sentence in one for one in found), found
        assert "1 lines verified" in verify("--recount")

    drawn.delete()
    name(f"on {today()} 0 octets are drawn from bundle {rolled.pk}, and should be 100")
    drawn.update(octets=101)
    name(f"on {today()} 101 octets are drawn from bundle {rolled.pk}, and should be 100")
    drawn.update(bundle=monthly)
    name(f"on {today()} 100 octets are drawn from bundle {monthly.pk}, and should be 0")
    drawn.update(bundle=None)
    name(f"on {today()} 100 octets are drawn over the cap, and should be 0")
    UsageDay.objects.filter(day=today()).update(upload_octets=140)
    name("100 octets are drawn from bundle")
    UsageDay.objects.filter(day=today()).update(upload_octets=100)
    verify("--recount")
    DataBundle.objects.filter(pk=monthly.pk).update(drawn_octets=9)
    name(f"bundle {monthly.pk} says 9 octets are drawn of it, its draws say 0")
    DataBundle.objects.filter(pk=rolled.pk).update(octets=900)
    name(f"bundle {rolled.pk} holds 900 octets that rolled over, and should hold 700")
    for column, said in (
        ("used_octets", "octets used, and should say 100"),
        ("remaining_octets", f"octets left, and should say {50 + 600 + CAP}"),
        ("limit_topup_octets", f"octets of the limit, and should say {50 + 700 + CAP}"),
    ):
        Meter.objects.update(**{column: 77})
        name(said)
    Meter.objects.update(remaining_octets=0, remaining_topup_octets=0, exhausted_since=now())
    name("the meter says that nothing is left, and something is")
    assert Event.objects.filter(kind="data_account.recounted").first().data["reason"] == "Verified"
    Meter.objects.all().delete()
    assert findings() == ["alice@isp.test: it has no meter: nobody knows what is left"]
    assert "1 lines verified" in verify("--recount")
