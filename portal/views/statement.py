"""The statement (POR-2): what was owed, what happened, what is owed now; on screen and as a PDF to pay from."""

from django.http import HttpRequest, HttpResponse

from billing.statements.figures import Statement, statement
from billing.statements.period import Days, asked, offered
from billing.statements.rendering import PDF, file_name, render_pdf, sentence
from ispbilling.core.clock import local_day
from portal import owing, paying
from portal.views.page import PortalPage


class _Own(PortalPage):
    place = "documents"

    def days(self) -> Days:
        return asked(self.request.GET, local_day(self.now))

    def statement(self) -> Statement:
        days = self.days()
        return statement(self.customer, days.since, days.until)


class StatementView(_Own):
    title = "Statement"
    template_name = "portal/statement.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        one = self.statement()
        return self.answer(
            statement=one,
            days=self.days(),
            offered=offered(local_day(self.now)),
            sentence=sentence(one),
            debt=owing.of(self.customer),
            online=paying.online(),
        )


class StatementPdf(_Own):
    def get(self, request: HttpRequest) -> HttpResponse:
        one = self.statement()
        name = file_name(self.customer, one.until)
        return HttpResponse(
            render_pdf(one),
            content_type=PDF,
            headers={"Content-Disposition": f'inline; filename="{name}"'},
        )
