"""Switching a line to prepaid and back (2.10). The only writer of `PrepaidSwitch`.

To prepaid: its recurring lines end, days that were billed and are not used are credited or forfeited by setting, and
what is left of its monthly data becomes a bundle. Back: its recurring lines go on and charge from that day, and the
month's cap counts again. A switch of today takes effect at once, its day is charged as a monthly one; one that is
scheduled begins with its day and is applied by a sweep.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.data_sales import quoting, selling
from billing.data_sales.models import DataSalesSettings, PrepaidSwitch, SwitchState, UnusedDays
from billing.documents import charging_again
from billing.documents.charging_again import Cut
from billing.documents.models import Document
from billing.recurring import lines
from billing.recurring.coverage import Billed, charged
from billing.recurring.models import Proration, RecurringLine
from ispbilling.core import events
from ispbilling.core.clock import local_day, month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.plans import Plan, Step
from radius.bundles import granting, remaining
from radius.models import BundleKind, DataAccount, DataBundle

ON_DEBT = "billing.data_sales.debt"
#: Of a month that is used up: no bundle holds nothing.
LEAST = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for. `source` names the form, which switches once."""

    account: DataAccount
    to_prepaid: bool
    on: date
    source: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a switch would do. `unused` are days billed after the last one, with what they would give back."""

    last_day: date
    ended: tuple[RecurringLine, ...]
    credited: Decimal
    documents: tuple[Document, ...]
    left_octets: int


def first_of_next_month(now: datetime) -> date:
    """The day after the end of this month."""
    return month_of(local_day(now)).end


def why_not(account: DataAccount, to_prepaid: bool, now: datetime) -> str:
    """Why the line cannot be switched, as a sentence; empty when it can, debts apart."""
    if account.prepaid == to_prepaid:
        return f"{account} is {'prepaid' if to_prepaid else 'monthly'} already."
    if why := quoting.out_of_service(account, now):
        return why
    if account.prepaid_switches.filter(state=SwitchState.SCHEDULED).exists():
        return "A switch is scheduled already; cancel that first."
    if to_prepaid and account.package.topup_group_id is None:
        return f"{account.package} has no top-ups to buy: give the package a top-up group first."
    return ""


def to_come(account: DataAccount, on: date) -> str:
    """Why the line cannot have another package on that day, as a sentence: it is to be prepaid then; else empty."""
    switch = account.prepaid_switches.filter(
        state=SwitchState.SCHEDULED, to_prepaid=True, effective_on__lte=on
    ).first()
    if switch is None:
        return ""
    return f"{account} becomes prepaid on {switch.effective_on}; cancel that first, or choose a day before."


def _changes_package(account: DataAccount, on: date) -> str:
    """Why the line cannot become prepaid on that day, as a sentence: a package change would come to nothing."""
    change = (
        account.package_changes.scheduled().filter(activates_on__gte=on).select_related("to_package").first()
    )
    if change is None:
        return ""
    return f"{account} changes to {change.to_package} on {change.activates_on}; cancel that first."


def owing(account: DataAccount) -> Decimal:
    """What the payer of the line owes."""
    return max(-quoting.credit(account.customer), ZERO)


def request(wanted: Wanted, now: datetime, *, actor: User | None, on_debt: bool = False) -> PrepaidSwitch:
    """Switch a line today, or schedule it for a day to come; the same source again is the same switch.

    Raises DomainError when it cannot be, its payer owes something and not `on_debt`, or the day has passed.
    """
    with transaction.atomic():
        account = selling.lock(wanted.account)
        if known := PrepaidSwitch.objects.filter(source=wanted.source).first():
            return known
        if why := why_not(account, wanted.to_prepaid, now):
            raise DomainError(why)
        if (debt := owing(account)) and not on_debt:
            raise DomainError(
                f"{quoting.payer(account.customer)} owes {format_money(debt)}; it is paid before the switch."
            )
        today = local_day(now)
        if wanted.on < today:
            raise DomainError("The day has passed; choose today or a later day.")
        if wanted.to_prepaid and (why := _changes_package(account, wanted.on)):
            raise DomainError(why)
        if account.ends_on is not None and wanted.on > account.ends_on:
            raise DomainError(f"{account} ends on {account.ends_on}, before that.")
        switch = PrepaidSwitch.objects.create(
            data_account=account,
            to_prepaid=wanted.to_prepaid,
            effective_on=wanted.on,
            comment=wanted.comment.strip()[:200],
            source=wanted.source,
            created_at=now,
            created_by=actor,
        )
        _record("scheduled", switch, now, actor, on=wanted.on)
        if wanted.on > today:
            if wanted.to_prepaid:
                _end_lines(switch, account, wanted.on - timedelta(days=1), now, actor)
        else:
            _apply(switch, account, now, actor)
    return switch


def cancel(switch: PrepaidSwitch, now: datetime, *, actor: User | None, reason: str = "") -> PrepaidSwitch:
    """Take back a switch that has not taken effect; its recurring lines go on. Raises DomainError when it has."""
    with transaction.atomic():
        selling.lock(switch.data_account)
        row = PrepaidSwitch.objects.select_for_update(of=("self",)).get(pk=switch.pk)
        if row.state != SwitchState.SCHEDULED:
            raise DomainError(
                f"It is {row.get_state_display().lower()} already; switch the line back instead."
            )
        _resume(row, now, actor)
        _close(row, SwitchState.CANCELLED, now, actor, reason)
    return row


def plan(now: datetime) -> Plan:
    """Every scheduled switch whose day has come."""
    steps = [Step(row.pk, str(row), "switch it", f"scheduled for {row.effective_on}") for row in _due(now)]
    return Plan("prepaid_switches", steps, _apply_each, chunk=1)


def preview(account: DataAccount, on: date, now: datetime) -> Preview:
    """What switching to prepaid on that day would do to money and data."""
    today = local_day(now)
    last_day = max(on - timedelta(days=1), today) if on > today else today
    ended = tuple(_lines_of(account, last_day))
    credits = _unused(ended, last_day) if _credits() else {}
    found = remaining.remaining([account.pk], now).get(account.pk) if on <= today else None
    left = found.left - found.topup_left if found is not None else 0
    return Preview(last_day, ended, _worth(credits), tuple(credits), left)


def _due(now: datetime) -> QuerySet[PrepaidSwitch]:
    rows = PrepaidSwitch.objects.filter(state=SwitchState.SCHEDULED, effective_on__lte=local_day(now))
    return rows.select_related("data_account").order_by("pk")


def _apply_each(steps: Sequence[Step], now: datetime) -> int:
    done = 0
    for step in steps:
        with transaction.atomic():
            row = PrepaidSwitch.objects.select_related("data_account").get(pk=step.key)
            account = selling.lock(row.data_account)
            if not _due(now).filter(pk=row.pk).exists():
                continue
            try:
                with transaction.atomic():
                    if why := quoting.out_of_service(account, now):
                        raise DomainError(why)
                    _apply(row, account, now, None)
            except DomainError as refusal:
                _resume(row, now, None)  # if it is served again one day, it is charged again
                _close(row, SwitchState.FAILED, now, None, str(refusal))
            done += 1
    return done


def _apply(switch: PrepaidSwitch, account: DataAccount, now: datetime, actor: User | None) -> None:
    """Data first, then money: documents lock their numbers until COMMIT."""
    if switch.to_prepaid:
        left = granting.set_prepaid(account, now, actor=actor)
        if switch.at_once:
            switch.leftover = _keep(switch, account, left, now, actor)
            _end_lines(switch, account, switch.effective_on, now, actor)
    else:
        granting.set_monthly(account, now, octets=_left_of_month(account, now, actor), actor=actor)
        _go_on(switch, account, now, actor)
    switch.save(update_fields=["leftover", "credited"])
    _close(switch, SwitchState.APPLIED, now, actor, "")


def _keep(
    switch: PrepaidSwitch, account: DataAccount, left: int, now: datetime, actor: User | None
) -> DataBundle | None:
    """What is left of the month's data as a bundle of its own."""
    if not left:
        return None
    return granting.grant(
        account,
        BundleKind.ADHOC,
        left,
        now,
        source=f"leftover:{switch.pk}",
        title=f"Unused data of {month_of(local_day(now))}",
        expires_at=now + timedelta(days=DataSalesSettings.get().leftover_days),
        actor=actor,
    )


