"""Usage of a month: what is left of each bundle and until when, and day by day, of all lines or one (DAT-4)."""

from dataclasses import dataclass
from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing.data_sales import quoting
from ispbilling.core.clock import Period, add_months, local_day, month_of
from portal import standing
from portal.graph import Graph
from portal.views.page import MonthPage
from radius.accounts.states import MEANINGS, RadiusStatus
from radius.bundles import remaining
from radius.consumption import running_out
from radius.consumption.held import Held, held
from radius.consumption.summary import LineUse, summary
from radius.models import DataAccount
from radius.rolling import expiring
from radius.usage import totals

#: How many months back the selector goes.
MONTHS = 24


@dataclass(frozen=True, slots=True)
class Card:
    """A line with what it has: each bundle with its last day; and what becomes of it when nothing is left."""

    line: LineUse
    held: list[tuple[Held, str]]
    out: str

    @property
    def topup_url(self) -> str | None:
        """Where more is bought for it, if something is sold."""
        account = self.line.account
        sold = quoting.offered(account, portal=True).exists()
        return reverse("portal:topup", args=[account.pk]) if sold else None

    @property
    def status(self) -> tuple[str, str]:
        """Its state in a word, and what that means."""
        found = RadiusStatus(self.line.account.radius_status)
        return standing.WORDS[found], MEANINGS[found]


class UsagePage(MonthPage):
    """A page about the usage of all lines, or of the one that is asked for."""

    place = "usage"

    def account(self) -> DataAccount | None:
        """The data account asked for, if it is this customer's; Http404 otherwise."""
        asked = self.request.GET.get("account")
        if not asked:
            return None
        if not asked.isdecimal():
            raise Http404(asked)
        return get_object_or_404(self.customer.data_accounts.select_related("package"), pk=int(asked))


class Usage(UsagePage):
    title = "Usage"
    template_name = "portal/usage.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        this = month_of(local_day(self.now))
        month = self.month(this)
        account = self.account()
        lines = summary(self.customer, month, self.now)
        ids = [account.pk] if account else [line.account.pk for line in lines]
        days = totals.daily(month, data_account__in=ids)
        return self.answer(
            cards=self.cards(lines, ids, month),
            month=month,
            months=self.months(this),
            before=_name(add_months(month.start, -1)),
            after=_name(month.end) if month.start < this.start else "",
            accounts=[line.account for line in lines],
            present=month == this,
            account=account,
            days=days,
            graph=Graph.of(days),
            upload=sum(day.upload for day in days),
            download=sum(day.download for day in days),
        )

    def cards(self, lines: list[LineUse], ids: list[int], month: Period) -> list["Card"]:
        """The lines that are shown, each with its bundles in the order in which they are used."""
        of: dict[int, list[tuple[Held, str]]] = {}
        for one in held(ids, month, self.now):
            if one.state != "void" or one.drawn:  # what was taken back unused was never there
                shown = (one, expiring.until(one.bundle.expires_at))
                of.setdefault(one.bundle.data_account_id, []).append(shown)
        rest = remaining.remaining(ids, self.now) if month.start <= local_day(self.now) < month.end else {}
        return [
            Card(
                line,
                of.get(line.account.pk, []),
                running_out.words(line.account, rest[line.account.pk]) if line.account.pk in rest else "",
            )
            for line in lines
            if line.account.pk in ids
        ]

    def months(self, this: Period) -> list[tuple[str, str]]:
        """The months to choose from as (value, words), newest first, back to when the customer began."""
        began = month_of(local_day(self.customer.created_at)).start
        starts = [add_months(this.start, -n) for n in range(MONTHS)]
        return [(_name(start), f"{start:%B %Y}") for start in starts if start >= began or start == this.start]


def _name(day: date) -> str:
    return f"{day:%Y-%m}"
