"""Real objects for the arguments of a page, found by the model its view shows."""

from collections.abc import Callable
from typing import Any

from ispbilling.core.models import Role
from tests import builders
from tests.architecture.site import Page

#: model label -> how one is made; alone, so that a page that lists nothing else shows it.
MAKERS: dict[str, Callable[[], Any]] = {
    "core.User": lambda: builders.staff(Role.SUPPORT),
    "groups.CustomerGroup": builders.group,
    "customers.Customer": builders.customer,
    "radius.Nas": builders.nas,
    "radius.Service": builders.service,
    "radius.Package": builders.package,
    "radius.DataAccount": builders.data_account,
    "notifications.Message": builders.message,
    "billing.Document": lambda: builders.invoice(builders.customer()),
    "billing.RecurringLine": builders.recurring_line,
    "billing.Run": builders.run,
}


#: Arguments that are words, not rows.
WORDS = {"kind": "cancellation_set", "channel": "email"}


def subject(page: Page, argument: str) -> Any:
    """The value of a URL argument: the key of a fresh object of the view's model."""
    if argument in WORDS:
        return WORDS[argument]
    queryset = getattr(page.view, "queryset", None)
    model = queryset.model if queryset is not None else page.view.model
    return MAKERS[model._meta.label]().pk
