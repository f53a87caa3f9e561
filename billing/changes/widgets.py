"""Package changes on the profile of a customer and on the page of a line (PKC-3)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from billing.changes.forms import ChangeSettingsForm
from billing.changes.tables import EDIT, LineChangesTable
from ispbilling.core import events
from ispbilling.core.models import User
from ispbilling.core.parts import Button, Tab
from ispbilling.core.registries import Widget
from radius.models import ChangeSettings, PackageChange

LATEST = 5
ROWS = PackageChange.objects.select_related(
    "data_account__customer", "from_package", "to_package", "supersedes__to_package", "created_by"
)


class PackageChanges(Widget):
    """The last changes of a customer's lines, those to come first."""

    name, title, icon = "package_changes", "Package Changes", "switch-3"
    template_name = "billing/_changes_widget.html"
    permission = "radius.accounts.view"
    column, weight = 1, 45

    def rows(self) -> Any:
        return ROWS.filter(data_account__customer=self.obj)

    def context(self) -> Mapping[str, Any]:
        return {
            "table": LineChangesTable(self.rows()[:LATEST], request=self.request),
            "count": self.rows().count(),
        }

    def query(self) -> dict[str, str]:
        return {"customer": self.obj.code}

    def buttons(self) -> list[Button]:
        add = reverse("billing:package_change_add", args=[self.obj.pk])
        return [Button("Add", add, "plus", permission=EDIT)]

    def view_all(self) -> str:
        return f"{reverse('billing:package_change_list')}?{urlencode({**self.query(), 'state': 'all'})}"


class LinePackageChanges(PackageChanges):
    """The same for one line."""

    column, weight = 1, 65

    def rows(self) -> Any:
        return ROWS.filter(data_account=self.obj)

    def query(self) -> dict[str, str]:
        return {"line": self.obj.username}

    def buttons(self) -> list[Button]:
        add = reverse("billing:package_change_add", args=[self.obj.customer_id])
        return [Button("Change Package", f"{add}?line={self.obj.pk}", "switch-3", permission=EDIT)]


def store(form: Any, obj: Any, actor: User) -> None:
    """Keep how a new cap is reckoned, with what it was before."""
    before = ChangeSettings.get()
    changed = events.changes({"new_cap": before.new_cap}, {"new_cap": form.cleaned_data["new_cap"]})
    form.save()
    events.record("changesettings.changed", before, actor=actor, changes=changed)


#: On the page of the billing settings.
TAB = Tab(
    "changes",
    "Package Changes",
    ChangeSettingsForm,
    "billing.settings.edit",
    icon="switch-3",
    instance=lambda settings: ChangeSettings.get(),
    save=store,
)
