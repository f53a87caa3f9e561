"""Calls of a month, itemised: what a customer was or will be charged for them."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from billing.calls import listing
from billing.calls.models import Call, CallSettings, PhoneNumber
from billing.calls.numbers import clock, shown
from customers.merging.models import records_of
from ispbilling.core.clock import Period, add_months, local_day, month_of
from portal.views.page import MonthPage

PER_PAGE = 50
#: How many months back the selector goes.
MONTHS = 24


class Calls(MonthPage):
    """Only the calls from this customer's own numbers; somebody else who pays sees the sum on the invoice."""

    title = "Calls"
    place = "documents"
    template_name = "portal/calls.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        this = month_of(local_day(self.now))
        month = self.month(this)
        code = CallSettings.get().country_code
        shown_calls = Paginator(self.calls(month), PER_PAGE).get_page(request.GET.get("page"))
        numbers = {number.pk: number for number in listing.numbers_of(records_of(self.customer))}
        talked = listing.by_number(records_of(self.customer), month)
        return self.answer(
            month=month,
            months=[
                (f"{start:%Y-%m}", f"{start:%B %Y}")
                for start in (add_months(this.start, -n) for n in range(MONTHS))
            ],
            before=f"{add_months(month.start, -1):%Y-%m}",
            after=f"{month.end:%Y-%m}" if month.start < this.start else "",
            calls=shown_calls,
            rows=[(call, clock(call.seconds), shown(call.called, code)) for call in shown_calls],
            numbers=[(number, talked[pk]) for pk, number in numbers.items() if pk in talked],
            total=listing.summary(records_of(self.customer), month),
            has_numbers=bool(numbers),
        )

    def calls(self, month: Period) -> QuerySet[Call]:
        """Those that are charged, newest first."""
        return (
            listing.charged(records_of(self.customer), month)
            .select_related("number", "bill__document")
            .order_by("-started_at", "-pk")
        )


def has_numbers(keys: list[int]) -> bool:
    """Whether calls are anything to these records of a customer."""
    return PhoneNumber.objects.filter(customer__in=keys).exists()
