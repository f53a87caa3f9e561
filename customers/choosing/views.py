"""Edit Customer of the menu (NAV-2)."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponseBase

from customers.search import CUSTOMERS, find_customers
from ispbilling import search
from ispbilling.core.chips import search_text
from ispbilling.core.views import StaffPage


class CustomerChoose(StaffPage):
    """Asks which customer and goes to the edit page; a single hit goes there at once."""

    permission = "customers.edit"
    title = "Edit Customer"
    template_name = "customers/choose.html"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        text = search_text(request)
        enough = len(text) >= search.SHORTEST
        limit = search.IN_DROPDOWN if self.partial else search.ON_PAGE
        found = find_customers(text, self.actor, limit, "customers:customer_edit") if enough else ()
        hits = [replace(hit, url=f"{hit.url}?from=list") for hit in found]
        if len(hits) == 1 and not self.partial:
            return self.go(hits[0].url)
        return self.answer(
            "search/_results.html" if self.partial else "",
            text=text,
            results=[(CUSTOMERS, hits)] if hits else [],
            too_short=not enough,
        )
