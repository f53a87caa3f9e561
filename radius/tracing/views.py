"""The page Data > IP Lookup."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from ispbilling.core import access, clock, exports
from ispbilling.core.views import StaffPage
from radius.tracing.forms import LookUpForm
from radius.tracing.looking import LIMIT, look_up
from radius.tracing.tables import StaticTable, TraceTable

EXPORT = "radius.export"
# A moment as people type it is a second long.
MOMENT = timedelta(seconds=1)


class IpLookup(StaffPage):
    """Who had this address at that time? Asked by POST, so that no reason and no address is left in a URL."""

    permission = "radius.sessions.trace"
    title = "IP Lookup"
    template_name = "radius/ip_lookup.html"

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(
            subtitle="Who had an address, or where was a device, at a moment or in a span of time?",
            kept=settings.RADIUS_KEEP_SESSIONS_MONTHS,
            may_export=access.may(self.actor, EXPORT),
            **extra,
        )

    def get(self, request: HttpRequest) -> HttpResponseBase:
        return self.answer(form=LookUpForm())

    def post(self, request: HttpRequest) -> HttpResponseBase:
        if "begin" in request.POST:  # from a list, with an address that was searched for there
            now = clock.now().astimezone(clock.zone())
            return self.answer(
                form=LookUpForm(initial={"sought": request.POST.get("sought", "")[:64], "since": now})
            )
        form = LookUpForm(request.POST)
        if not form.is_valid():
            return self.answer(form=form)
        taken_out = "export" in request.POST
        if taken_out:
            access.require(self.actor, EXPORT)
        asked = form.cleaned_data
        since, until = asked["since"], asked["until"] or asked["since"] + MOMENT
        found = look_up(
            asked["sought"], since, until, asked["reason"], clock.now(), actor=self.actor, taken_out=taken_out
        )
        table = TraceTable(found.sessions, orderable=False)
        if taken_out:
            return exports.FORMATS["csv"](table, "ip-lookup")
        return self.answer(
            form=form,
            asked=asked,
            until=until,
            table=table,
            statics=StaticTable(found.statics, orderable=False),
            more=LIMIT if found.more else 0,
        )
