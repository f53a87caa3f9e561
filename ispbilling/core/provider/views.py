"""The settings page of the provider's details."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views import View

from ispbilling.core.files.views import SANDBOX
from ispbilling.core.models import Logo, Provider
from ispbilling.core.parts import Tab
from ispbilling.core.provider.forms import ProviderForm
from ispbilling.core.views import EditPage


class ProviderEdit(EditPage):
    """Edit the one row; documents issued before keep what they were issued with."""

    queryset = Provider.objects.all()
    permission = "settings.edit"
    title = "Provider"

    def find(self) -> Provider:
        return Provider.get()

    def own_tabs(self) -> list[Tab]:
        return [Tab("provider", "Provider", ProviderForm)]

    def done(self, obj: Provider, result: object) -> str:
        return "The provider's details are saved; the next invoice carries them."

    def success_url(self, obj: Provider, result: object) -> str:
        return reverse("core:provider_edit")

    def close_url(self) -> str:
        return settings.LOGIN_REDIRECT_URL


class LogoPicture(View):
    """A logo, for everybody: the portal shows it before anybody has logged in. Its address is its content."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        logo = get_object_or_404(Logo, pk=kwargs["digest"])
        return HttpResponse(
            bytes(logo.data),
            content_type=logo.content_type,
            headers={
                "Cache-Control": "public, max-age=31536000, immutable",
                "Content-Security-Policy": SANDBOX,
                "X-Content-Type-Options": "nosniff",
            },
        )
