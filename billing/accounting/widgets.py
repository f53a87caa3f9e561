"""What billing groups and products are called in the accounting system: a tab while one is chosen (D-22)."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from billing.recurring.models import Product
from groups.models import BillingGroup
from ispbilling.core import clock, external
from ispbilling.core.forms import Form
from ispbilling.core.models import AccountingSystem, ExternalKind, User
from ispbilling.core.parts import Tab


def tab(kind: ExternalKind, model: type[models.Model], system: AccountingSystem) -> Tab:
    """The tab of one kind of row and one system."""

    class ExternalForm(Form):
        external_id = forms.CharField(
            label=f"{system.short} ID",
            max_length=40,
            required=False,
            help_text=f"What it is called in {system.short}; no other {kind.label.lower()} may have it",
        )

        def clean_external_id(self) -> str:
            typed = str(self.cleaned_data["external_id"]).strip()
            holder = external.holder(kind, typed, system) if typed else None
            if holder not in (None, self.initial["key"]):
                other = model._default_manager.get(pk=holder)
                raise ValidationError(f"{other} has this {system.short} ID already.")
            return typed

    def known(row: Any) -> dict[str, Any]:
        return {"key": row.pk, "external_id": external.id_of(kind, row.pk, system)}

    def save(form: Any, row: Any, actor: User) -> None:
        external.put(kind, row, form.cleaned_data["external_id"], clock.now(), actor=actor, of=system)

    def chosen(row: Any) -> bool:
        return external.system() == system

    return Tab(f"external-{system}", system.short, ExternalForm, instance=known, save=save, shown=chosen)


#: (page, tab), registered when the app is ready.
TABS = [
    (page, tab(kind, model, system))
    for page, kind, model in (
        ("groups:billing_group_edit", ExternalKind.BILLING_GROUP, BillingGroup),
        ("billing:product_edit", ExternalKind.PRODUCT, Product),
    )
    for system in AccountingSystem
    if system
]
