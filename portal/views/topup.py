"""Buying data: a top-up, automatic top-ups, and a little free of charge where the provider gives it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing.data_sales import automatic, grace, quoting, selling
from billing.data_sales.automatic import Terms
from billing.data_sales.forms import AutoForm, PortalTopupForm
from billing.data_sales.models import AutoTopup, DataSalesSettings, SaleState, SaleWay, TopupSale
from billing.data_sales.selling import Order
from billing.gateways.models import CheckoutState
from customers.models import Customer
from ispbilling.core.clock import local_day, month_of
from ispbilling.core.errors import DomainError
from portal import limits, owing, paying, topups
from portal.views.page import PortalPage
from radius.bundles import remaining
from radius.models import DataAccount
from radius.rolling.models import Door

LATEST = 10


def sold_to(customer: Customer) -> list[DataAccount]:
    """The lines of a customer that may buy something in the portal."""
    rows = customer.data_accounts.select_related(
        "package__topup_group", "customer__master", "customer__group"
    )
    return [one for one in rows if quoting.offered(one, portal=True).exists()]


class Topups(PortalPage):
    """Which line, and what was bought."""

    title = "Top up"
    place = "home"
    template_name = "portal/topups.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        lines = sold_to(self.customer)
        left = remaining.remaining([one.pk for one in lines], self.now)
        auto = AutoTopup.objects.buying().filter(data_account__in=lines).in_bulk()
        # What was begun and not paid for is nothing to look back on; what may still be paid is.
        given_up = Q(state=SaleState.WAITING) & ~Q(
            checkout__state__in=[CheckoutState.OPEN, CheckoutState.PAID]
        )
        sales = TopupSale.objects.filter(data_account__customer=self.customer).exclude(given_up)
        return self.answer(
            lines=[(one, left.get(one.pk), auto.get(one.pk)) for one in lines],
            sales=sales.select_related("bundle", "data_account", "checkout")[:LATEST],
        )


class LinePage(PortalPage):
    """A page about one line of the customer, `self.account`; another's is not found."""

    place = "home"
    account: DataAccount

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.pk = int(kwargs["pk"])

    def find(self) -> DataAccount:
        rows = self.customer.data_accounts.select_related(
            "package__topup_group", "package__service", "customer__master", "customer__group"
        )
        account: DataAccount = get_object_or_404(rows, pk=self.pk)
        return account

    def too_often(self) -> HttpResponse | None:
        """The answer to somebody who buys faster than people do."""
        return self.answer("portal/too_many.html", status=429) if limits.too_many(self.request) else None


class Topup(LinePage):
    """How much, and how it is paid."""

    title = "Top up"
    template_name = "portal/topup.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.account = self.find()
        return self.show(self.form(None))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.account = self.find()
        if refused := self.too_often():
            return refused
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show(form)
        asked = form.cleaned_data
        order = Order(self.account, asked["type"], SaleWay.PORTAL, selling.form_source(asked["token"]))
        actor: Any = request.user
        try:
            if asked["pay"] == topups.ACCOUNT:
                sale = selling.sell(order, self.now, actor=actor)
                return HttpResponseRedirect(reverse("portal:topup_bought", args=[sale.pk]))
            sale = selling.order_online(order, asked["token"], self.now, actor=actor)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
            return self.show(form)
        if sale.checkout is None:  # the same form was sent before, to buy on account
            return HttpResponseRedirect(reverse("portal:topup_bought", args=[sale.pk]))
        return HttpResponseRedirect(reverse("portal:pay_checkout", args=[sale.checkout.token]))

    def form(self, data: Any) -> PortalTopupForm:
        def ways(prices: Sequence[Decimal]) -> list[tuple[str, str]]:
            return topups.ways(self.account, prices, self.now)

        return PortalTopupForm(data, account=self.account, now=self.now, ways=ways)

    def show(self, form: PortalTopupForm) -> HttpResponse:
        left = remaining.remaining([self.account.pk], self.now).get(self.account.pk)
        return self.answer(
            form=form,
            account=self.account,
            left=left,
            over=0 if self.account.prepaid or left is None else left.over,
            obstacle=topups.obstacle(self.account, self.now),
            debt=owing.of(self.customer),
            online=paying.online(),
            automatic=AutoTopup.objects.buying().filter(data_account=self.account).first(),
            no_way=topups.no_way(self.account, self.now),
            grace=DataSalesSettings.get().grace_octets if not grace.why_not(self.account, self.now) else None,
        )


class Bought(PortalPage):
    """What became of a top-up: it is there, it waits for its payment, or why it is not."""

    title = "Top-up"
    place = "home"
    template_name = "portal/topup_bought.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        rows = TopupSale.objects.select_related("bundle", "document", "data_account", "checkout__payment")
        sale = get_object_or_404(rows, pk=pk, data_account__customer=self.customer)
        waits = (
            sale.state == SaleState.WAITING and sale.checkout and sale.checkout.state == CheckoutState.OPEN
        )
        return self.answer(sale=sale, checkout=sale.checkout if waits else None)


class Automatic(LinePage):
    """Agree that data is bought when it runs low."""

    title = "Automatic top-up"
    template_name = "portal/topup_automatic.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.account = self.find()
        return self.show(self.form(None))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.account = self.find()
        if refused := self.too_often():
            return refused
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show(form)
        asked, actor = form.cleaned_data, request.user
        terms = Terms(asked["type"], asked["limit"], asked["when_left"] or 0)
        try:
            automatic.switch_on(self.account, terms, self.now, actor=actor, door=Door.PORTAL)  # type: ignore[arg-type]
        except DomainError as refusal:
            form.add_error(None, str(refusal))
            return self.show(form)
        messages.success(request, "It is on: data is bought for you when it runs low.")
        return HttpResponseRedirect(reverse("portal:topup", args=[self.account.pk]))

    def form(self, data: Any) -> AutoForm:
        return AutoForm(data, account=self.account, now=self.now, portal=True)

    def show(self, form: AutoForm) -> HttpResponse:
        row = AutoTopup.objects.agreed().filter(data_account=self.account).first()
        month = month_of(local_day(self.now))
        return self.answer(
            form=form,
            account=self.account,
            automatic=row,
            bought=automatic.bought(self.account, self.now),
            paused=month.end if row and row.limit_told_for == month.start else None,
            obstacle=topups.obstacle(self.account, self.now) or quoting.not_automatic(self.account),
        )


class AutomaticOff(Automatic):
    """Withdraw it: the button of the same page."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.account = self.find()
        actor: Any = request.user
        try:
            automatic.switch_off(self.account, self.now, actor=actor, door=Door.PORTAL)
            messages.success(request, "It is off: nothing is bought for you.")
        except DomainError as refusal:
            messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("portal:topup", args=[pk]))


class Grace(Topup):
    """A little data free of charge, once: a button of the same page."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.account = self.find()
        actor: Any = request.user
        try:
            sale = grace.take(self.account, self.now, actor=actor)
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(reverse("portal:topup", args=[pk]))
        return HttpResponseRedirect(reverse("portal:topup_bought", args=[sale.pk]))
