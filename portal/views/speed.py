"""Testing the speed of a line against our own server: begin, data there and back, the result."""

import os
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from allauth.account.adapter import get_adapter
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict, StreamingHttpResponse
from django.urls import reverse

from ispbilling.core.errors import DomainError
from portal.views.page import PortalPage
from radius.accounts import states
from radius.models import DataAccount, SpeedTest
from radius.speed import measuring
from radius.speed.measuring import Result

#: Results that are listed.
SHOWN = 10
#: What is sent again and again: it does not get smaller on the way, and costs nothing to make.
_NOISE = os.urandom(1 << 18)


class Speed(PortalPage):
    """The page; its script begins a test here and brings the result back here."""

    title = "Speed test"
    place = "usage"
    template_name = "portal/speed.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        accounts = self.accounts()
        return self.answer(
            accounts=accounts,
            here=measuring.line_at(self.customer.pk, address(request)),
            tests=SpeedTest.objects.filter(customer=self.customer).select_related("data_account")[:SHOWN],
            most_mb=(measuring.MOST_DOWN + measuring.MOST_UP) // 1_000_000,
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            if "ticket" not in request.POST:
                return JsonResponse({"ticket": str(measuring.begin(self.customer, self.account()))})
            ticket = measuring.ticket(request.POST["ticket"], self.customer)
            result = _result(request.POST)
            measuring.store(ticket, result, address(request), self.now, actor=request.user)  # type: ignore[arg-type]  # logged in
        except DomainError as refusal:
            return JsonResponse({"error": str(refusal)}, status=429 if "ticket" not in request.POST else 400)
        return JsonResponse({"url": reverse("portal:speed")})

    def accounts(self) -> list[DataAccount]:
        """The lines in service today."""
        mine = self.customer.data_accounts.select_related("package__service").order_by("username")
        rows: Any = states.with_status(mine, self.now)
        return list(rows.exclude(radius_status__in=_OVER))

    def account(self) -> DataAccount | None:
        """The line that is tested; Http404 for another's."""
        asked = self.request.POST.get("account", "")
        if not asked:
            return None
        found = next((one for one in self.accounts() if str(one.pk) == asked), None)
        if found is None:
            raise Http404(asked)
        return found


class SpeedData(PortalPage):
    """Octets down (GET with `octets`) and up (POST); nothing of them is kept."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("octets", "")
        if not asked:
            return HttpResponse(content_type="application/octet-stream")
        if not asked.isdecimal() or len(asked) > 9:
            raise Http404(asked)
        try:
            measuring.spend(
                measuring.ticket(request.GET.get("ticket", ""), self.customer), "down", int(asked)
            )
        except DomainError as refusal:
            return JsonResponse({"error": str(refusal)}, status=429)
        answer = StreamingHttpResponse(_noise(int(asked)), content_type="application/octet-stream")
        answer["Content-Length"] = asked
        return answer  # type: ignore[return-value]  # what `View` may answer

    def post(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or ""
        try:
            ticket = measuring.ticket(request.GET.get("ticket", ""), self.customer)
            measuring.spend(ticket, "up", int(length) if length.isdecimal() else 0)
        except DomainError as refusal:
            return JsonResponse({"error": str(refusal)}, status=429)
        taken = 0
        while part := request.read(1 << 16):
            taken += len(part)
        return JsonResponse({"octets": taken})


_OVER = (states.RadiusStatus.CANCELLED, states.RadiusStatus.NOT_STARTED)


def address(request: HttpRequest) -> str:
    """Where the browser is, as the proxy in front of us tells."""
    return str(get_adapter().get_client_ip(request) or "")


def _noise(octets: int) -> Iterator[bytes]:
    while octets > 0:
        yield _NOISE[: min(octets, len(_NOISE))]
        octets -= len(_NOISE)


def _result(sent: QueryDict) -> Result:
    """What the script measured. Raises DomainError for what are no numbers."""
    try:
        latency = Decimal(sent.get("latency", ""))
        numbers = [int(sent.get(name, "")) for name in ("down_octets", "down_ms", "up_octets", "up_ms")]
    except (InvalidOperation, ValueError) as error:
        raise DomainError("That measurement cannot be right. Test again.") from error
    if not latency.is_finite() or any(abs(number) > 10**12 for number in numbers):
        raise DomainError("That measurement cannot be right. Test again.")
    return Result(latency, *numbers)
