"""Request middleware of the kernel."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from ispbilling.core.clock import local_day, now, zone
from ispbilling.core.second_factor import due


class ProviderTimeZone:
    """Shows every instant in the provider's zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(zone()):
            return self.get_response(request)


class NoNul:
    """Refuses addresses with the character NUL (400): nobody types it, and PostgreSQL has no text with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "%00" in request.META.get("QUERY_STRING", "") or "\0" in request.path:
            raise BadRequest("NUL in the address")
        return self.get_response(request)


class UploadLimit:
    """Refuses a request larger than UPLOAD_MAX_MB by what it announces, before a byte of it is read or stored.

    What announces no length has no body to Django; what sends more than it announced is cut there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isascii() and length.isdecimal() and int(length) > settings.UPLOAD_MAX_MB * 1_000_000:
            return render(request, "413.html", {"most_mb": settings.UPLOAD_MAX_MB}, status=413)
        return self.get_response(request)


class SecondFactor:
    """Leads owners and financial managers without a second factor to its set-up once their grace is over.

    Until then every page says by when (`request.second_factor_due`). Whoever has one, or needs none, is asked
    about in the database once per session and role.
    """

    OPEN = ("/account/", "/portal/", "/static/")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.second_factor_due = None  # type: ignore[attr-defined]
        if not request.user.is_authenticated or request.session.get("second_factor") == request.user.role:
            return self.get_response(request)
        by = due(request.user)
        if by is None:
            request.session["second_factor"] = request.user.role
        elif by <= now() and not request.path.startswith(self.OPEN):
            messages.warning(
                request, "Your role needs a second factor. Set it up to go on; nothing else is lost."
            )
            target = reverse("mfa_activate_totp")
            return HttpResponseClientRedirect(target) if request.htmx else HttpResponseRedirect(target)  # type: ignore[attr-defined]
        else:
            request.second_factor_due = local_day(by)  # type: ignore[attr-defined]
        return self.get_response(request)
