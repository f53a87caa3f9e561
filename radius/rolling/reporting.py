"""Whether regulation 8A is kept: per sub-regulation what the month shows, and what somebody must look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q, Sum

from ispbilling.core.clock import Period, day_start
from ispbilling.core.units import counted, format_octets
from radius.accounts.models import DataAccount
from radius.bundles.models import BundleKind, DataBundle, Draw
from radius.catalogue.models import CapKind, Package
from radius.rolling import noticing, sets
from radius.rolling.models import (
    BundleNotice,
    DataSettings,
    DataTransfer,
    NoticeChoice,
    OutOfBundleConsent,
)
from radius.rolling.regulation import LEVELS, RULES, Rule
from radius.topups.models import TopupType


@dataclass(frozen=True, slots=True)
class Finding:
    """A sub-regulation with what the month shows; `open` is what is not as it should be, in words, else empty."""

    rule: Rule
    shows: Sequence[str]
    open: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The findings of a month; `holds_from` is when the regulation takes effect here, None: never."""

    month: Period
    holds_from: date | None
    findings: Sequence[Finding]

    @property
    def open(self) -> int:
        return sum(1 for one in self.findings if one.open)


def report(month: Period, now: datetime) -> Report:
    """What a month shows, as far as it has gone."""
    since, until = day_start(month.start), min(day_start(month.end), now)
    findings = [
        _notices(since, until, now),
        _opted_out(),
        _for_sale(),
        _consents(since, until),
        _over(month),
        Finding(RULES["8A(4)"], _drawn(month)),
        _rolled(since, until),
        _free(since, until),
        _transfers(since, until),
    ]
    return Report(month, DataSettings.get().regulation_from, findings)


def _notices(since: datetime, until: datetime, now: datetime) -> Finding:
    rows = BundleNotice.objects.filter(at__gte=since, at__lt=until)
    found = rows.aggregate(
        told=Count("pk", filter=Q(told=True)),
        **{f"at_{level}": Count("pk", filter=Q(level=level)) for level in LEVELS},
    )
    reached = ", ".join(f"{found[f'at_{level}']:,} at {level} %" for level in LEVELS)
    late = len(noticing.waiting(now))
    return Finding(
        RULES["8A(1)"],
        (f"Bundles that reached a level: {reached}.", f"{counted(found['told'], 'notice')} to customers."),
        f"{counted(late, 'bundle')} reached a level that is not noted yet; the sweep bundle_notices does it."
        if late
        else "",
    )


def _opted_out() -> Finding:
    some = NoticeChoice.objects.exclude(at_50=True, at_80=True, at_100=True)
    none = NoticeChoice.objects.filter(at_50=False, at_80=False, at_100=False).count()
    return Finding(
        RULES["8A(2)(a)"],
        (f"{counted(some.count(), 'customer')} opted out of some notices, {none:,} of them of all.",),
    )


def _for_sale() -> Finding:
    used = Package.objects.filter(Q(cap_octets__isnull=False) | Q(data_accounts__prepaid=True)).filter(
        data_accounts__isnull=False
    )
    offered = TopupType.objects.filter(active=True, in_portal=True)
    without = used.exclude(topup_group__in=offered.values("group")).distinct()
    names = [str(one) for one in without[:5]]
    more = without.count() - len(names)
    return Finding(
        RULES["8A(2)(b)"],
        (f"{counted(used.distinct().count(), 'capped package')} with data accounts.",),
        f"Nothing is sold in the portal on: {', '.join(names)}{f' and {more:,} more' if more > 0 else ''}."
        if names
        else "",
        "radius:package_list",
    )


def _consents(since: datetime, until: datetime) -> Finding:
    newest = OutOfBundleConsent.objects.order_by("data_account_id", "-id").distinct("data_account_id")
    standing = sum(1 for given in newest.values_list("given", flat=True) if given)
    said = OutOfBundleConsent.objects.filter(at__gte=since, at__lt=until).aggregate(
        said=Count("pk", filter=Q(given=True)), withdrawn=Count("pk", filter=Q(given=False))
    )
    return Finding(
        RULES["8A(2)(c)"],
        (
            f"{counted(standing, 'line')} with a consent that stands.",
            f"{said['said']:,} given and {said['withdrawn']:,} withdrawn in the month.",
        ),
        link="radius:consent_list",
    )


def _over(month: Period) -> Finding:
    stopped = DataAccount.objects.filter(Q(package__cap_kind=CapKind.HARD) | Q(prepaid=True))
    found = Draw.objects.filter(
        bundle__isnull=True, day__gte=month.start, day__lt=month.end, data_account__in=stopped
    ).aggregate(octets=Sum("octets", default=0), lines=Count("data_account", distinct=True))
    return Finding(
        RULES["8A(3)"],
        (
            f"{format_octets(found['octets'])} went through on {counted(found['lines'], 'line')} between the last"
            " octet of a bundle and the answer of the router; none of it is charged.",
        ),
    )


def _drawn(month: Period) -> tuple[str, ...]:
    rows = Draw.objects.filter(bundle__isnull=False, day__gte=month.start, day__lt=month.end)
    found = rows.aggregate(octets=Sum("octets", default=0), bundles=Count("bundle", distinct=True))
    return (f"{format_octets(found['octets'])} drawn from {counted(found['bundles'], 'bundle')}.",)


def _rolled(since: datetime, until: datetime) -> Finding:
    rows = DataBundle.objects.filter(
        kind=BundleKind.ROLLOVER, starts_at__gte=since, starts_at__lte=until, voided_at__isnull=True
    )
    found = rows.aggregate(count=Count("pk"), octets=Sum("octets", default=0))
    owed = sets.owed(since, until)
    return Finding(
        RULES["8A(5)"],
        (f"{counted(found['count'], 'bundle')} rolled over with {format_octets(found['octets'])}.",),
        f"{counted(owed, 'bundle')} ended with data left that should have rolled over; the sweep roll_over does it."
        if owed
        else "",
    )


def _free(since: datetime, until: datetime) -> Finding:
    rows = DataBundle.objects.filter(
        kind=BundleKind.ROLLOVER, starts_at__gte=since, starts_at__lte=until, price__gt=0
    )
    charged = rows.count()
    return Finding(
        RULES["8A(6)"],
        () if charged else ("Nothing was charged for rolling over.",),
        f"{counted(charged, 'rolled over bundle')} with a price." if charged else "",
    )


def _transfers(since: datetime, until: datetime) -> Finding:
    found = DataTransfer.objects.filter(at__gte=since, at__lt=until).aggregate(
        count=Count("pk"),
        octets=Sum("octets", default=0),
        undone=Count("pk", filter=Q(undone_at__isnull=False)),
    )
    portal = DataSettings.get().transfers_in_portal
    return Finding(
        RULES["8A(7)"],
        (
            f"{counted(found['count'], 'transfer')} of {format_octets(found['octets'])};"
            f" {found['undone']:,} taken back.",
            f"In the portal: {'yes' if portal else 'no, staff do it'}.",
        ),
        link="radius:transfer_list",
    )
