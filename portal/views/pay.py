"""Paying online: how much, off to the gateway, and back.

From the checkout on, its token is the key: the pages show an amount and what became of it, to whoever holds it, so that
people come back from the gateway to the right place also when they are not logged in, or never were.
"""

from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views import View

from billing.data_sales import selling
from billing.data_sales.models import TopupSale
from billing.gateways import accounts, checkouts, links
from billing.gateways.checkouts import Wish
from billing.gateways.links import LinkDead, Payable
from billing.gateways.models import Checkout, CheckoutState
from billing.models import Document
from billing.payments import receiving
from customers.merging.models import records_of
from customers.models import Customer, PortalLogin
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from portal import limits, owing, paying
from portal.forms import PayForm
from portal.views.page import PortalPage

#: The waiting page asks again after so many seconds, so often; then it says that it takes longer.
EVERY, TRIES = 3, 20


class Pay(PortalPage):
    """How much is to be paid."""

    title = "Pay now"
    place = "home"
    template_name = "portal/pay.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(PayForm(choices=self.choices()))

    def post(self, request: HttpRequest) -> HttpResponse:
        if limits.too_many(request):
            return self.answer("portal/too_many.html", status=429)
        form = PayForm(request.POST, choices=self.choices())
        if not form.is_valid():
            return self.show(form)
        document = self.document() if form.cleaned_data["what"] == "invoice" else None
        wish = Wish(receiving.credited(self.customer), form.chosen, form.token_given, document)
        try:
            checkout = checkouts.begin(wish, self.now, actor=request.user)  # type: ignore[arg-type]  # logged in
        except DomainError as refusal:
            form.add_error(None, str(refusal))
            return self.show(form)
        return HttpResponseRedirect(reverse("portal:pay_checkout", args=[checkout.token]))

    def show(self, form: PayForm) -> HttpResponse:
        payer = receiving.credited(self.customer)
        return self.answer(form=form, gateway=accounts.offered(), debt=owing.of(self.customer), payer=payer)

    def choices(self) -> list[paying.Choice]:
        return paying.choices(self.customer, self.document(), local_day(self.now))

    def document(self) -> Document | None:
        """The invoice asked for, if it is this customer's; Http404 otherwise."""
        asked = self.request.GET.get("invoice", "")
        if not asked:
            return None
        if not asked.isdecimal() or len(asked) > 18:
            raise Http404(asked)
        return get_object_or_404(Document, pk=int(asked), payer__in=records_of(self.customer))


class OpenPage(View):
    """A page without a log-in, whose address is its key: told to nobody else, kept by no browser."""

    template_name: ClassVar[str]
    title: str = "Pay"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.now = now()
        try:
            self.find(kwargs["token"])
            response = super().dispatch(request, *args, **kwargs)
        except (Http404, LinkDead):
            response = self.answer("portal/link_dead.html", status=404)
        add_never_cache_headers(response)
        response["Referrer-Policy"] = "same-origin"
        return response

    def find(self, token: str) -> None:
        """What the page is about. Raises Http404 or LinkDead."""
        raise NotImplementedError

    def answer(self, template: str, status: int = 200, **context: Any) -> HttpResponse:
        context = {"page": self, "title": self.title, "place": "home", **context}
        return render(self.request, template, context, status=status)


class CheckoutPage(OpenPage):
    """A page of `self.checkout`."""

    checkout: Checkout

    def find(self, token: str) -> None:
        try:
            key = UUID(token)
        except ValueError as error:
            raise Http404(token) from error
        rows = Checkout.objects.select_related("payer", "document", "payment")
        self.checkout = get_object_or_404(rows, token=key)

    def show(self, template: str, **context: Any) -> HttpResponse:
        label = accounts.label(self.checkout.gateway)
        return self.answer(template, checkout=self.checkout, label=label, mine=self.mine(), **context)

    def mine(self) -> bool:
        """Whether whoever looks is logged in as the customer that pays."""
        user = self.request.user
        return bool(
            user.is_authenticated
            and PortalLogin.objects.filter(user=user, customer=self.checkout.payer_id).exists()
        )

    def sale(self) -> TopupSale | None:
        """The top-up that is paid for with it."""
        return TopupSale.objects.filter(checkout=self.checkout).select_related("data_account").first()

    def address(self, name: str) -> str:
        return reverse(f"portal:{name}", args=[self.checkout.token])


