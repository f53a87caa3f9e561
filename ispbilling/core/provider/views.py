"""The settings page of the provider's details."""

from django.conf import settings
from django.urls import reverse

from ispbilling.core.models import Provider
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
