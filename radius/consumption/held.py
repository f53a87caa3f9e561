"""The bundles of lines in a month as pages show them: what each gave, what was used of it, what is left until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from ispbilling.core.clock import Period, local_day
from radius.bundles.models import STATES, BundleKind, DataBundle, Draw
from radius.consumption.limits import held_in


@dataclass(frozen=True, slots=True)
class Held:
    """A bundle, and the octets that were drawn from it in the month."""

    bundle: DataBundle
    drawn: int
    state: str

    @property
    def kind(self) -> str:
        return str(BundleKind(self.bundle.kind).label)

    @property
    def url(self) -> str:
        """Its own page."""
        return self.bundle.get_absolute_url()

    @property
    def live(self) -> bool:
        """Whether there may be something left to use, now or later."""
        return self.state in ("active", "later", "waiting")

    @property
    def words(self) -> str:
        return STATES[self.state][0]

    @property
    def meaning(self) -> str:
        return STATES[self.state][1]


def held(accounts: Sequence[int], month: Period, now: datetime) -> list[Held]:
    """The bundles these lines had in the month, in the order in which they are drawn; those that wait for their first
    use last."""
    rows = DataBundle.objects.filter(held_in(month), data_account__in=accounts)
    bundles = list(rows.select_related("data_account"))
    if month.start <= local_day(now) < month.end:
        waiting = DataBundle.objects.filter(data_account__in=accounts, starts_at=None, voided_at=None)
        bundles += waiting.select_related("data_account")
    drawn = dict(
        Draw.objects.filter(data_account__in=accounts, day__gte=month.start, day__lt=month.end)
        .order_by()
        .values_list("bundle")
        .annotate(n=Sum("octets"))
    )
    found = [Held(bundle, drawn.get(bundle.pk, 0), bundle.state(now)) for bundle in bundles]
    never = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(
        found,
        key=lambda one: (
            one.state == "waiting",
            one.bundle.expires_at or never,
            one.bundle.origin_at,
            one.bundle.pk,
        ),
    )
