"""The base of every portal page: logged in, a customer's own, never kept by a browser."""

from datetime import date
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views import View

from customers.models import Customer, PortalLogin
from ispbilling.core.clock import Period, month_of, now


class PortalPage(View):
    """A page of `self.customer`, the one customer this login belongs to.

    Every row a page shows starts from that customer, so that another's is not found (404). Staff are shown to
    their own door. A suspended, disabled or cancelled customer keeps every page (POR-3); a deleted one has
    none.
    """

    template_name: str
    title: str = ""
    #: Which entry of the navigation is the present one.
    place: str = ""
    customer: Customer

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), reverse("portal:login"))
        if request.user.is_provider_staff:
            return HttpResponseRedirect("/")
        self.now = now()
        login = (
            PortalLogin.objects.select_related("customer__group")
            .filter(user=request.user, customer__in=Customer.objects.not_deleted(self.now))
            .first()
        )
        if login is None:
            return self.answer("portal/closed.html", status=403)
        self.customer = login.customer
        try:
            response = super().dispatch(request, *args, **kwargs)
        except Http404:
            response = self.answer("portal/404.html", status=404)
        add_never_cache_headers(response)
        return response

    def answer(self, template: str = "", status: int = 200, **context: Any) -> HttpResponse:
        """Render the page."""
        context = {
            "page": self,
            "title": self.title,
            "place": self.place,
            "customer": getattr(self, "customer", None),
            **context,
        }
        return render(self.request, template or self.template_name, context, status=status)


class MonthPage(PortalPage):
    """A page about a month, the present one unless another is asked for."""

    #: No provider has anything from before it.
    first = date(2000, 1, 1)

    def month(self, this: Period) -> Period:
        """The month asked for as `?month=2026-11`; Http404 for anything that is not a month of the past."""
        asked = self.request.GET.get("month")
        if not asked:
            return this
        try:
            month = month_of(date.fromisoformat(f"{asked}-01"))
        except ValueError as error:
            raise Http404(asked) from error
        if not self.first <= month.start <= this.start:
            raise Http404(asked)
        return month
