"""The Total Usage List, the usage of a customer, and what a line's octets are made of."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, DecimalField, Exists, FilteredRelation, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from customers.models import Customer
from customers.profile import banners
from customers.search import CUSTOMERS, find_customers
from ispbilling import search
from ispbilling.core import clock
from ispbilling.core.chips import search_text
from ispbilling.core.parts import Button, State
from ispbilling.core.tables import Table, url_or_none
from ispbilling.core.units import counted
from ispbilling.core.views import DetailPage, ListPage, ObjectPage, StaffPage
from radius.accounts.models import DataAccount
from radius.accounts.states import MEANINGS, RadiusStatus, with_status
from radius.bundles.remaining import Remaining, remaining
from radius.consumption import explaining, limits, months, periods
from radius.consumption.charts import daily_chart, monthly_chart, pie
from radius.consumption.explaining import Slice
from radius.consumption.filters import UsageFilter
from radius.consumption.held import held
from radius.consumption.limits import Limit
from radius.consumption.tables import CustomerUsageTable, UsageTable, usage_url
from radius.usage import totals

VIEW = "radius.usage.view"
#: Adding up more accounts than this may take a noticeable time.
TOTAL_AT_ONCE = 2000
#: Lines of one customer that are told apart on its page; the list has all of them.
LINES = 100
#: Sessions on one page of an explanation.
SESSIONS = 100


class _MonthPage(ListPage):
    """A list of one month; the selector in the toolbar chooses it, the present month first."""

    permission = VIEW

    @cached_property  # templates ask again and again
    def states(self) -> tuple[State, ...]:  # type: ignore[override]
        this = clock.local_day(clock.now()).replace(day=1)
        firsts = [clock.add_months(this, -n) for n in range(months.BACK + 1)]
        return tuple(State(f"{first:%Y-%m}", f"{first:%B %Y}") for first in firsts)

    @cached_property
    def month(self) -> clock.Period:
        """The chosen month."""
        chosen = self.state
        assert chosen is not None  # noqa: S101 - there is always a present month
        year, month = chosen.name.split("-")
        return clock.month_of(date(int(year), int(month), 1))

    def table(self, rows: Any) -> Table:
        table = super().table(rows)
        table.month = self.month
        return table


class UsageList(_MonthPage):
    """Total Usage List (USE-1..3)."""

    table_class = UsageTable
    filterset_class = UsageFilter
    title = "Total Usage List"
    confidential = "usernames, the names of customers and what they used"
    search_fields = ("username", "customer__code", "customer__name")
    search_help = "Code, username or customer"
    empty_icon = "chart-bar"
    empty_text = "What each data account used in the month, once there are data accounts."
    keys_first = True

    def get_queryset(self) -> Any:
        rows = totals.in_service(DataAccount.objects.all(), self.month)
        rows = rows.select_related("customer__high_site", "customer__group", "package__service")
        for name, add in self.additions():
            if self.asked_for(name):
                rows = add(rows)
        mine = FilteredRelation("usage_months", condition=Q(usage_months__month=self.month.start))
        return rows.annotate(kept=mine) if self.kept else rows

    @cached_property
    def kept(self) -> bool:
        """Whether the order or filter that is asked for was added up before (`months`)."""
        asked = self.order() or self.request.GET.get("over")
        return bool(asked) and "export" not in self.request.GET and months.kept(self.month.start)

    def order(self) -> str:
        """`used` or `-used` where that alone is sorted by."""
        sort = self.request.GET.getlist("sort")
        return sort[0] if sort in (["used"], ["-used"]) else ""

    def beginning(self, rows: Any) -> Any:
        if not (self.kept and self.order()):
            return None
        order = self.order().replace("used", "kept__used_octets")
        return rows.filter(kept__month__isnull=False).order_by(order, "pk")

    def additions(self) -> list[tuple[str, Any]]:
        """What is computed for the rows that are shown alone, unless it is asked for of every row."""
        month = self.month
        return [
            ("radius_status", lambda rows: with_status(rows, clock.now())),
            ("used", lambda rows: totals.with_usage(rows, month)),
            ("over", lambda rows: limits.with_limits(rows, month)),
        ]

    def dressed(self, rows: Any) -> Any:
        """With what is not there already."""
        for name, add in self.additions():
            if not self.asked_for(name):
                rows = add(rows)
        return rows

    def asked_for(self, name: str) -> bool:
        """Whether that of every row is needed at once: to filter or sort by it, or to write it to a file."""
        query = self.request.GET
        if "export" in query:
            return True
        filtered = bool(query.get(name)) and not (name == "over" and self.kept)
        return filtered or any(key.lstrip("-") == name for key in query.getlist("sort"))

    def results(self) -> dict[str, Any]:
        """The total of a short list comes with it; that of a long one is asked for afterwards (`?total=1`)."""
        found = super().results()
        table = found["table"]
        if "total" in self.request.GET or table.paginator.count <= TOTAL_AT_ONCE:
            table.total = totals.of_month(table.data.data.matching, self.month)
        if self.kept and table.paginator.count:
            found["notice"] = "radius/_usage_kept.html"
        if self.kept and self.order():
            shown = table.page.object_list.data
            shown.sort(key=lambda account: account.used, reverse=self.order() == "-used")
        return found

    def buttons(self) -> list[Button]:
        query = f"?state={self.month.start:%Y-%m}"
        return [Button("Total per Customer", reverse("radius:customer_usage_list") + query, "users")]


class CustomerUsageList(_MonthPage):
    """The quick total per customer over all their data accounts (USE-3, DAT-4)."""

    table_class = CustomerUsageTable
    title = "Usage per Customer"
    confidential = "the names of customers and what they used"
    search_fields = ("code", "name")
    search_help = "Code or name"
    empty_icon = "chart-bar"
    empty_text = "What each customer used in the month over all their data accounts."

    def get_queryset(self) -> Any:
        mine = totals.in_service(DataAccount.objects.filter(customer=OuterRef("pk")), self.month).order_by()
        grouped = mine.values("customer")
        money = DecimalField(max_digits=14, decimal_places=2)
        cost = grouped.annotate(n=Sum(Coalesce("custom_price", "package__price"))).values("n")
        rows = Customer.objects.filter(Exists(mine)).select_related("high_site")
        return totals.with_customer_usage(rows, self.month).annotate(
            lines=Subquery(grouped.annotate(n=Count("pk")).values("n")),
            cost=Subquery(cost, output_field=money),
        )

    def buttons(self) -> list[Button]:
        query = f"?state={self.month.start:%Y-%m}"
        return [Button("Per Data Account", reverse("radius:usage_list") + query, "plug-connected")]


@dataclass(frozen=True, slots=True)
class Line:
    """A data account, or all of a customer's together, as the summary shows it (USE-7)."""

    title: str
    url: str
    used: int
    limit: Limit | None
    customer_id: int
    account: Any = None
    chosen: bool = False

    @property
    def status(self) -> tuple[str, str]:
        """The RADIUS status in a word, and what it means (D-21)."""
        found = RadiusStatus(self.account.radius_status)
        return str(found.label), MEANINGS[found]

    @property
    def explained(self) -> str:
        """What it is made of: of one line, or of all of its customer."""
        if self.account is None:
            return reverse("radius:usage_parts", args=[self.customer_id])
        return reverse("radius:usage_explained", args=[self.account.pk])


