"""Changing price lists and who has which: the only writer of their tables."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.costing.models import CostingModel, CostingPrice, CustomerCosting
from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.meanwhile import refuse_if_changed
from ispbilling.core.models import User
from ispbilling.core.units import counted


def store(
    model: CostingModel,
    title: str,
    prices: Mapping[int, Decimal | None],
    *,
    actor: User | None,
    seen: int | None = None,
) -> CostingModel:
    """Store a new or changed model with its prices by package id; None: the package's own price holds.

    Raises DomainError when it was deleted, ChangedMeanwhile when somebody changed it after `seen` (core.meanwhile).
    """
    with transaction.atomic():
        added = model._state.adding
        if not added:
            if not CostingModel.objects.select_for_update(no_key=True).filter(pk=model.pk):
                raise DomainError("It was deleted meanwhile.")
            refuse_if_changed(model, seen, "costingmodel.changed")
        before: dict[str, Any] = {"title": model.title} | _told(model)
        model.title = title
        if added:
            model.save(force_insert=True)
        else:
            model.save(update_fields=["title"])
        wanted = {package: price for package, price in prices.items() if price is not None}
        model.prices.exclude(package__in=wanted).delete()
        CostingPrice.objects.bulk_create(
            [CostingPrice(model=model, package_id=package, price=price) for package, price in wanted.items()],
            update_conflicts=True,
            unique_fields=["model", "package"],
            update_fields=["price"],
        )
        after: dict[str, Any] = {"title": title} | _told(model)
        if added:
            events.record("costingmodel.added", model, actor=actor, title=title, prices=_told(model))
        elif changed := events.changes(dict.fromkeys(after) | before, dict.fromkeys(before) | after):
            events.record("costingmodel.changed", model, actor=actor, changes=changed)
    return model


def remove(model: CostingModel, *, actor: User | None) -> None:
    """Delete a model that nobody has. Raises DomainError while somebody does."""
    with transaction.atomic():
        locked = CostingModel.objects.select_for_update().get(pk=model.pk)
        if count := locked.customers.count():
            raise DomainError(
                f"It is the price list of {counted(count, 'customer')}; give them another one first."
            )
        events.record("costingmodel.deleted", locked, actor=actor, title=locked.title, prices=_told(locked))
        locked.delete()


def give(customer: Customer, model: CostingModel | None, *, actor: User | None) -> None:
    """Let the customer's packages cost what the model says from the next run on; None: what they cost anyway."""
    with transaction.atomic():
        Customer.objects.select_for_update(no_key=True, of=("self",)).get(pk=customer.pk)
        row = CustomerCosting.objects.filter(customer=customer).select_related("model").first()
        before = row.model if row else None
        if before == model:
            return
        if model is None:
            CustomerCosting.objects.filter(customer=customer).delete()
        else:
            CustomerCosting.objects.update_or_create(customer=customer, defaults={"model": model})
        changed = events.changes({"data_costing_model": before}, {"data_costing_model": model})
        events.record("customer.edited", customer, actor=actor, about=customer, changes=changed)


def _told(model: CostingModel) -> dict[str, Decimal]:
    if model.pk is None:
        return {}
    return {str(one.package): one.price for one in model.prices.select_related("package")}
