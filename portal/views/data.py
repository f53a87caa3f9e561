"""What data a customer holds, which notices it gets, what it agreed to, and giving data away (reg. 8A)."""

from typing import Any

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from ispbilling.core.errors import DomainError
from ispbilling.core.units import format_octets
from portal import limits
from portal.views.page import PortalPage
from portal.views.topup import sold_to
from radius.bundles.models import DataBundle
from radius.models import DataAccount, NoticeChoice
from radius.rolling import consenting, expiring, noticing, transferring
from radius.rolling.forms import WITHDRAWN, NoticesForm, TransferForm
from radius.rolling.models import DataSettings, Door
from radius.rolling.transferring import Wish


class Data(PortalPage):
    """The bundles of each line in the order in which they are used, and the choices about them."""

    title = "Data"
    place = "usage"
    template_name = "portal/data.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(NoticesForm(initial=NoticesForm.of(self.chosen())))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NoticesForm(request.POST)
        if not form.is_valid():
            return self.show(form)
        noticing.choose(self.customer, form.cleaned_data["levels"], self.now, actor=request.user)  # type: ignore[arg-type]
        messages.success(request, "Your choice of notices is saved.")
        return HttpResponseRedirect(reverse("portal:data"))

    def chosen(self) -> NoticeChoice | None:
        return NoticeChoice.objects.filter(customer=self.customer).first()

    def show(self, form: NoticesForm) -> HttpResponse:
        live = DataBundle.objects.live(self.now).select_related("parent")
        held = Prefetch("bundles", live.order_by("expires_at", "origin_at", "pk"), to_attr="held")
        rows = self.customer.data_accounts.select_related("package").order_by("username")
        lines: list[Any] = [one for one in rows.prefetch_related(held) if _metered(one)]
        said = consenting.standing(line.pk for line in lines)
        giving = DataSettings.get().transfers_in_portal
        return self.answer(
            form=form,
            lines=[(line, [self.row(one, giving) for one in line.held]) for line in lines],
            sold=sold_to(self.customer),
            consents=[row for row in said.values() if row.given],
        )

    def row(self, bundle: DataBundle, giving: bool) -> tuple[DataBundle, str, str, bool]:
        """A bundle, how it stands, until when it lasts, and whether something of it can be given away."""
        gives = giving and not transferring.obstacles(bundle, self.now)
        return bundle, bundle.state(self.now), expiring.until(bundle.expires_at), gives


def _metered(line: DataAccount) -> bool:
    return line.prepaid or line.package.cap_octets is not None


class GiveData(PortalPage):
    """Give data of one bundle to somebody else's line, or to another of one's own."""

    title = "Give data"
    place = "usage"
    template_name = "portal/data_give.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.show(self.bundle(pk), TransferForm())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        bundle = self.bundle(pk)
        if limits.too_many(request):  # who tries usernames
            return self.answer("portal/too_many.html", status=429)
        form = TransferForm(request.POST)
        if not form.is_valid():
            return self.show(bundle, form)
        told = form.cleaned_data
        wish = Wish(bundle, told["username"], told["octets"], told["token"], Door.PORTAL, told["note"])
        try:
            done = transferring.transfer(wish, self.now, actor=request.user)  # type: ignore[arg-type]  # logged in
        except DomainError as refusal:
            form.add_error(None, str(refusal))
            return self.show(bundle, form)
        messages.success(
            request, f"{format_octets(done.octets)} went to {done.to_bundle.data_account.username}."
        )
        return HttpResponseRedirect(reverse("portal:data"))

    def bundle(self, pk: int) -> DataBundle:
        """The customer's own bundle; Http404 for another's, and while customers do not transfer data."""
        if not DataSettings.get().transfers_in_portal:
            raise Http404
        rows = DataBundle.objects.select_related("data_account__customer", "parent")
        return get_object_or_404(rows, pk=pk, data_account__customer=self.customer)

    def show(self, bundle: DataBundle, form: TransferForm) -> HttpResponse:
        form.fields["note"].help_text = "The other customer can read it"
        return self.answer(
            bundle=bundle,
            form=form,
            until=expiring.until(bundle.expires_at),
            obstacles=transferring.obstacles(bundle, self.now),
        )


class WithdrawConsent(PortalPage):
    """Pay for nothing beyond the bundles from now on."""

    title = "Withdraw consent"
    place = "usage"
    template_name = "portal/data_withdraw.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        line = self.line(pk)
        return self.answer(line=line, consent=consenting.standing([line.pk]).get(line.pk))

    def line(self, pk: int) -> DataAccount:
        """One of the customer's own; Http404 for another's."""
        return get_object_or_404(self.customer.data_accounts.select_related("customer"), pk=pk)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        line = self.line(pk)
        try:
            consenting.say(
                line,
                given=False,
                words=WITHDRAWN.format(line=line),
                door=Door.PORTAL,
                now=self.now,
                actor=request.user,  # type: ignore[arg-type]  # logged in
            )
        except DomainError as refusal:
            messages.info(request, str(refusal))
        else:
            messages.success(request, f"Nothing more is charged on {line} without asking you.")
        return HttpResponseRedirect(reverse("portal:data"))
