"""Automatic top-ups: agreed to, bought when data runs low, up to a limit a month. The only writer of `AutoTopup`.

It is the consent to pay for data out of bundle: switching on writes what was agreed to into the log of consents, and
nothing is bought without a consent that stands, or for more than was agreed to. It pauses while the limit of the month
is reached or the service is suspended, and stops when what a prepaid line buys is not in credit.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q, Sum

from billing.data_sales import quoting, selling
from billing.data_sales.models import AutoTopup, SaleState, SaleWay, TopupSale
from billing.data_sales.selling import Order
from ispbilling.core import events
from ispbilling.core.clock import day_start, local_day, month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.plans import Plan, Step
from ispbilling.core.units import format_octets
from radius.bundles import remaining
from radius.models import DataAccount, TopupType
from radius.rolling import consenting
from radius.rolling.models import Door


@dataclass(frozen=True, slots=True)
class Terms:
    """What somebody agrees to: which top-up, when, and how much a month at most."""

    type: TopupType
    limit: Decimal
    when_left_octets: int = 0

    def words(self, account: DataAccount, price: Decimal) -> str:
        """What is agreed to, as it is shown and kept."""
        when = (
            f"less than {format_octets(self.when_left_octets)} is left"
            if self.when_left_octets
            else "my data has run out"
        )
        return (
            f"When {when} on {account.username}, buy {self.type.title} ({self.type.data}, {format_money(price)},"
            f" valid {self.type.validity}) for me automatically, up to {format_money(self.limit)} in a calendar month."
            " I can switch this off at any time."
        )


def words(account: DataAccount, terms: Terms, now: datetime) -> str:
    """What would be agreed to now."""
    return terms.words(account, quoting.quote(account, terms.type, now).total)


def switch_on(
    account: DataAccount, terms: Terms, now: datetime, *, actor: User | None, door: Door, said: str = ""
) -> AutoTopup:
    """Store what was agreed to, and write down the consent; `said`: how staff were told. The same terms again change
    nothing.

    Raises DomainError when the line may not buy the type, or the limit is less than it costs.
    """
    with transaction.atomic():
        line = selling.lock(account)
        if why := quoting.why_not(line, now) or (quoting.not_automatic(line) if door == Door.PORTAL else ""):
            raise DomainError(why)
        if not quoting.offered(line, portal=door == Door.PORTAL).filter(pk=terms.type.pk).exists():
            raise DomainError(f"{terms.type} is not offered to {line}; choose another top-up.")
        price = quoting.quote(line, terms.type, now).total
        if not price:
            raise DomainError(f"{terms.type} is free; it cannot be bought automatically.")
        if terms.limit < price:
            raise DomainError(f"The limit is less than one {terms.type}, {format_money(price)}.")
        before = AutoTopup.objects.filter(data_account=line).first()
        agreed = consenting.consented(line)
        same = before is not None and (_terms(before), before.agreed_price) == (terms, price)
        if before is not None and same and before.active and agreed:
            return before
        if agreed:
            consenting.say(line, given=False, words="Replaced by new terms.", door=door, now=now, actor=actor)
        text = terms.words(line, price) + (f" (Told to staff: {said.strip()})" if said.strip() else "")
        consenting.say(line, given=True, words=text, door=door, now=now, actor=actor)
        values = {
            "topup_type": terms.type, "limit": terms.limit, "when_left_octets": terms.when_left_octets,
            "agreed_price": price, "active": True, "stopped_reason": "", "limit_told_for": None,
        }  # fmt: skip
        row, _ = AutoTopup.objects.update_or_create(data_account=line, defaults=values)
        _record("on", row, now, actor, words=text)
    return row


def switch_off(
    account: DataAccount, now: datetime, *, actor: User | None, door: Door, reason: str = ""
) -> AutoTopup:
    """Buy nothing by itself any more, and write down that the consent is withdrawn. Raises DomainError when it is
    off."""
    with transaction.atomic():
        line = selling.lock(account)
        row = AutoTopup.objects.filter(data_account=line).first()
        if row is None or (not row.active and not consenting.consented(line)):
            raise DomainError(f"There is no automatic top-up of {line} to switch off.")
        said = reason.strip() or "Automatic top-ups switched off."
        if consenting.consented(line):
            consenting.say(line, given=False, words=said, door=door, now=now, actor=actor)
        row.active, row.stopped_reason = False, reason.strip()[:200]
        row.save(update_fields=["active", "stopped_reason"])
        _record("off", row, now, actor, reason=row.stopped_reason or None)
    return row


def bought(account: DataAccount, now: datetime) -> Decimal:
    """What was bought so in this calendar month, VAT in it."""
    return bought_by([account.pk], now).get(account.pk, ZERO)


def bought_by(account_ids: Collection[int], now: datetime) -> dict[int, Decimal]:
    """The same of many lines, without those that bought nothing."""
    since = day_start(month_of(local_day(now)).start)
    rows = TopupSale.objects.filter(
        data_account__in=account_ids, way=SaleWay.AUTOMATIC, state=SaleState.SOLD, sold_at__gte=since
    )
    return dict(
        rows.order_by().values("data_account").annotate(sum=Sum("total")).values_list("data_account", "sum")
    )


def low(now: datetime) -> Q:
    """Of automatic top-ups: whose line has no more left than agreed, as its meter knew last."""
    over = Q(data_account__meter__covered_until__lte=now)
    return Q(data_account__meter__remaining_octets__lte=F("when_left_octets")) | over


def plan(now: datetime) -> Plan:
    """Every line whose data runs low and whose owner agreed to have more bought."""
    rows = (
        AutoTopup.objects.buying()
        .filter(low(now))
        .select_related("data_account", "topup_type")
        .order_by("pk")
    )
    steps = [
        Step(row.pk, str(row.data_account), f"buy {row.topup_type}", "its data runs low") for row in rows
    ]
    return Plan("automatic_topups", steps, _buy_each, chunk=1)


def _buy_each(steps: Sequence[Step], now: datetime) -> int:
    return sum(_buy(step.key, now) for step in steps)


def _buy(pk: int, now: datetime) -> bool:
    """One top-up for one line, decided again under its lock; the next tick buys the next if that is not enough."""
    with transaction.atomic():
        line = selling.lock(DataAccount(pk=pk))
        row = AutoTopup.objects.select_related("topup_type").filter(data_account=line, active=True).first()
        if row is None or not consenting.consented(line) or not _needs(row, line, now):
            return False
        if quoting.why_not(line, now) or quoting.stands_still(line, now):
            return False  # it pauses: what is bought could not be used
        quote = quoting.quote(line, row.topup_type, now)
        if quote.total > row.agreed_price:
            now_, then = format_money(quote.total), format_money(row.agreed_price)
            return _stop(row, f"{row.topup_type} costs {now_} now; {then} was agreed to.", now)
        # What only pays for the overrun helps nobody unless the limit allows what comes after it, too.
        needed = 1 if quote.usable else quoting.overrun(line, now) // row.topup_type.octets + 1
        if bought(line, now) + needed * quote.total > row.limit:
            return _tell_limit(row, now)
        sales = TopupSale.objects.filter(data_account=line, way=SaleWay.AUTOMATIC).count()
        order = Order(line, row.topup_type, SaleWay.AUTOMATIC, f"auto:{line.pk}:{sales + 1}")
        try:
            with transaction.atomic():
                selling.sell(order, now, actor=None)
        except DomainError as refusal:
            return _stop(row, str(refusal), now)
    return True


def _needs(row: AutoTopup, line: DataAccount, now: datetime) -> bool:
    """Whether less is left than agreed. What a bundle gives that begins with its first use is left, too."""
    found = remaining.remaining([line.pk], now).get(line.pk)
    return found is not None and found.left <= row.when_left_octets


def _tell_limit(row: AutoTopup, now: datetime) -> bool:
    """The limit of the month is reached: told once, and bought again next month."""
    month = month_of(local_day(now)).start
    if row.limit_told_for == month:
        return False
    row.limit_told_for = month
    row.save(update_fields=["limit_told_for"])
    _record("limit_reached", row, now, None)
    return True


def _stop(row: AutoTopup, why: str, now: datetime) -> bool:
    """It could not be paid, or costs more than was agreed to: switched off until its owner says so again. The consent
    stands in the log as it was."""
    row.active, row.stopped_reason = False, why[:200]
    row.save(update_fields=["active", "stopped_reason"])
    _record("stopped", row, now, None, reason=row.stopped_reason)
    return True


def _terms(row: AutoTopup) -> Terms:
    return Terms(row.topup_type, row.limit, row.when_left_octets)


def _record(verb: str, row: AutoTopup, now: datetime, actor: User | None, **data: object) -> None:
    account = row.data_account
    told = {"line": str(account), "topup": str(row.topup_type), "limit": row.limit, **data}
    events.record(f"auto_topup.{verb}", row, actor=actor, about=account.customer, at=now, **told)
