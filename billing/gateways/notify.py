"""Where gateways tell what happened: for machines, without a log-in; everything that is said is verified."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from billing.gateways import accounts, callbacks
from billing.gateways.interface import Post
from billing.gateways.payfast import MOST_OCTETS
from ispbilling.core import clock


@method_decorator(csrf_exempt, name="dispatch")
class Notify(View):
    """Where a gateway tells what happened. It is answered after COMMIT; what is not accepted comes again."""

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        try:
            gateway = accounts.gateway(name)
        except LookupError as error:
            raise Http404(name) from error
        body = request.read(MOST_OCTETS + 1)
        post = Post(body, get_adapter().get_client_ip(request))
        answer = callbacks.deliver(gateway, post, clock.now())
        return HttpResponse(answer.name.lower(), status=answer.value, content_type="text/plain")

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseNotAllowed(["POST"])