class CustomerUsage(DetailPage):
    """What a customer used in a month or year, each line apart and all together (USE-4..10)."""

    queryset = Customer.objects.select_related("group", "high_site", "master", "reseller")
    permission = VIEW
    template_name = "radius/usage_detail.html"

    @cached_property
    def now(self) -> datetime:
        return clock.now()

    @cached_property
    def chosen(self) -> periods.Chosen:
        """The month or year of the address; Http404 for what is none."""
        try:
            return periods.chosen(self.request.GET.dict(), clock.local_day(self.now))
        except ValueError as error:
            raise Http404("no such month or year") from error

    def heading(self) -> str:
        return f"{self.object.name}"

    def subtitle(self) -> str:
        return f"{self.object.code} · data usage in {self.chosen.words}"

    def crumbs(self) -> list[tuple[str, str]]:
        state = f"?state={self.chosen.name}" if not self.chosen.yearly else ""
        return [("Total Usage List", reverse("radius:usage_list") + state)]

    def banners(self) -> list[tuple[str, str]]:
        standing = self.object.gates.standing().select_related("closed_by")
        return banners.of(self.object, standing, self.now)

    def buttons(self) -> list[Button]:
        """The profile and what sends this usage to the customer (USE-5); higher apps own the last two."""
        pk = self.object.pk
        found = [
            Button("Profile", self.object.get_absolute_url(), "user", "dark", "customers.view"),
            Button(
                "Edit Customer",
                reverse("customers:customer_edit", args=[pk]),
                "pencil",
                permission="customers.edit",
                modal=True,
            ),
        ]
        for label, icon, name in (
            ("Usage Email", "mail", "notifications:usage_email"),
            ("Usage SMS", "message", "notifications:usage_sms"),
        ):
            if there := url_or_none(name, pk):
                month = self.chosen.months[0].start
                url = f"{there}?month={month:%Y-%m}"
                found.append(Button(label, url, icon, permission="messages.send", modal=True))
        return found

    def context(self, **extra: Any) -> dict[str, Any]:
        """With the blocks of the page; a widget that loads by itself needs none of them."""
        return super().context(**extra, **(self.blocks() if "columns" in extra else {}))

    def blocks(self) -> dict[str, Any]:
        chosen, lines = self.chosen, self.lines()
        one = self.one(lines)
        accounts = [one.account.pk] if one else [line.account.pk for line in lines]
        together = self.together(lines, one)
        shown = one or together
        return {
            "chosen": chosen,
            "choices": self.choices(),
            "switch_url": reverse("radius:usage_choose"),
            "lines": lines,
            "together": together,
            "shown": shown,
            "one": one,
            "more_lines": self.more_lines,
            "all_lines_url": f"{reverse('radius:usage_list')}?customer={self.object.code}&state={chosen.name}",
            "table_lines": [one] if one else lines,
            "held": held(accounts, chosen.period, self.now) if not chosen.yearly else [],
            "topup": self.topup(one.account) if one else None,
            "stands": self.stands(one.account) if one and chosen.present and not chosen.yearly else None,
            **self.drawings(shown, accounts, lines, one),
        }

    def lines(self) -> list[Line]:
        """The data accounts in service then, with used, limit and last access."""
        period = self.chosen.period
        rows = totals.in_service(DataAccount.objects.filter(customer=self.object), period)
        rows = rows.select_related("package__service", "customer").order_by("username")
        rows = limits.with_last_access(totals.with_usage(with_status(rows, self.now), period))
        if not self.chosen.yearly:
            rows = limits.with_limits(rows, period)
        found: list[Any] = list(rows[: LINES + 1])
        accounts, self.more_lines = found[:LINES], len(found) > LINES
        asked = self.request.GET.get("account", "")
        if asked and not (asked.isdecimal() and int(asked) in {account.pk for account in accounts}):
            raise Http404("no such data account")
        none: list[Limit | None] = [None] * len(accounts)
        had = none if self.chosen.yearly else limits.as_of(accounts, period, self.now)
        return [
            Line(
                account.username,
                self.url(account=account.pk),
                account.used,
                limit,
                self.object.pk,
                account,
                asked == str(account.pk),
            )
            for account, limit in zip(accounts, had, strict=True)
        ]

    def one(self, lines: list[Line]) -> Line | None:
        """The line that was chosen, or the only one."""
        return next((line for line in lines if line.chosen), lines[0] if len(lines) == 1 else None)

    def together(self, lines: list[Line], one: Line | None) -> Line:
        """All of them; they have a limit together when each has one."""
        limit = limits.together([line.limit for line in lines])
        used = sum(line.used for line in lines)
        return Line("All data accounts", self.url(), used, limit, self.object.pk, chosen=one is None)

    def drawings(
        self, shown: Line, accounts: list[int], lines: list[Line], one: Line | None
    ) -> dict[str, Any]:
        """The bars of days or months and the pies (USE-9, D-19), each bar leading to what it is made of."""
        chosen, about = self.chosen, f"{shown.title}, {self.chosen.words}"
        if chosen.yearly:
            bars = totals.monthly(chosen.period, data_account__in=accounts)
            urls = [self.url(month=f"{bar.day:%Y-%m}", year=None) for bar in bars]
            chart = monthly_chart(bars, f"Data usage: {about}", urls)
        else:
            bars = totals.daily(chosen.period, data_account__in=accounts)
            parts = one.explained if one else reverse("radius:usage_parts", args=[self.object.pk])
            urls = [f"{parts}?day={bar.day}" for bar in bars]
            chart = daily_chart(bars, f"Data usage: {about}", urls)
        kinds = explaining.by_kind(accounts, chosen.period, shown.used) if shown.used else []
        by_line = sorted(
            (Slice(line.title, line.used) for line in lines if line.used), key=lambda s: -s.octets
        )
        return {
            "bars": bars,
            "chart": chart,
            "upload": sum(bar.upload for bar in bars),
            "download": sum(bar.download for bar in bars),
            "kinds": pie(kinds, f"Drawn from: {about}") if kinds else None,
            "by_line": pie(by_line, f"By data account: {about}") if len(by_line) > 1 and not one else None,
        }

    def stands(self, account: DataAccount) -> Remaining | None:
        """How a capped or prepaid line stands now."""
        return remaining([account.pk], self.now).get(account.pk)

    def topup(self, account: DataAccount) -> Button | None:
        """Sells data on top, whenever there is a cap and something to sell (D-18)."""
        there = url_or_none("billing:topup_sell", account.pk)
        if there is None or not account.package.sells_topups:
            return None
        return Button("Top Up", there, "plus", "primary", "billing.data_sales.sell", modal=True)

    def choices(self) -> list[tuple[str, str, str, bool]]:
        """(label, name, words, chosen) of the months and years to choose from, newest first."""
        today = clock.local_day(self.now)
        this = today.replace(day=1)
        firsts = [clock.add_months(this, -n) for n in range(months.BACK + 1)]
        return [
            ("Month", f"{first:%Y-%m}", f"{first:%b %Y}", f"{first:%Y-%m}" == self.chosen.name)
            for first in firsts
        ]

    def url(self, **query: Any) -> str:
        """This page of the same customer and period, with changes."""
        kept = {"year" if self.chosen.yearly else "month": self.chosen.name}
        asked = {name: value for name, value in {**kept, **query}.items() if value}
        return usage_url(self.object.pk, **asked)


