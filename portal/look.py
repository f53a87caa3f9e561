"""Gives allauth's pages (password, second factor, sessions) the look of the portal for those who belong to
it.

The pages live on one set of addresses below /account/ for everybody; only the template differs.
"""

from collections.abc import Callable

from allauth.account.utils import url_str_to_user_pk
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from ispbilling.core.models import User


class PortalLook:
    """Middleware: puts `portal/<template>` before an /account/ page's own template for customers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
        names = response.template_name
        if request.path.startswith("/account/") and isinstance(names, list | tuple):
            user = _who(request)
            if user is not None and not user.is_provider_staff:
                response.template_name = [f"portal/{names[0]}", *names]
        return response


def _who(request: HttpRequest) -> User | None:
    """Whose page it is: the one logged in, else half-way through a log-in, else the one a reset link is
    for."""
    if request.user.is_authenticated:
        return request.user
    stage = getattr(request, "_login_stage", None)
    if stage is not None:
        half_in: User = stage.login.user
        return half_in
    key = request.resolver_match.kwargs.get("uidb36") if request.resolver_match else None
    try:
        return User.objects.filter(pk=url_str_to_user_pk(key)).first() if key else None
    except (ValueError, ValidationError):
        return None
