"""Payments: what this customer paid, and the receipts."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from billing.models import Payment
from billing.payments.receipts import render_pdf
from customers.merging.models import records_of
from portal import owing, paying
from portal.views.page import PortalPage

PER_PAGE = 12


class PaymentPage(PortalPage):
    """What the pages about payments share: only those this customer was credited with."""

    place = "documents"

    def payments(self) -> QuerySet[Payment]:
        return Payment.objects.listed().filter(payer__in=records_of(self.customer))


class Payments(PaymentPage):
    title = "Payments"
    template_name = "portal/payments.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        shown = Paginator(self.payments(), PER_PAGE).get_page(request.GET.get("page"))
        return self.answer(payments=shown, debt=owing.of(self.customer), online=paying.online())


class PaymentPdf(PaymentPage):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        payment = get_object_or_404(self.payments(), pk=pk)
        return HttpResponse(
            render_pdf(payment),
            content_type="application/pdf",
            headers={"Content-Disposition": f'inline; filename="{payment.receipt}.pdf"'},
        )
