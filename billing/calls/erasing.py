"""Blanks who a person called and from where; when, how long and for how much stays."""

from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from billing.calls.models import Call, PhoneNumber
from customers.models import Customer
from ispbilling.core.events import ERASED


def erase(customer: Customer) -> dict[str, int]:
    """Blank the numbers of a customer and what its calls say; rows per kind."""
    calls = Call.objects.filter(number__customer=customer).exclude(called=ERASED)
    numbers = PhoneNumber.objects.filter(customer=customer).exclude(label=ERASED)
    return {
        "calls": calls.update(caller=ERASED, called=ERASED, destination=""),
        # Identities stay apart from each other: two of one customer may have been held on the same days.
        "phone numbers": numbers.update(
            identity=Concat(Value(f"{ERASED} "), Cast("pk", CharField())), label=ERASED, description=""
        ),
    }
