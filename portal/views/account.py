"""Who the customer is to us, and the way to password, second factor and sessions."""

from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse

from portal.views.page import PortalPage


class Account(PortalPage):
    title = "Account"
    place = "account"
    template_name = "portal/account.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.answer(
            contacts=self.customer.contacts.all(),
            second_factor=is_mfa_enabled(request.user),
            address=[line for line in self.customer.physical_address.splitlines() if line.strip()],
        )
