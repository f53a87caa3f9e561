"""A day of usage taken apart: which bundles it was drawn from, and which sessions it came from."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.http import Http404, HttpRequest, HttpResponse

from ispbilling.core.clock import Period, local_day
from portal.views.usage import UsagePage
from radius.consumption.explaining import Explanation, explain
from radius.models import DataAccount, DataBundle, UsageDay


@dataclass(frozen=True, slots=True)
class Part:
    """What one line used on the day, and what of it each bundle gave."""

    explained: Explanation

    @property
    def account(self) -> DataAccount:
        return self.explained.account

    @property
    def drawn(self) -> list[tuple[DataBundle, int]]:
        return [(bundle, self.explained.drawn_from(bundle)) for bundle in self.explained.bundles]


class Day(UsagePage):
    title = "Usage of a day"
    template_name = "portal/day.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = self.day()
        account = self.account()
        used = UsageDay.objects.filter(day=asked, data_account__customer=self.customer)
        if account is not None:
            used = used.filter(data_account=account)
        lines = self.customer.data_accounts.filter(pk__in=used.values("data_account"))
        period = Period(asked, asked + timedelta(days=1))
        return self.answer(
            day=asked,
            parts=[
                Part(explain(one, period)) for one in lines.select_related("package").order_by("username")
            ],
            account=account,
            before=asked - timedelta(days=1),
            after=asked + timedelta(days=1) if asked < local_day(self.now) else None,
        )

    def day(self) -> date:
        """The day asked for as `?day=2026-11-22`, otherwise today; Http404 for what is not a day of the past."""
        asked = self.request.GET.get("day") or str(local_day(self.now))
        try:
            day = date.fromisoformat(asked)
        except ValueError as error:
            raise Http404(asked) from error
        if str(day) != asked or not self.first < day <= local_day(self.now):
            raise Http404(asked)
        return day