class UsageChoose(StaffPage):
    """The customer switcher of the usage page (USE-5): its hits open the same page of another customer."""

    permission = VIEW
    title = "Usage of a Customer"
    template_name = "customers/choose.html"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        text = search_text(request)
        enough = len(text) >= search.SHORTEST
        limit = search.IN_DROPDOWN if self.partial else search.ON_PAGE
        hits = list(find_customers(text, self.actor, limit, "radius:usage_detail")) if enough else []
        if len(hits) == 1 and not self.partial:
            return self.go(hits[0].url)
        return self.answer(
            "search/_results.html" if self.partial else "",
            text=text,
            results=[(CUSTOMERS, hits)] if hits else [],
            too_short=not enough,
        )


class _Period(ObjectPage):
    """A page about a day, month or year of the address."""

    permission = VIEW

    @cached_property
    def today(self) -> date:
        return clock.local_day(clock.now())

    @cached_property
    def period(self) -> clock.Period:
        """Http404 for what is no day, month or year of the past."""
        try:
            return periods.days(self.request.GET.dict(), self.today)
        except ValueError as error:
            raise Http404("no such day, month or year") from error

    @property
    def one_day(self) -> bool:
        return self.period.days == 1

    @cached_property
    def above(self) -> periods.Chosen:
        """The month of it, or the year that it is."""
        of = periods.year if self.period.days > 31 else periods.month
        return of(self.period.start, self.today)

    @property
    def words(self) -> str:
        return str(self.period.start) if self.one_day else self.above.words

    @property
    def when(self) -> str:
        """The same with its preposition: `on 2026-11-03`, `in November 2026`, `in 2026`."""
        return f"{'on' if self.one_day else 'in'} {self.words}"

    def usage_page(self, customer: int, **query: Any) -> str:
        """The usage of the customer in that month or year."""
        above = self.above
        return usage_url(customer, **{"year" if above.yearly else "month": above.name}, **query)


