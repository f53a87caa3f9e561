"""The first page: what do I owe, how much is left, what is wrong, and where to go on."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from customers.relations.paying import payer
from ispbilling.core.clock import local_day, month_of
from portal import owing, paying, standing
from portal.views.page import PortalPage
from radius.accounts import states
from radius.models import DataAccount
from radius.usage import totals


@dataclass(frozen=True, slots=True)
class Line:
    """A data account as its owner sees it."""

    account: DataAccount
    status: str
    meaning: str
    used: int
    percent: int | None

    @property
    def left(self) -> int | None:
        cap = self.account.package.cap_octets
        return None if cap is None else max(cap - self.used, 0)


class Home(PortalPage):
    title = "Home"
    place = "home"
    template_name = "portal/home.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        debt = owing.of(self.customer)
        return self.answer(
            debt=debt,
            online=paying.online(),
            payer=payer(self.customer),
            overdue=debt.overdue(local_day(self.now)),
            trouble=standing.sentences(self.customer, debt.amount, self.now),
            lines=self.lines(),
            month=month_of(local_day(self.now)),
        )

    def lines(self) -> list[Line]:
        """The data accounts in service this month, with what each used."""
        month = month_of(local_day(self.now))
        mine = self.customer.data_accounts.select_related("package__service")
        accounts: list[Any] = list(states.with_status(totals.in_service(mine, month), self.now))
        used = totals.used_by_account(accounts, month)
        return [
            Line(
                account,
                standing.WORDS[account.radius_status],
                states.MEANINGS[account.radius_status],
                used[account.pk],
                totals.percent(used[account.pk], account.package.cap_octets),
            )
            for account in accounts
        ]
