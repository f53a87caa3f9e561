"""What acts on bundles are made of: the locks in their order, and a bundle resized or taken back. All inside the
transaction of the act.
"""

from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import F, Sum

from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from radius.accounts.models import DataAccount
from radius.bundles import counting
from radius.bundles.models import BundleKind, DataBundle, Draw, Meter, MeteredSpan


def share(account_ids: list[int]) -> None:
    """Take now, before the meters, the locks on lines that new rows need at COMMIT: in this order nobody who changes a
    line and then its bundles waits in a circle.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM radius_dataaccount WHERE id = ANY(%s::bigint[]) ORDER BY id FOR KEY SHARE",
            [account_ids],
        )


def lock(account: DataAccount) -> None:
    """The line's meter, until COMMIT. Raises DomainError for a line that has none."""
    share([account.pk])
    list(Meter.objects.select_for_update().filter(pk=account.pk))
    if not MeteredSpan.objects.filter(data_account=account.pk, until__isnull=True).exists():
        raise DomainError(f"{account} is uncapped: it needs no bundles of data.")


def of_month(account_id: int, month: date) -> DataBundle | None:
    """The line's bundle of the month; one that was taken back only where there is no other."""
    some = DataBundle.objects.filter(data_account=account_id, kind=BundleKind.MONTHLY, month=month)
    return some.order_by(F("voided_at").desc(nulls_first=True), "-pk").first()


def resize(bundle: DataBundle, octets: int, now: datetime, reason: str, actor: User | None) -> None:
    """Give it another amount and draw everything of it again; one that was taken back is there again."""
    account = DataAccount.objects.select_related("package", "customer").get(pk=bundle.data_account_id)
    package = account.package if bundle.kind == BundleKind.MONTHLY else bundle.package
    was, taken_back = bundle.octets, bundle.voided_at is not None
    if was == octets and not taken_back and bundle.package_id == (package.pk if package else None):
        return
    Draw.objects.filter(bundle=bundle)._raw_delete("default")
    DataBundle.objects.filter(pk=bundle.pk).update(
        octets=octets, drawn_octets=0, package=package, voided_at=None, voided_reason=""
    )
    counting.count([account.pk], now, since=local_day(bundle.draws_from or now))
    bundle.refresh_from_db()
    record("resized", bundle, now, actor, was_octets=was, octets=octets, reason=reason[:300])


def resize_month(bundle: DataBundle, cap: int, now: datetime, reason: str, actor: User | None) -> None:
    """Give the month another cap. What of it was given to other lines stays given: it does not come back with another
    package.
    """
    given = bundle.given.filter(undone_at__isnull=True).aggregate(octets=Sum("octets"))["octets"] or 0
    resize(bundle, max(cap - given, 1), now, reason, actor)


def void(bundle: DataBundle, now: datetime, reason: str, actor: User | None) -> None:
    counting.count([bundle.data_account_id], now)
    DataBundle.objects.filter(pk=bundle.pk).update(voided_at=now, voided_reason=reason.strip()[:300])
    counting.count([bundle.data_account_id], now, since=local_day(now))
    bundle.refresh_from_db()
    record("voided", bundle, now, actor, reason=bundle.voided_reason, left_octets=bundle.left_octets)


def record(verb: str, bundle: DataBundle, now: datetime, actor: User | None, **data: Any) -> None:
    account = DataAccount.objects.select_related("customer").get(pk=bundle.data_account_id)
    events.record(
        f"data_bundle.{verb}",
        bundle,
        actor=actor,
        about=account.customer,
        at=now,
        data_account=account,
        bundle_kind=bundle.kind,
        **data,
    )
