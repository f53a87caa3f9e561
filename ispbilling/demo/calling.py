"""Calls of the demonstration: a price list, the numbers of its companies, and two months of a carrier's files."""

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from billing import sweeps
from billing.calls import decks, importing, owning
from billing.calls.models import CallSettings, PhoneCostingModel
from billing.calls.owning import Held
from billing.calls.rating import Rate
from customers.models import Customer
from ispbilling.core.clock import add_months, local_day
from ispbilling.demo import content

FILE = "demonstration {}.csv"
#: Title, markup on the carrier's cost, and (prefix, destination, per minute, fee, first, next) of each rate.
MODELS: tuple[tuple[str, str | None, tuple[tuple[str, str, str, str, int, int], ...]], ...] = (
    (
        "Standard calls",
        None,
        (
            ("27", "South Africa", "0.6500", "0", 1, 1),
            ("278", "South Africa, mobile", "1.1000", "0", 1, 1),
            ("2780", "South Africa, toll-free", "0", "0", 60, 60),
            ("44", "United Kingdom", "1.4500", "0.2500", 60, 60),
        ),
    ),
    ("Wholesale calls", "20", (("27", "South Africa", "0.4500", "0", 1, 1),)),
)
_HEAD = "Caller,Called,Started,Seconds,Cost"
#: What is called, and what the carrier takes for a minute.
_CALLED = (
    ("021 555 0{:03}", "0.28"), ("082 000 0{:03}", "0.55"), ("+44 20 7946 0{:03}", "0.90"),
    ("0800 000 {:03}", "0"),
)  # fmt: skip
#: Somebody calls here whom nobody has a rate for, and somebody from a number nobody has.
_STRANGE = (("{}", "+264 61 000 123", "1.60"), ("023 541 0199", "021 555 0123", "0.28"))


def call(people: Sequence[Customer], start: date, now: datetime) -> None:
    """Give the companies numbers, and import what they called last month and this one, up to yesterday."""
    standard, wholesale = _models()
    decks.configure(
        {"default_model": standard, "country_code": CallSettings.get().country_code, "gl_code": "4040"},
        actor=None,
    )
    companies = [one for one, who in zip(people, content.PEOPLE, strict=True) if who.company]
    decks.give(companies[-1], wholesale, actor=None)
    numbers = []
    # The first person telephones as well: whose profile and portal is opened first shows calls, too.
    for n, company in enumerate(dict.fromkeys([people[0], *companies])):
        for place, words in enumerate(("Reception", "Workshop")[: 1 + n % 2]):
            label = f"023 541 0{n}{place}0"
            owning.add(company, Held(label, words, start), actor=None)
            numbers.append(label)
    sweeps.price_calls(now).apply(now)
    rng = random.Random(21)  # noqa: S311 - the same demonstration every time
    today = local_day(now)
    for month in (start, add_months(start, 1)):
        rows = _rows(numbers, month, min(add_months(month, 1), today), rng)
        if rows:
            content_ = "\n".join([_HEAD, *rows]).encode()
            one = importing.receive(content_, FILE.format(f"{month:%Y-%m}"), now, actor=None)
            importing.start(one, now, actor=None)
    sweeps.call_imports(now).apply(now)


def _models() -> list[PhoneCostingModel]:
    made = []
    for title, markup, rates in MODELS:
        model = decks.store(PhoneCostingModel(), title, Decimal(markup) if markup else None, actor=None)
        decks.upload(
            model,
            [
                Rate(prefix, name, Decimal(price), Decimal(fee), first, following)
                for prefix, name, price, fee, first, following in rates
            ],
            replace=True,
            actor=None,
        )
        made.append(model)
    return made


def _rows(numbers: Sequence[str], since: date, until: date, rng: random.Random) -> list[str]:
    """A carrier's file: some calls of each working day."""
    found, day = [], since
    while day < until:
        if day.weekday() < 5:
            for number in numbers:
                for _ in range(rng.randrange(5)):
                    called, per_minute = _CALLED[rng.choices(range(len(_CALLED)), (6, 8, 1, 1))[0]]
                    found.append(_row(number, called.format(rng.randrange(1000)), per_minute, day, rng))
        if day.day in (3, 17):
            for caller, called, per_minute in _STRANGE:
                found.append(_row(caller.format(numbers[0]), called, per_minute, day, rng))
        day += timedelta(days=1)
    return found


def _row(caller: str, called: str, per_minute: str, day: date, rng: random.Random) -> str:
    seconds = rng.choice((0, rng.randrange(5, 90), rng.randrange(60, 900)))
    at = f"{rng.randrange(8, 17):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"
    cost = (Decimal(per_minute) * seconds / 60).quantize(Decimal("0.0001"))
    return f"{caller},{called},{day} {at},{seconds},{cost if seconds else ''}"