class UsageParts(_Period):
    """What each line of a customer used on a day or in a month; each number leads to what it is made of."""

    queryset = Customer.objects.select_related("group")
    template_name = "radius/usage_parts.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        self.title = f"{self.object}: {self.words}"
        parts = totals.by_account(self.period, data_account__customer=self.object)
        return self.answer(
            parts=parts,
            upload=sum(part.upload for part in parts),
            download=sum(part.download for part in parts),
            usage_url=self.usage_page(self.object.pk),
            query=request.GET.urlencode(),
        )

    def crumbs(self) -> list[tuple[str, str]]:
        return [
            ("Total Usage List", reverse("radius:usage_list")),
            (str(self.object), self.usage_page(self.object.pk)),
        ]


class UsageExplained(_Period):
    """What a line used on a day or in a month, to the octet: day by day from which bundles, and in which sessions."""

    queryset = DataAccount.objects.select_related("customer", "package__service")
    template_name = "radius/usage_explained.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        period = self.period
        found = explaining.explain(self.object, period)
        pages = Paginator(found.sessions, SESSIONS)
        self.title = f"{self.object.username}: {self.words}"
        return self.answer(
            found=found,
            columns=[
                (bundle, found.drawn_from(bundle), url_or_none("radius:bundle_detail", bundle.pk))
                for bundle in found.bundles
            ],
            yearly=self.above.yearly,
            rows=[
                (part, [(part.drawn.get(bundle.pk, 0), bundle.title) for bundle in found.bundles])
                for part in (explaining.by_month(found.days) if self.above.yearly else found.days)
            ],
            shares=pages.get_page(request.GET.get("page")),
            usage_url=self.usage_page(self.object.customer_id, account=self.object.pk),
            sessions_word=counted(len(found.sessions), "session"),
        )

    def crumbs(self) -> list[tuple[str, str]]:
        customer = self.object.customer
        back = self.usage_page(customer.pk, account=self.object.pk)
        return [("Total Usage List", reverse("radius:usage_list")), (str(customer), back)]
