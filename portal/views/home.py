"""The first page: what do I owe, how much is left, what is wrong, and where to go on."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from customers.relations.paying import payer
from ispbilling.core.clock import local_day, month_of
from portal import owing, paying, standing
from portal.views import topup
from portal.views.page import PortalPage
from radius.accounts import states
from radius.consumption.limits import Limit
from radius.consumption.summary import summary
from radius.models import DataAccount


@dataclass(frozen=True, slots=True)
class Line:
    """A data account as its owner sees it."""

    account: DataAccount
    status: str
    meaning: str
    used: int
    limit: Limit | None


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
        return [
            Line(
                line.account,
                standing.WORDS[line.account.radius_status],
                states.MEANINGS[line.account.radius_status],
                line.used,
                line.limit,
            )
            for line in summary(self.customer, month, self.now)
        ]
