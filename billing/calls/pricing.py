"""Whose a call is and what it costs, from the numbers and rates as they stand; and the pricing again of calls that
are not billed, when a number or a rate changed.

Who prices holds the row of settings together with others; who changes numbers or rates holds it alone (`alone`). So a
call is never priced by what somebody is just changing, and what changed marks its numbers `stale` for the sweep.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Q

from billing.calls.models import Call, CallSettings, CallState, CustomerPhoneCosting, PhoneNumber, PhoneRate
from billing.calls.rating import Deck, Rate
from customers.models import Customer
from ispbilling.core.money import format_money
from ispbilling.core.plans import Plan, Step

NO_MODEL = "Its customer has no phone costing model, and there is no default."
NO_RATE = "{} has no rate for it."
TOO_DEAR = "It would cost {}: that cannot be right. Look at the rate, or at the carrier's cost."
#: No call costs so much: a slip in a rate stops this call and not the file or the month that it stands in.
TOO_MUCH = Decimal(10**6)
OWN = "Own number"
_FREE = Decimal("0.0000")
#: Numbers per transaction.
CHUNK = 100


@dataclass(frozen=True, slots=True)
class Told:
    """A call as far as its price depends on it."""

    caller: str
    called: str
    day: date
    seconds: int
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a call."""

    state: CallState
    number_id: int | None = None
    destination: str = ""
    price: Decimal | None = None
    reason: str = ""


def together() -> None:
    """Hold numbers and rates as they are until COMMIT, with others who price."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM billing_callsettings WHERE id = 1 FOR SHARE")


def alone() -> CallSettings:
    """Hold them alone, to change them. Call it inside a transaction, before anything is read."""
    return CallSettings.objects.select_for_update(no_key=True, of=("self",)).get(pk=1)


class Pricer:
    """Decides calls between these identities, reading numbers, models and rates once."""

    def __init__(self, identities: Collection[str]) -> None:
        self._numbers: dict[str, list[PhoneNumber]] = {}
        for number in PhoneNumber.objects.filter(identity__in=set(identities)):
            self._numbers.setdefault(number.identity, []).append(number)
        customers = {one.customer_id for found in self._numbers.values() for one in found}
        rows = CustomerPhoneCosting.objects.filter(customer__in=customers).select_related("model")
        self._models = {row.customer_id: row.model for row in rows}
        self._default = CallSettings.objects.select_related("default_model").get(pk=1).default_model
        self._decks: dict[int, Deck] = {}

    def number_of(self, identity: str, day: date) -> PhoneNumber | None:
        """Whose identity it is on the day."""
        return next(
            (
                one
                for one in self._numbers.get(identity, ())
                if one.starts_on <= day and (one.ends_on is None or day <= one.ends_on)
            ),
            None,
        )

    def decide(self, call: Told) -> Verdict:
        """Whose the call is and what it costs. Calls between numbers of one customer cost nothing."""
        number = self.number_of(call.caller, call.day)
        if number is None:
            return Verdict(CallState.UNKNOWN)
        other = self.number_of(call.called, call.day)
        if other is not None and other.customer_id == number.customer_id:
            return Verdict(CallState.RATED, number.pk, OWN, _FREE)
        model = self._models.get(number.customer_id, self._default)
        if model is None:
            return Verdict(CallState.UNRATED, number.pk, reason=NO_MODEL)
        if model.pk not in self._decks:
            self._decks[model.pk] = deck_of(model.pk, model.markup)
        rated = self._decks[model.pk].price(call.called, call.seconds, call.cost)
        if rated is None:
            return Verdict(CallState.UNRATED, number.pk, reason=NO_RATE.format(model))
        if rated.price >= TOO_MUCH:
            return Verdict(CallState.UNRATED, number.pk, reason=TOO_DEAR.format(format_money(rated.price)))
        return Verdict(CallState.RATED, number.pk, rated.destination, rated.price)


def deck_of(model_id: int, markup: Decimal | None) -> Deck:
    """The rates of a model as it is stored."""
    columns = (
        "prefix", "destination", "per_minute", "connection_fee", "first_seconds", "next_seconds", "minimum_charge",
    )  # fmt: skip
    return Deck(
        (Rate(*row) for row in PhoneRate.objects.filter(model=model_id).values_list(*columns)), markup
    )


def stale(where: Q) -> int:
    """Mark numbers whose calls are to be priced again; those that come of it are done by the sweep `price_calls`."""
    return PhoneNumber.objects.filter(where, stale=False).update(stale=True)


def passed_on(*customers: Customer) -> None:
    """Their numbers changed hands in a merge, and may follow another model: price the calls again."""
    alone()
    stale(Q(customer__in=customers))


def plan(now: datetime) -> Plan:
    """Every number whose calls have to be priced again."""
    rows = PhoneNumber.objects.filter(stale=True).order_by("pk").values_list("pk", "label")
    steps = [Step(pk, label, "price its calls", "a number or a rate changed") for pk, label in rows]
    return Plan("price_calls", steps, _price_again, chunk=CHUNK)


def _price_again(steps: Sequence[Step], now: datetime) -> int:
    return price_again([step.key for step in steps])


def price_again(numbers: Iterable[int]) -> int:
    """Decide the calls of these numbers anew that no invoice has; returns how many numbers were done. Call it inside
    a transaction."""
    together()
    found = list(
        PhoneNumber.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(pk__in=list(numbers), stale=True)
        .order_by("pk")
    )
    identities = {number.identity for number in found}
    mine = Q(number__in=[number.pk for number in found]) | Q(state=CallState.UNKNOWN, caller__in=identities)
    columns = ("pk", "caller", "called", "day", "seconds", "cost")
    calls = list(
        Call.objects.open()
        .filter(mine)
        .exclude(state=CallState.LEFT_OUT)
        .order_by("pk")
        .values_list(*columns)
    )
    pricer = Pricer(identities | {row[2] for row in calls} | {row[1] for row in calls})
    _store([row[0] for row in calls], [pricer.decide(Told(*row[1:])) for row in calls])
    PhoneNumber.objects.filter(pk__in=[number.pk for number in found]).update(stale=False)
    return len(found)


def _store(keys: Sequence[int], verdicts: Sequence[Verdict]) -> None:
    if not keys:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE billing_call k
               SET state = v.state, number_id = v.number, destination = v.destination, price = v.price,
                   reason = v.reason
               FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::numeric[], %s::text[])
                    v (id, state, number, destination, price, reason)
               WHERE k.id = v.id AND k.bill_id IS NULL AND (k.state, k.number_id, k.destination, k.price, k.reason)
                   IS DISTINCT FROM (v.state, v.number, v.destination, v.price, v.reason)""",
            [
                list(keys),
                [one.state.value for one in verdicts],
                [one.number_id for one in verdicts],
                [one.destination for one in verdicts],
                [one.price for one in verdicts],
                [one.reason for one in verdicts],
            ],
        )
