"""Everything the database knows of a customer, found by following foreign keys backwards from it.

A new table that points at a customer, or at something that belongs to one, is part of a person's export from
the day it exists; to leave it out it is named in LEFT_OUT with the reason.
"""

import functools
import operator
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q

from customers.merging.models import records_of
from customers.models import Customer
from ispbilling.core.models import Event
from ispbilling.core.secrets import SecretField

#: Our apps, in the order of the chain.
APPS = ("customers", "radius", "billing", "notifications")

#: Tables that point at a customer and are not handed out: label -> why.
LEFT_OUT = {
    "billing.RunPlan": "a preview of an invoice before it is issued; the invoice itself is there",
    "billing.RunException": "why a run of ours left somebody out; internal to the run",
    "billing.BilledPeriod": "bookkeeping against billing a period twice; the documents say what was billed",
    "billing.BilledChange": "which package change a billed period was for; the documents say it",
    "billing.CallBill": "which calls an invoice charged; the calls and the invoice are there",
    "billing.Pin": "which payment we let settle which invoice; the statement says so",
    "billing.DebitSkip": "why a batch of ours left somebody out; internal to the batch",
    "billing.ResultLine": "what a provider told us of a debit order; the debit order is there",
    "billing.Posting": "the ledger's envelope; its lines are there",
    "billing.BankLine": "what the bank told us of a payment; the payment is there",
    "billing.PaymentPosting": "which entries of the ledger a payment made; the payment and the lines are there",
    "billing.ExportedPosting": "which entries of the ledger went to the accounting package; the lines are there",
    "radius.SessionMark": "what a session had moved at midnight; the session and the days are there",
    "radius.UsageMonth": "sums of the days, which are there",
    "radius.CoaAttempt": "what our servers said to one another about a session",
    "radius.CoaRequest": "which of our staff asked a NAS something about a session",
    "customers.SubjectExport": "the exports themselves",
    "customers.Merge": "that records of ours were merged; what they hold is there",
}
#: Columns of tables that are handed out, but not these: `label.column` -> why.
OMITTED = {
    "customers.Attachment.path": "where we keep it; the file is in the folder files",
    "billing.Document.run": "internal",
    "billing.InvoiceDraft.token": "internal",
    "billing.Line.posting": "internal",
    "billing.Payment.source_key": "internal",
    "radius.PackageChange.source": "internal",
    "notifications.Message.dedupe_key": "internal",
    "notifications.Message.links": "internal",
    "notifications.Message.event": "internal",
}
#: Encrypted columns that are the person's own and are handed out in clear; every other one never is.
OWN_SECRETS = frozenset({"customers.Customer.id_number", "billing.Mandate.account_number"})


def tables() -> dict[type[models.Model], list[str]]:
    """Every table that holds rows of a customer, with the lookups from a row to the customer; LEFT_OUT too."""
    found: dict[type[models.Model], list[str]] = {Customer: ["pk"]}
    ours = [model for model in apps.get_models() if model._meta.app_label in APPS]
    while True:
        more = {model: ways for model in ours if model not in found and (ways := _ways(model, found))}
        if not more:
            return found
        found |= more


def _ways(model: type[models.Model], known: dict[type[models.Model], list[str]]) -> list[str]:
    """The shortest ways from a row to its customer: straight to one if there is any, else by what is known."""
    keys = [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    straight = [field.name for field in keys if field.related_model is Customer]
    if straight:
        return straight
    return [
        f"{field.name}__{way}"
        for field in keys
        if field.related_model in known and field.related_model is not model
        for way in known[field.related_model]
    ]


def rows_of(model: type[models.Model], customer: Customer) -> models.QuerySet[Any]:
    """The rows of a table that are about this customer, under whichever of its records."""
    ways, keys = tables()[model], records_of(customer)
    about = functools.reduce(operator.or_, (Q(**{f"{way}__in": keys}) for way in ways))
    return model._default_manager.filter(about).order_by("pk").distinct()


def exported() -> list[type[models.Model]]:
    """The tables of an export."""
    return [model for model in tables() if model._meta.label not in LEFT_OUT]


def columns(model: type[models.Model]) -> list[models.Field]:
    """The columns of a table that are handed out: no secret, no bare bytes, nothing omitted."""
    label = model._meta.label
    return [
        field
        for field in model._meta.concrete_fields
        if f"{label}.{field.name}" not in OMITTED
        and (f"{label}.{field.name}" in OWN_SECRETS or not isinstance(field, models.BinaryField))
        and not (isinstance(field, SecretField) and f"{label}.{field.name}" not in OWN_SECRETS)
    ]


def as_record(row: models.Model, fields: list[models.Field]) -> dict[str, Any]:
    """A row as plain values; what it refers to by its name, choices in words."""
    record: dict[str, Any] = {}
    for field in fields:
        value = getattr(row, field.attname)
        if isinstance(field, models.ForeignKey):
            value = str(getattr(row, field.name)) if value is not None else None
        elif field.choices and value is not None:
            value = str(getattr(row, f"get_{field.name}_display")())
        record[field.name] = value
    return record


def records(model: type[models.Model], customer: Customer) -> Iterator[dict[str, Any]]:
    """The rows of a table about this customer, as plain values, a few at a time."""
    fields = columns(model)
    related = [field.name for field in fields if isinstance(field, models.ForeignKey)]
    for row in rows_of(model, customer).select_related(*related).iterator(chunk_size=500):
        yield as_record(row, fields)


def happenings(customer: Customer) -> Iterator[dict[str, Any]]:
    """What was recorded about the customer: the timeline, in the order of time."""
    kind = ContentType.objects.get_for_model(Customer)
    about = Event.objects.filter(about_type=kind, about_id__in=records_of(customer))
    for event in about.select_related("actor").order_by("pk").iterator(chunk_size=500):
        yield {
            "at": event.at,
            "what": event.kind,
            "to": event.label,
            "by": str(event.actor or "System"),
            "data": event.data,
        }
