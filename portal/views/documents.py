"""Invoices and credit notes: the list, one of them, and its PDF."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from billing.allocating.standing import Standings
from billing.documents.models import DocumentQuerySet
from billing.documents.rendering import render_pdf
from billing.models import Document
from customers.merging.models import records_of
from ispbilling.core.clock import local_day
from portal import owing, paying
from portal.views.calls import has_numbers
from portal.views.page import PortalPage

PER_PAGE = 12


class DocumentPage(PortalPage):
    """What the pages about paper share: only what this customer is to pay."""

    place = "documents"

    def documents(self) -> DocumentQuerySet:
        return Document.objects.filter(payer__in=records_of(self.customer)).order_by("-issued_on", "-id")

    def standings(self) -> Standings:
        """Which of them are paid."""
        return Standings(local_day(self.now), [self.customer.pk])

    def document(self, pk: int) -> Document:
        """The document, if it is this customer's; Http404 otherwise."""
        rows = self.documents().select_related("party", "corrects", "customer")
        return get_object_or_404(rows, pk=pk)


class Documents(DocumentPage):
    title = "Invoices"
    template_name = "portal/documents.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = self.documents().listed()
        shown: Any = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        standings = self.standings()
        for document in shown:
            document.standing = standings.of(document, credited=document.credited)
        return self.answer(
            documents=shown,
            debt=owing.of(self.customer),
            online=paying.online(),
            calls=has_numbers(records_of(self.customer)),
        )


class DocumentView(DocumentPage):
    template_name = "portal/document.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        document = self.document(pk)
        self.title = f"{document.get_kind_display()} {document.reference}"
        standing = self.standings().of(document, credited=document.corrections.exists())
        return self.answer(
            document=document,
            lines=document.lines.all(),
            standing=standing,
            online=paying.online(),
            call_months=document.call_bills.filter(number__customer__in=records_of(self.customer))
            .order_by("month")
            .values_list("month", flat=True)
            .distinct(),
        )


class DocumentPdf(DocumentPage):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        document = self.document(pk)
        return HttpResponse(
            render_pdf(document),
            content_type="application/pdf",
            headers={"Content-Disposition": f'inline; filename="{document.reference}.pdf"'},
        )
