"""The first page: what do I owe, how much is left, what is wrong, and where to go on."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from customers.relations.paying import payer
from ispbilling.core.clock import local_day, month_of
from portal import owing, paying, standing
from portal.views import topup
from portal.views.page import PortalPage
from radius.accounts import states
from radius.bundles import remaining
from radius.bundles.remaining import Remaining
from radius.consumption import running_out
from radius.consumption.limits import Limit
from radius.consumption.summary import LineUse, summary
from radius.models import DataAccount
from radius.rolling import expiring


@dataclass(frozen=True, slots=True)
class Line:
    """A data account as its owner sees it."""

    account: DataAccount
    status: str
    meaning: str
    used: int
    limit: Limit | None
    left: int
    until: str
    out: str


class Home(PortalPage):
    title = "Home"
    place = "home"
    template_name = "portal/home.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        debt = owing.of(self.customer)
        return self.answer(
            debt=debt,
            online=paying.online(),
            topups=topup.sold_to(self.customer),
            payer=payer(self.customer),
            overdue=debt.overdue(local_day(self.now)),
            trouble=standing.sentences(self.customer, debt.amount, self.now),
            lines=self.lines(),
            month=month_of(local_day(self.now)),
        )

    def lines(self) -> list[Line]:
        """The data accounts in service this month, with what each used of what it has."""
        month = month_of(local_day(self.now))
        found = summary(self.customer, month, self.now)
        rest = remaining.remaining([line.account.pk for line in found], self.now)
        return [self.line(line, rest.get(line.account.pk)) for line in found]

    def line(self, of: LineUse, rest: Remaining | None) -> Line:
        """A line with what it has left: of a prepaid one until when, else when its month begins anew."""
        account, until = of.account, ""
        if rest and rest.prepaid and rest.covered_until:
            until = expiring.until(rest.covered_until)
        return Line(
            account,
            standing.WORDS[account.radius_status],
            states.MEANINGS[account.radius_status],
            of.used,
            of.limit,
            rest.left if rest else of.limit.left if of.limit else 0,
            until,
            running_out.words(account, rest) if rest else "",
        )
