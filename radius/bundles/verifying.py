"""Everything drawn again from the first day on, held against what is stored."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from django.db import connection, transaction

from ispbilling.core.clock import day_end, day_start, local_day, month_of
from radius.accounts.models import DataAccount
from radius.bundles import metering, stock
from radius.bundles.drawing import draw
from radius.bundles.models import Meter, MeteredSpan
from radius.bundles.stock import Line

BATCH = 200
#: Before any usage.
FIRST = date(1970, 1, 1)


def lines() -> list[int]:
    """Lines whose usage is or was drawn from bundles."""
    return list(
        MeteredSpan.objects.order_by("data_account").values_list("data_account", flat=True).distinct()
    )


def findings(account_ids: Sequence[int], now: datetime) -> Iterator[str]:
    """A sentence for everything about these lines that is not as drawing all over again has it; lines that are being
    counted meanwhile wait.
    """
    for start in range(0, len(account_ids), BATCH):
        ids = account_ids[start : start + BATCH]
        with transaction.atomic(), connection.cursor() as cursor:
            meters = {
                one.pk: one for one in Meter.objects.select_for_update().filter(pk__in=ids).order_by("pk")
            }
            names = dict(DataAccount.objects.filter(pk__in=ids).values_list("pk", "username"))
            for pk, line in stock.lines(cursor, ids, FIRST, FIRST).items():
                for problem in [*_draws(line, now), *_meter(meters.get(pk), line, now)]:
                    yield f"{names.get(pk, pk)}: {problem}"


def _draws(line: Line, now: datetime) -> Iterator[str]:
    bundles = [one.holding for one in line.bundles.values()]
    wanted = draw(line.days.values(), bundles, line.marks, line.spans, {}, now).octets
    for day, bundle in sorted(wanted.keys() | line.draws.keys(), key=lambda key: (key[0], key[1] or 0)):
        was, is_ = line.draws.get((day, bundle), 0), wanted.get((day, bundle), 0)
        if was != is_:
            where = "over the cap" if bundle is None else f"from bundle {bundle}"
            yield f"on {day} {was} octets are drawn {where}, and should be {is_}"
    for pk, held in line.bundles.items():
        total = sum(octets for (_day, bundle), octets in line.draws.items() if bundle == pk)
        if held.drawn != total:
            yield f"bundle {pk} says {held.drawn} octets are drawn of it, its draws say {total}"


def _meter(meter: Meter | None, line: Line, now: datetime) -> Iterator[str]:
    if meter is None and any(one.until is None for one in line.spans):
        yield "it has no meter: nobody knows what is left"
    if meter is None or meter.holds_until is None or meter.holds_until <= now:
        return  # not kept, or due: whoever reads it counts for themselves
    account = meter.data_account
    if not account.prepaid and account.package.cap_octets is None:
        return  # it lately became uncapped
    period = month_of(local_day(now))
    drawn: dict[int | None, int] = {}
    for (day, bundle), octets in line.draws.items():
        if period.start <= day < period.end:
            drawn[bundle] = drawn.get(bundle, 0) + octets
    stocked = [(one.kind, one.holding, one.drawn) for one in line.bundles.values()]
    starts, ends = day_start(period.start), day_end(period.last)
    found = metering.read(stocked, drawn, period.start, starts, ends, now, not meter.data_account.prepaid)
    for name, was, is_ in (
        ("used", meter.used_octets, found.used),
        ("over", meter.over_octets, found.over),
        ("left", meter.remaining_octets, found.standing.remaining),
        (
            "of the limit",
            meter.limit_octets,
            sum((found.limits.monthly, found.limits.topup, found.limits.rollover)),
        ),
    ):
        if was != is_:
            yield f"the meter says {was} octets {name}, and should say {is_}"
    if (meter.exhausted_since is not None) is not found.standing.exhausted:
        said, stands = ("nothing", "something") if meter.exhausted_since else ("something", "nothing")
        yield f"the meter says that {said} is left, and {stands} is"
