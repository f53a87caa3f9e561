"""Staff home: how the provider and its money stand today, and what needs someone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from django.core.cache import cache
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from billing.overview import waiting
from billing.overview.figures import owed, turnover
from billing.overview.views import Overview, month_columns, owed_context
from billing.overview.views import shown as money_figures
from customers.models import ChangeRequest, Customer, Gate, GateKind, Rating
from ispbilling.core import access
from ispbilling.core.clock import day_start, local_day, month_of, now
from ispbilling.core.parts import Chart, Series
from ispbilling.core.units import GB, counted, format_octets
from ispbilling.core.views import StaffPage
from notifications.models import Message
from radius.models import AuthAttempt, DataAccount, Session, UsageDay

T = TypeVar("T")
FRESH = 60  # seconds a figure may be old: sums over every line of every customer are not made per visit


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its word, what it is made of, and the page behind it."""

    label: str
    value: str
    note: str
    url: str
    permission: str
    icon: str


class Dashboard(StaffPage):
    """The first page after log-in; customers are shown to their own door."""

    permission = "staff.use"
    title = "Dashboard"
    template_name = "dashboard.html"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.user.is_authenticated and not access.is_staff(request.user):
            return HttpResponseRedirect(reverse("portal:home"))
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        at, user = now(), request.user
        shown = [figure for figure in _kept("figures", figures, at) if access.may(user, figure.permission)]
        money = turnover(at) if access.may(user, Overview.permission) else None
        return self.answer(
            figures=shown,
            traffic=_kept("traffic", traffic, at),
            money_figures=money_figures(money, user) if money else (),
            columns=month_columns(money, user) if money else None,
            waiting=waiting.of(user),
            **{**owed_context(owed(at), request), "brief": True},
            attention=[item for item in attention(at) if access.may(user, item.permission)],
            empty=not Customer.objects.exists(),
        )


def _kept(name: str, make: Callable[[datetime], T], at: datetime) -> T:
    kept: T = cache.get_or_set(f"dashboard:{name}", lambda: make(at), FRESH)  # type: ignore[assignment]
    return kept


def figures(at: datetime) -> list[Figure]:
    """The row of numbers on top."""
    today, month = local_day(at), month_of(local_day(at))
    gone = Gate.objects.closing(at).filter(kind__in=[GateKind.DELETED, GateKind.CANCELLED])
    customers = Customer.objects.exclude(gates__in=gone)
    suspended = Gate.objects.closing(at).filter(kind=GateKind.SUSPENDED).count()
    day = UsageDay.objects.filter(day=today).aggregate(up=Sum("upload_octets"), down=Sum("download_octets"))
    list_url, up, down = reverse("customers:customer_list"), day["up"] or 0, day["down"] or 0
    return [
        Figure(
            "Customers",
            f"{customers.count():,}",
            f"{customers.filter(created_at__gte=day_start(month.start)).count()} new this month, {suspended} suspended",
            list_url,
            "customers.view",
            "users",
        ),
        Figure(
            "Online now",
            f"{Session.objects.open().count():,}",
            f"of {counted(_lines(today), 'data account')}",
            reverse("radius:session_list"),
            "radius.sessions.view",
            "activity",
        ),
        Figure(
            "Data today",
            format_octets(up + down),
            f"{format_octets(down)} down, {format_octets(up)} up",
            reverse("radius:usage_list"),
            "radius.usage.view",
            "chart-bar",
        ),
    ]


def _lines(today: date) -> int:
    return DataAccount.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=today), starts_on__lte=today
    ).count()


def traffic(at: datetime) -> Chart:
    """Octets of everybody by local day, the last thirty."""
    today = local_day(at)
    days = [today - timedelta(days=back) for back in range(29, -1, -1)]
    sums = {
        row["day"]: (row["down"], row["up"])
        for row in UsageDay.objects.filter(day__gte=days[0])
        .order_by()
        .values("day")
        .annotate(down=Sum("download_octets"), up=Sum("upload_octets"))
    }
    down, up = zip(*(sums.get(day, (0, 0)) for day in days), strict=True)
    return Chart(
        "Data of the last 30 days",
        "bar",
        tuple(f"{day:%d %b}" for day in days),
        (
            Series("Download", tuple(round(octets / GB, 1) for octets in down)),
            Series("Upload", tuple(round(octets / GB, 1) for octets in up)),
        ),
        unit="GB",
        stacked=True,
    )


def attention(at: datetime) -> list[Figure]:
    """What waits for a person, besides money (`billing.overview.waiting`); an empty list is good news."""
    found = []
    failed = Message.objects.filter(state="given_up", created_at__gte=at - timedelta(days=7)).count()
    if failed:
        url = reverse("notifications:message_list") + "?state=given_up"
        found.append(
            Figure(
                "Not delivered",
                f"{failed:,}",
                f"{'message' if failed == 1 else 'messages'} of the last 7 days",
                url,
                "messages.view",
                "mail-off",
            )
        )
    rejected = (
        AuthAttempt.objects.filter(accepted=False, at__gte=at - timedelta(days=1))
        .values("username")
        .distinct()
        .count()
    )
    if rejected:
        note = f"{'username' if rejected == 1 else 'usernames'} refused in the last 24 hours"
        found.append(
            Figure(
                "Rejected",
                f"{rejected:,}",
                note,
                reverse("radius:reject_list"),
                "radius.sessions.view",
                "ban",
            )
        )
    return found + _answers()


def _answers() -> list[Figure]:
    """What customers wrote that waits for somebody."""
    found = []
    if changes := ChangeRequest.objects.open().count():
        note = f"{'customer asks' if changes == 1 else 'customers ask'} to put details right"
        url = reverse("customers:change_request_list")
        found.append(Figure("To decide", f"{changes:,}", note, url, "customers.requests", "user-edit"))
    if low := Rating.objects.waiting().count():
        note = f"low {'rating' if low == 1 else 'ratings'} nobody has dealt with"
        url = reverse("customers:rating_list") + "?state=waiting"
        found.append(Figure("Unhappy", f"{low:,}", note, url, "customers.requests", "mood-sad"))
    return found