class PayCheckout(CheckoutPage):
    """What will be paid, and the button that leads to the gateway."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        if self.checkout.state != CheckoutState.OPEN:
            return HttpResponseRedirect(self.address("pay_return"))
        back, cancelled = (settings.BASE_URL + self.address(name) for name in ("pay_return", "pay_cancelled"))
        try:
            form = checkouts.form(self.checkout, back=back, cancelled=cancelled)
        except DomainError as refusal:
            return self.show("portal/pay_over.html", refusal=str(refusal))
        response = self.show("portal/pay_checkout.html", form=form, sale=self.sale())
        response._csp_update = {"form-action": [origin(form.url)]}  # type: ignore[attr-defined]  # django-csp's
        return response


class PayReturn(CheckoutPage):
    """Back from the gateway: it is paid, or it is not, or we are still to be told."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        if self.checkout.state == CheckoutState.PAID:
            debt, sale = owing.of(self.checkout.payer) if self.mine() else None, self.sale()
            if sale is not None:
                sale = selling.complete(sale, self.now)
            return self.show("portal/pay_done.html", debt=debt, sale=sale)
        if self.checkout.state != CheckoutState.OPEN:
            return self.show("portal/pay_over.html", refusal="")
        asked = request.GET.get("n", "0")
        tries = int(asked) if asked.isdecimal() and len(asked) < 4 else 0
        response = self.show("portal/pay_wait.html", waiting=tries < TRIES)
        if tries < TRIES:
            response["Refresh"] = f"{EVERY}; url={self.address('pay_return')}?n={tries + 1}"
        return response


class PayCancelled(CheckoutPage):
    """Back from the gateway without paying. Money that comes all the same is recorded."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        if self.checkout.state == CheckoutState.OPEN:
            self.checkout.state = checkouts.cancel(self.checkout, self.now).state
        if self.checkout.state == CheckoutState.PAID:
            return HttpResponseRedirect(self.address("pay_return"))
        return self.show("portal/pay_over.html", refusal="")


class PayAgain(CheckoutPage):
    """The same once more."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return HttpResponseRedirect(self.address("pay_return"))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        if self.checkout.state == CheckoutState.PAID:
            return HttpResponseRedirect(self.address("pay_return"))
        if (sale := self.sale()) is not None:  # at today's price, and given out when it is paid
            return HttpResponseRedirect(reverse("portal:topup", args=[sale.data_account_id]))
        was = self.checkout
        return begun(self, Wish(was.payer, was.amount, uuid4(), was.document))


class PayLink(OpenPage):
    """A link in a mail: what is open of an invoice or an account, and the button that begins to pay it."""

    payable: Payable

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if limits.too_many(request):
            return self.answer("portal/too_many.html", status=429)
        return super().dispatch(request, *args, **kwargs)

    def find(self, token: str) -> None:
        self.payable = links.find(token, local_day(self.now))
        if not Customer.objects.not_deleted(self.now).filter(pk=self.payable.payer.pk).exists():
            raise LinkDead

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self.answer(
            "portal/pay_link.html", payable=self.payable, gateway=accounts.offered(), token=uuid4()
        )

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        one = self.payable
        try:
            key = UUID(request.POST.get("token", ""))
        except ValueError:
            key = uuid4()
        if not one.open:
            return self.get(request, token)
        return begun(self, Wish(one.payer, one.open, key, one.document))


def begun(page: OpenPage, wish: Wish) -> HttpResponse:
    """On to the page of a new checkout, or why there is none."""
    user = page.request.user
    try:
        checkout = checkouts.begin(wish, page.now, actor=user if user.is_authenticated else None)
    except DomainError as refusal:
        return page.answer("portal/pay_refused.html", refusal=str(refusal))
    return HttpResponseRedirect(reverse("portal:pay_checkout", args=[checkout.token]))


def origin(url: str) -> str:
    """Scheme and host of an address, as a content policy names it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