def _left_of_month(account: DataAccount, now: datetime, actor: User | None) -> int | None:
    """What of the month's cap a line has that becomes monthly again within the month in which it became prepaid: the
    bundle that it was kept in ends for it, so that nobody has the month twice. None: all of it."""
    before = _last_to_prepaid(account)
    if before is None or not before.at_once or account.package.cap_octets is None:
        return None
    if month_of(before.effective_on) != month_of(local_day(now)):
        return None
    kept = before.leftover
    if kept is None or kept.voided_at is not None:
        return LEAST
    granting.void(kept, now, "Counted against the cap of the month again", actor=actor)
    return max(kept.left_octets, LEAST)


def _last_to_prepaid(account: DataAccount) -> PrepaidSwitch | None:
    rows = account.prepaid_switches.filter(to_prepaid=True, state=SwitchState.APPLIED)
    return rows.select_related("leftover").order_by("-pk").first()


def _end_lines(
    switch: PrepaidSwitch, account: DataAccount, last_day: date, now: datetime, actor: User | None
) -> None:
    """The recurring lines of the data account end with that day; what was billed after it is credited at once."""
    ended = list(_lines_of(account, last_day))
    today = local_day(now)
    for line in ended:
        if line.starts_on > last_day:
            _keep_from_beginning(line, today, actor)
        else:
            lines.end(line, last_day, today, actor=actor)
    switch.ended_lines.set(ended)
    if not _credits():
        return
    credits = _unused(ended, last_day)
    for document, cuts in credits.items():
        again = charging_again.without(
            document, cuts, now, actor=actor, reason=f"{account} is prepaid from {switch.effective_on}"
        )
        switch.credited += again.given_back
    switch.save(update_fields=["credited"])


