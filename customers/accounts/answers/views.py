"""The answers: the code a name would get, and customers who look like the one being typed."""

from django.http import HttpRequest, HttpResponse

from customers.accounts import duplicates, numbering
from customers.accounts.forms import AddressForm, located, place_context
from customers.accounts.models import Customer, CustomerType
from ispbilling.core import clock
from ispbilling.core.views import StaffPage


class CodeHint(StaffPage):
    """The next code for the name so far (ACC-12); the page leaves alone a code that somebody typed."""

    permission = "customers.add"

    def post(self, request: HttpRequest) -> HttpResponse:
        company = request.POST.get("type") == CustomerType.COMPANY
        name = request.POST.get("company_name" if company else "contact_name", "").replace("\0", "")[:160]
        proposal = numbering.propose(name, company=company) if name.strip() else numbering.Proposal()
        return self.answer("customers/_code_hint.html", proposal=proposal)


class PositionHint(StaffPage):
    """Show on Map: the map with the pin where the address is, or what to do instead (EDT-3)."""

    permission = "customers.edit"

    def post(self, request: HttpRequest) -> HttpResponse:
        data, note = located(request.POST, clock.now())
        names = ("physical_address", "gps", "pin")
        form = AddressForm(initial={name: data.get(name, "") for name in names})
        form.note = note
        return self.answer("customers/_place.html", **place_context(form))


class DuplicateHint(StaffPage):
    """Who has that number or address already; saving goes on all the same."""

    permission = "customers.edit"

    def post(self, request: HttpRequest) -> HttpResponse:
        def of(name: str) -> str:
            return str(request.POST.get(name, "")).replace("\0", "")[:1000]

        typed = duplicates.Typed(
            emails=of("email"), numbers=f"{of('phone')}\n{of('mobile')}", id_number=of("id_number")
        )
        besides = of("customer")
        found = duplicates.alike(
            typed,
            clock.now(),
            visible=Customer.objects.visible_to(self.actor),
            besides=int(besides) if besides.isascii() and besides.isdigit() and len(besides) < 19 else None,
        )
        return self.answer("customers/_duplicate_hint.html", found=found)
