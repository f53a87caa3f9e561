"""A little data for a prepaid line that has none left, once after its last purchase, for nothing (2.10); off by
default."""

from datetime import datetime, timedelta

from django.db import transaction

from billing.data_sales import quoting, selling
from billing.data_sales.models import DataSalesSettings, SaleState, SaleWay, TopupSale
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import ZERO
from radius.bundles import granting, remaining
from radius.models import BundleKind, DataAccount

TITLE = "Grace top-up"


def why_not(account: DataAccount, now: datetime) -> str:
    """Why the line may not take it now, as a sentence; empty when it may."""
    if DataSalesSettings.get().grace_octets is None:
        return "There are no grace top-ups."
    if not account.prepaid:
        return f"{account} is not prepaid."
    if why := quoting.why_not(account, now) or quoting.stands_still(account, now):
        return why
    if remaining.left(account, now):
        return f"{account} has data left."
    if TopupSale.objects.filter(source=_source(account)).exists():
        return "It was taken since the last top-up that was bought; buy one, and it is there again."
    return ""


def take(account: DataAccount, now: datetime, *, actor: User | None) -> TopupSale:
    """Give it to the line. Raises DomainError with why not."""
    with transaction.atomic():
        line = selling.lock(account)
        if why := why_not(line, now):
            raise DomainError(why)
        settings, source = DataSalesSettings.get(), _source(line)
        octets = settings.grace_octets or 0
        bundle = granting.grant(
            line,
            BundleKind.ADHOC,
            octets,
            now,
            source=f"sale:{source}",
            title=TITLE,
            promotional=True,
            draws_from=now,
            expires_at=now + timedelta(hours=settings.grace_hours),
            actor=actor,
        )
        sale = TopupSale.objects.create(
            data_account=line,
            title=TITLE,
            octets=octets,
            total=ZERO,
            way=SaleWay.GRACE,
            state=SaleState.SOLD,
            source=source,
            bundle=bundle,
            asked_at=now,
            asked_by=actor,
            sold_at=now,
        )
        selling.record("sold", sale, now, actor)
    return sale


def _source(account: DataAccount) -> str:
    """Once after each purchase."""
    bought = TopupSale.objects.filter(data_account=account, state=SaleState.SOLD).exclude(way=SaleWay.GRACE)
    last = bought.order_by("-pk").values_list("pk", flat=True).first()
    return f"grace:{account.pk}:{last or 0}"
