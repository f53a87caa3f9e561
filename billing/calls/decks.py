"""Changing phone costing models, their rates, and who has which: the only writer of their tables.

Calls that no invoice has are priced again by what holds now; those on invoices stay as they are.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q

from billing.calls import pricing
from billing.calls.models import CallSettings, CustomerPhoneCosting, PhoneCostingModel, PhoneRate
from billing.calls.rating import Rate
from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.meanwhile import refuse_if_changed
from ispbilling.core.models import User
from ispbilling.core.units import counted

_TERMS = ("destination", "per_minute", "connection_fee", "first_seconds", "next_seconds", "minimum_charge")


def store(
    model: PhoneCostingModel,
    title: str,
    markup: Decimal | None,
    *,
    actor: User | None,
    seen: int | None = None,
) -> PhoneCostingModel:
    """Store a new or changed model. Raises DomainError when it was deleted or the title is taken, ChangedMeanwhile
    when somebody changed it after `seen` (core.meanwhile)."""
    with transaction.atomic():
        pricing.alone()
        added = model._state.adding
        if not added:
            stored = _locked(model)
            refuse_if_changed(model, seen, "phonecostingmodel.changed")
            before = {"title": stored.title, "markup": stored.markup}
        if PhoneCostingModel.objects.exclude(pk=model.pk).filter(title__iexact=title).exists():
            raise DomainError("There is a phone costing model with this title already.")
        model.title, model.markup = title, markup
        if added:
            model.save(force_insert=True)
            events.record("phonecostingmodel.added", model, actor=actor, title=title, markup=markup)
            return model
        model.save(update_fields=["title", "markup"])
        if changed := events.changes(before, {"title": title, "markup": markup}):
            events.record("phonecostingmodel.changed", model, actor=actor, changes=changed)
        if before["markup"] != markup:
            pricing.stale(who_has(model))
    return model


def remove(model: PhoneCostingModel, *, actor: User | None) -> None:
    """Delete a model that nobody has. Raises DomainError while somebody does, or it is the default."""
    with transaction.atomic():
        pricing.alone()
        locked = _locked(model)
        if why := why_not_removed(locked):
            raise DomainError(why)
        events.record(
            "phonecostingmodel.deleted", locked, actor=actor, title=locked.title, rates=locked.rates.count()
        )
        locked.delete()


def why_not_removed(model: PhoneCostingModel) -> str:
    """Why a model cannot be deleted, as a sentence; empty when it can."""
    if CallSettings.objects.filter(default_model=model).exists():
        return "It is the default; choose another default in the billing settings first."
    if count := model.customers.count():
        return f"It is the price list of {counted(count, 'customer')}; give them another one first."
    return ""


def store_rate(
    model: PhoneCostingModel,
    rate: Rate,
    *,
    actor: User | None,
    former: PhoneRate | None = None,
    seen: int | None = None,
) -> PhoneRate:
    """Add a rate to a model, or put it in the place of a former one of the model.

    Raises DomainError for a prefix that has a rate, or when model or rate were deleted; ChangedMeanwhile.
    """
    with transaction.atomic():
        pricing.alone()
        _locked(model)
        stored = PhoneRate(model=model)
        if former is not None:
            found = (
                PhoneRate.objects.select_for_update(of=("self",)).filter(pk=former.pk, model=model).first()
            )
            if found is None:
                raise DomainError("It was deleted meanwhile.")
            refuse_if_changed(found, seen, "phonerate.changed")
            stored = found
        if model.rates.filter(prefix=rate.prefix).exclude(pk=stored.pk).exists():
            raise DomainError(f"The model has a rate for {rate.prefix} already.")
        before = {name: getattr(stored, name) for name in ("prefix", *_TERMS)}
        told = {name: getattr(rate, name) for name in ("prefix", *_TERMS)}
        for name, value in told.items():
            setattr(stored, name, value)
        stored.save()
        if former is None:
            events.record("phonerate.added", stored, actor=actor, model=str(model), **told)
        elif changed := events.changes(before, told):
            events.record("phonerate.changed", stored, actor=actor, model=str(model), changes=changed)
        pricing.stale(who_has(model))
    return stored


def remove_rate(rate: PhoneRate, *, actor: User | None) -> None:
    """Delete a rate; calls that no invoice has follow a shorter prefix, or wait for a rate."""
    with transaction.atomic():
        pricing.alone()
        row = PhoneRate.objects.select_related("model").filter(pk=rate.pk).first()
        if row is None:
            raise DomainError("It was deleted meanwhile.")
        events.record("phonerate.deleted", row, actor=actor, model=str(row.model), per_minute=row.per_minute)
        pricing.stale(who_has(row.model))
        row.delete()


def upload(
    model: PhoneCostingModel, rates: Sequence[Rate], *, replace: bool, actor: User | None
) -> dict[str, int]:
    """Take over the rates of a file, each prefix once; with `replace` those it does not name are deleted.

    Returns how many were added, changed and deleted. Raises DomainError when the model was deleted.
    """
    with transaction.atomic():
        pricing.alone()
        _locked(model)
        known = {one.prefix: one for one in model.rates.all()}
        counts = {"added": 0, "changed": 0, "deleted": 0}
        rows = []
        for rate in rates:
            told = {name: getattr(rate, name) for name in _TERMS}
            former = known.get(rate.prefix)
            if former is None:
                counts["added"] += 1
            elif any(getattr(former, name) != value for name, value in told.items()):
                counts["changed"] += 1
            rows.append(PhoneRate(model=model, prefix=rate.prefix, **told))
        if replace:
            named = {rate.prefix for rate in rates}
            counts["deleted"] = model.rates.exclude(prefix__in=named).delete()[0]
        PhoneRate.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["model", "prefix"],
            update_fields=list(_TERMS),
            batch_size=2000,
        )
        events.record("phonerates.uploaded", model, actor=actor, rates=counts)
        pricing.stale(who_has(model))
    return counts


def give(customer: Customer, model: PhoneCostingModel | None, *, actor: User | None) -> None:
    """Let the customer's calls that are not billed cost what the model says; None: what the default says."""
    with transaction.atomic():
        pricing.alone()
        row = CustomerPhoneCosting.objects.filter(customer=customer).select_related("model").first()
        before = row.model if row else None
        if before == model:
            return
        if model is None:
            CustomerPhoneCosting.objects.filter(customer=customer).delete()
        else:
            CustomerPhoneCosting.objects.update_or_create(customer=customer, defaults={"model": model})
        changed = events.changes({"phone_costing_model": before}, {"phone_costing_model": model})
        events.record("customer.edited", customer, actor=actor, about=customer, changes=changed)
        pricing.stale(Q(customer=customer))


def configure(values: dict[str, Any], *, actor: User | None) -> CallSettings:
    """Store the settings of calls; with another default model, those who follow it are priced again."""
    with transaction.atomic():
        settings = pricing.alone()
        names = ("default_model", "country_code", "gl_code")
        before = {name: getattr(settings, name) for name in names}
        for name in names:
            setattr(settings, name, values[name])
        settings.save(update_fields=names)
        if changed := events.changes(before, {name: values[name] for name in names}):
            events.record("callsettings.changed", settings, actor=actor, changes=changed)
        if before["default_model"] != settings.default_model:
            pricing.stale(Q(customer__phone_costing=None))
    return settings


def who_has(model: PhoneCostingModel) -> Q:
    """The numbers whose calls follow the model."""
    mine = Q(customer__phone_costing__model=model)
    if CallSettings.objects.filter(default_model=model).exists():
        mine |= Q(customer__phone_costing=None)
    return mine


def _locked(model: PhoneCostingModel) -> PhoneCostingModel:
    row = PhoneCostingModel.objects.select_for_update(no_key=True).filter(pk=model.pk).first()
    if row is None:
        raise DomainError("It was deleted meanwhile.")
    return row