def _go_on(switch: PrepaidSwitch, account: DataAccount, now: datetime, actor: User | None) -> None:
    """What the line cost a month is charged again from the day of the switch, by the day."""
    today = local_day(now)
    before = (
        account.prepaid_switches.filter(to_prepaid=True, state=SwitchState.APPLIED).order_by("-pk").first()
    )
    ended = list(before.ended_lines.filter(ends_on__isnull=False)) if before is not None else []
    for line in ended:
        _charge_again(line, switch.effective_on, today, actor)
    if not ended:
        new = RecurringLine(
            customer=account.customer,
            data_account=account,
            description=str(account.package),
            starts_on=switch.effective_on,
            bill_from=switch.effective_on,
        )
        lines.add(new, today, actor=actor)


def _resume(row: PrepaidSwitch, now: datetime, actor: User | None) -> None:
    """The recurring lines that ended for a switch which does not come go on."""
    for line in row.ended_lines.filter(ends_on__isnull=False):
        _charge_again(line, row.effective_on, local_day(now), actor)


def _charge_again(line: RecurringLine, first_day: date, on: date, actor: User | None) -> None:
    """An ended line goes on; where days after its last one were credited, by another line: credited days are settled
    for the line that they were charged by."""
    on = min(on, first_day)  # a sweep that is late leaves no month out
    if not _began(line):
        lines.repeat(line, max(first_day, line.starts_on), on, actor=actor)
        return
    following = (line.ends_on or first_day) + timedelta(days=1)
    after = line.billed_periods.filter(credit=False, until__gt=following)
    credited = after.exists() and not after.filter(document__corrections=None).exists()
    go_on = lines.repeat if credited else lines.reopen
    go_on(line, max(first_day, following), on, actor=actor)


def _keep_from_beginning(line: RecurringLine, on: date, actor: User | None) -> None:
    """End a line that was to begin later: nothing of it is charged, not even its first day."""
    ends = {
        "ends_on": line.starts_on,
        "bill_from": line.starts_on + timedelta(days=1),
        "credit_unused": False,
    }
    lines.change(line, ends, on, actor=actor)


def _began(line: RecurringLine) -> bool:
    return line.bill_from is None or line.ends_on is None or line.bill_from <= line.ends_on


def _lines_of(account: DataAccount, last_day: date) -> QuerySet[RecurringLine]:
    """What charges for the line beyond that day."""
    rows = RecurringLine.objects.filter(data_account=account)
    return rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=last_day)).order_by("pk")


def _credits() -> bool:
    return DataSalesSettings.get().unused_days == UnusedDays.CREDITED


def _unused(ended: Sequence[RecurringLine], last_day: date) -> dict[Document, list[Cut]]:
    """The standing invoices that charged days after the last one, with what of them goes."""
    found: dict[Document, list[Cut]] = {}
    for line in (one for one in ended if one.proration == Proration.DAY):
        billed = line.billed_periods.select_related("document").annotate(
            standing=~Exists(Document.objects.filter(corrects=OuterRef("document")))
        )
        rows = {(row.period, row.generation): row for row in billed}
        # Days that a later invoice gave back, as a package change does, are charged by that one alone.
        for one, _ in charged(
            last_day + timedelta(days=1), date.max, [_billed(row) for row in rows.values()]
        ):
            cuts = found.setdefault(rows[one.period, one.generation].document, [])
            if (cut := Cut(line.pk, last_day)) not in cuts:
                cuts.append(cut)
    # The newest first: whoever takes back an older one takes back, and charges again, what gave back days of it.
    return dict(sorted(found.items(), key=lambda item: -item[0].pk))


def _billed(row: Any) -> Billed:
    """A billed period, with whether its document `standing`."""
    return Billed(row.period, row.generation, row.since, row.until, row.credit, row.standing, row.standing)


def _worth(credits: dict[Document, list[Cut]]) -> Decimal:
    """What credit notes over these days would give back, VAT in it."""
    return sum((charging_again.worth(document, cuts) for document, cuts in credits.items()), ZERO)


def _close(row: PrepaidSwitch, state: SwitchState, now: datetime, actor: User | None, reason: str) -> None:
    row.state, row.closed_at, row.reason = state, now, reason.strip()[:200]
    row.save(update_fields=["state", "closed_at", "reason"])
    told = {"credited": row.credited or None, "leftover": row.leftover, "reason": row.reason or None}
    _record(state.value, row, now, actor, **told)


def _record(verb: str, row: PrepaidSwitch, now: datetime, actor: User | None, **data: object) -> None:
    account = row.data_account
    told = {"line": str(account), "becomes": row.words, **data}
    events.record(f"prepaid_switch.{verb}", row, actor=actor, about=account.customer, at=now, **told)
