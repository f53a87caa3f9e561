"""How the provider sells data."""

from django.urls import reverse

from billing.data_sales.forms import SettingsForm
from billing.data_sales.models import (
    DataSalesSettings,
)
from ispbilling.core.views import EditPage


class SettingsEdit(EditPage):
    queryset = DataSalesSettings.objects.all()
    permission = "billing.settings.edit"
    title = "Data Sales Settings"
    form_class = SettingsForm
    success_url_name = "billing:data_sales_settings"

    def find(self) -> DataSalesSettings:
        return DataSalesSettings.get()

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Billing Settings", reverse("billing:settings_edit"))]
