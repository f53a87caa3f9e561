"""Who is served and not charged: data accounts without a recurring line, so that no account silently stops
being billed (B12)."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.recurring.models import RecurringLine
from customers.models import Customer, Gate, GateKind
from ispbilling.core.clock import Period, day_start
from radius.models import DataAccount


def unbilled(period: Period, now: datetime) -> QuerySet[DataAccount]:
    """Data accounts that give service in the period, with no recurring line of theirs due in it.

    Prepaid and blocked accounts and those of customers deleted at `now` or cancelled before the period are not meant.
    """
    gone = Gate.objects.standing().filter(
        customer=OuterRef("customer"), kind=GateKind.CANCELLED, since__lte=day_start(period.start)
    )
    charged = RecurringLine.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=period.start),
        data_account=OuterRef("pk"),
        starts_on__lt=period.end,
    )
    return (
        DataAccount.objects.filter(
            Q(ends_on=None) | Q(ends_on__gte=period.start),
            ~Exists(charged),
            ~Exists(gone),
            starts_on__lt=period.end,
            blocked=False,
            prepaid=False,
            customer__in=Customer.objects.not_deleted(now),
        )
        .select_related("customer", "package")
        .order_by("customer__code", "username")
    )
