"""Every octet is drawn once, from the bundle that expires first: against an oracle that takes octet by octet."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ispbilling.core.clock import day_end, day_start, local_day, month_of
from ispbilling.core.errors import DomainError
from radius import sweeps
from radius.bundles import counting, granting, recounting, settling, verifying
from radius.bundles.behind import behind
from radius.bundles.drawing import Counted, Holding, Metered, begin, draw
from radius.bundles.models import BundleKind, DataBundle, Draw, Meter, UsageMark
from radius.bundles.remaining import remaining
from radius.models import DataAccount, DataSettings, DataTransfer, Nas, UsageDay
from radius.rolling import correcting, sets, transferring
from radius.rolling.models import Door
from radius.rolling.transferring import Wish
from radius.usage.recording import Recorder
from radius.wire.usernames import Usernames
from tests import builders
from tests.radius.test_recording import packet

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-12")]
BEGAN = datetime(2026, 10, 26, 8, 0, 1, tzinfo=UTC)
HOUR, INSTANT = timedelta(hours=1), timedelta(microseconds=1)


@pytest.fixture
def nas(db) -> Nas:
    return builders.nas()


@dataclass(order=True)
class Octet:
    """One octet, when it was used as far as anybody knows, and in which direction."""

    at: datetime
    number: int
    down: bool = field(compare=False)


@dataclass
class World:
    """A line, its devices, what they moved, and since when what of it counts."""

    account: DataAccount
    other: DataAccount
    nas: Nas
    recorder: Recorder
    rng: random.Random
    now: datetime = BEGAN
    counters: dict[str, list[int]] = field(default_factory=dict)
    started: dict[str, datetime] = field(default_factory=dict)
    octets: list[Octet] = field(default_factory=list)
    known: Counter = field(default_factory=Counter)
    begun: set[int] = field(default_factory=set)
    rules: list[tuple[datetime, str | None]] = field(default_factory=list)

    def bundles(self) -> QuerySet[DataBundle]:
        return DataBundle.objects.filter(data_account=self.account).order_by("pk")

    def later(self, hours: int) -> None:
        """Time passes, and the drawer counts whenever by the clock something begins or ends."""
        until = self.now + timedelta(hours=hours, seconds=self.rng.randrange(1, 50))
        while meter := Meter.objects.filter(holds_until__lte=until).first():
            counting.count([meter.pk], meter.holds_until)
        self.now = until

    def use(self) -> None:
        """Devices say what they moved, now or some time ago, or connect anew."""
        late = self.rng.randrange(80_000) if self.rng.random() < 0.2 else 0
        for name in sorted({*self.counters, self.rng.choice(["s-1", "s-2", "s-3"])}):
            at = int(self.now.timestamp())
            if name in self.counters:
                at = max(at - late, int(self.started[name].timestamp()))
            if name in self.counters and self.rng.random() < 0.3:
                self._report("Stop", name, at)
                del self.counters[name]
            elif name not in self.counters:
                self.counters[name], self.started[name] = [0, 0], self.now
                self.recorder.record([packet("Start", at, self.nas, session=name)])
            else:
                self._report("Interim-Update", name, at)
        self._look()
        counting.count([self.account.pk], self.now)
        self.begin()
        for line, day in behind(BEGAN.date()).items():  # of longer ago than is counted every time
            counting.count([line], self.now, since=day)

    def begin(self) -> None:
        """Within what came together a bundle may have begun with its first use: what came before was before it."""
        begun = self.bundles().filter(valid_seconds__isnull=False, starts_at__isnull=False)
        for one in begun.exclude(pk__in=self.begun).order_by("starts_at"):
            self.begun.add(one.pk)
            marks = UsageMark.objects.filter(data_account=self.account)
            for mark in marks.filter(at__in=[one.draws_from, one.starts_at]):
                self._lay(mark)

    def _lay(self, mark: UsageMark) -> None:
        for down, counted in ((False, mark.upload_octets), (True, mark.download_octets)):
            of_day = [x for x in self.octets if x.down is down and local_day(x.at) == mark.day]
            for place, octet in enumerate(sorted(of_day, key=lambda x: x.number)):
                octet.at = min(octet.at, mark.at - INSTANT) if place < counted else max(octet.at, mark.at)

    def _report(self, status: str, name: str, at: int) -> None:
        up, down = self.counters[name] = [one + self.rng.randrange(8) for one in self.counters[name]]
        seconds = at - int(self.started[name].timestamp())
        said = {"seconds": seconds, "up": up, "down": down, "received": int(self.now.timestamp())}
        self.recorder.record([packet(status, at, self.nas, session=name, **said)])

    def _look(self) -> None:
        """What accounting counted since the last look: of today now, of a day that is over at its end."""
        for day in UsageDay.objects.order_by("day"):
            at = self.now if day.day == local_day(self.now) else day_end(day.day) - INSTANT
            for down, total in ((False, day.upload_octets), (True, day.download_octets)):
                for _ in range(total - self.known[day.day, down]):
                    self.octets.append(Octet(at, len(self.octets), down))
                self.known[day.day, down] = total

    def sweep(self) -> None:
        """What ended rolls over, and what rolled over is what its parent left."""
        for _twice in range(2):
            assert sweeps.roll_over(self.now).apply(self.now).failed == []
            counting.count([self.account.pk, self.other.pk], self.now)
        for one in DataBundle.objects.filter(kind=BundleKind.ROLLOVER).select_related("parent"):
            if one.voided_at is not None and one.voided_reason != correcting.NOTHING:
                continue
            given = sum(one.given.filter(undone_at=None).values_list("octets", flat=True))
            holds = given + (one.octets if one.voided_at is None else 0)
            unused = one.parent.left_octets if one.parent.voided_at is None else 0
            lately = one.parent.expires_at > self.now - sets.GRACE
            assert holds == max(unused, one.drawn_octets + given) or (holds < unused and not lately)

    def follow(self) -> None:
        """The line has another package, or became prepaid or monthly: what counts from now on."""
        settling.settle([self.account.pk], self.now)
        account = DataAccount.objects.select_related("package").get(pk=self.account.pk)
        capped = account.prepaid or account.package.cap_octets is not None
        rule = account.package.counts if capped else None
        if self.rules and self.rules[-1][1] == rule:
            return
        if rule and (
            not self.rules or self.rules[-1][1] is None
        ):  # of this month also what was free till now
            first = day_start(month_of(local_day(self.now)).start)
            if account.prepaid and account.prepaid_since:
                first = max(first, account.prepaid_since)
            ended = [at for (_, was), (at, one) in pairwise(self.rules) if was and one is None]
            first = max(first, *ended) if ended else first  # or since it was counted last
            before = self._rule(first)
            earlier = [(at, one) for at, one in self.rules if at < first]
            free = [(first, rule if before is None else before)]
            free += [(at, rule if one is None else one) for at, one in self.rules if at >= first]
            self.rules = [*earlier, *free]
        self.rules.append((self.now, rule))

    def _rule(self, at: datetime) -> str | None:
        return next((rule for since, rule in reversed(self.rules) if since <= at), None)

    def oracle(self) -> Counter:
        """Octet by octet: of the bundles that can be used then, from the one that expires first."""
        never = datetime.max.replace(tzinfo=UTC)
        bundles = list(self.bundles().exclude(starts_at=None))
        left = {one.pk: one.octets for one in bundles}
        drawn: Counter = Counter()
        for octet in sorted(self.octets):
            rule = self._rule(octet.at)
            if rule is None or (rule == "download" and not octet.down):
                continue
            best = None
            for one in bundles:
                over = min(one.expires_at or never, one.voided_at or never) <= octet.at
                if left[one.pk] == 0 or over or one.draws_from > octet.at:
                    continue
                key = (one.starts_at > octet.at, one.expires_at or never, one.origin_at, one.pk)
                if best is None or key < best[0]:
                    best = key, one.pk
            if best is not None:
                left[best[1]] -= 1
            drawn[local_day(octet.at), best and best[1]] += 1
        return drawn


def act(world: World, packages: list) -> None:
    """Something that staff, a customer or a sweep does."""
    rng, account = world.rng, world.account
    account.refresh_from_db()
    choice = rng.randrange(12)
    if choice in (3, 4, 7):  # what was moved before a change is reported within days of it
        world.use()
        world.now += timedelta(seconds=1)
    now = world.now
    try:
        match choice:
            case 0 | 1:
                expires = rng.choice(
                    [None, now + rng.randint(1, 90) * HOUR, day_end(month_of(local_day(now)).last)]
                )
                granting.grant(
                    account, rng.choice([BundleKind.TOPUP, BundleKind.TRANSFER]), rng.randint(1, 40), now,
                    source=f"sale:{rng.random()}", expires_at=expires,
                )  # fmt: skip
            case 2:
                granting.grant(
                    account, BundleKind.ADHOC, rng.randint(1, 30), now, source=f"first:{rng.random()}",
                    valid_seconds=rng.randint(3600, 90_000),
                )  # fmt: skip
            case 3 | 4:
                account.package = rng.choice(packages)
                account.save(update_fields=["package"])
                if account.package.cap_octets and rng.random() < 0.5:
                    granting.resize_monthly(account, rng.randint(1, 60), now, "prorated")
            case 5:
                some = list(world.bundles().exclude(kind=BundleKind.MONTHLY).filter(voided_at=None))
                if some:
                    granting.void(rng.choice(some), now, "by mistake")
            case 6:
                fixed = [BundleKind.MONTHLY, BundleKind.ROLLOVER]
                some = list(world.bundles().live(now).exclude(kind__in=fixed).exclude(starts_at=None))
                if some:
                    granting.resize(rng.choice(some), rng.randint(1, 50), now, "corrected")
            case 7:
                (granting.set_monthly if account.prepaid else granting.set_prepaid)(account, now)
            case 8 | 9:
                giver, to = rng.sample([account, world.other], 2)
                if some := list(DataBundle.objects.live(now).filter(data_account=giver).order_by("pk")):
                    one, token = rng.choice(some), UUID(int=rng.getrandbits(128))
                    octets = rng.choice([one.left_octets, rng.randint(1, 40)])
                    transferring.transfer(Wish(one, to, octets, token, Door.STAFF), now, actor=None)
            case 10:
                if some := list(world.bundles().exclude(voided_at=None).exclude(kind=BundleKind.MONTHLY)):
                    granting.restore(rng.choice(some), now)
                elif some := list(DataTransfer.objects.filter(undone_at=None).order_by("pk")):
                    transferring.undo(rng.choice(some), now, actor=None)
            case 11:
                world.sweep()
                assert recounting.recount(account.pk, now, "asked") == {}
    except DomainError:
        pass
    world.follow()
    world.begin()


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.randoms(use_true_random=False))
def test_whatever_happens_to_a_line_every_octet_is_drawn_once_and_from_the_right_bundle(nas, rng):
    """Parallel sessions, reconnects, late reports, midnights, month ends, top-ups, first uses, package changes, prepaid
    and back, transfers there and back, rollovers swept at any time.
    """
    with transaction.atomic():
        live(nas, rng)
        transaction.set_rollback(True)


def live(nas: Nas, rng: random.Random) -> None:
    packages = [
        builders.package(cap_octets=30),
        builders.package(cap_octets=60, add_overusage_on_topup=True),
        builders.package(cap_octets=40, counts="download"),
        builders.package(cap_octets=None),
    ]
    account = builders.data_account(username="alice@isp.test", package=rng.choice(packages))
    DataSettings.objects.update(
        rollover_months=2, rollover_topup_months=1, transfer_zero_rated=True, regulation_from=None
    )
    other = builders.data_account(username="bob@isp.test", package=packages[0])
    settling.settle([other.pk], BEGAN)
    world = World(account, other, nas, Recorder(connection.connection, Usernames()), rng)
    world.follow()
    for _ in range(rng.randint(5, 30)):
        world.later(rng.choice([1, 2, 5, 12, 30]))
        if rng.random() < 0.65:
            world.use()
        else:
            act(world, packages)
        draws = Draw.objects.filter(data_account=account)
        assert Counter({(one.day, one.bundle_id): one.octets for one in draws}) == world.oracle()
        assert list(verifying.findings([account.pk, other.pk], world.now)) == []
        if found := remaining([account.pk], world.now).get(account.pk):
            meter = Meter.objects.get(pk=account.pk)
            assert (found.left, found.used) == (meter.remaining_octets, meter.used_octets)


def test_bundles_that_begin_on_two_days_with_one_report_are_drawn_the_same_again():
    """The first one is used up by what was moved before midnight and a little after."""
    account = builders.data_account(prepaid=True, prepaid_since=BEGAN, package=builders.package())
    settling.settle([account.pk], BEGAN)
    for octets in (6, 10, 5):
        granting.grant(account, "adhoc", octets, BEGAN, source=f"sale:{octets}", valid_seconds=86_400)
    today = local_day(BEGAN) + timedelta(days=2)
    for day, octets in ((today - timedelta(days=1), 4), (today, 3)):
        UsageDay.objects.create(data_account=account, day=day, download_octets=octets)
    for minutes in (5, 10):
        now = day_start(today) + timedelta(minutes=minutes)
        counting.count([account.pk], now)
        drawn = Draw.objects.order_by("day", "bundle__octets").values_list("bundle__octets", "octets")
        assert list(drawn) == [(6, 4), (6, 2), (10, 1)]
        assert list(verifying.findings([account.pk], now)) == []


def test_two_bundles_that_begin_with_one_late_report_are_drawn_the_same_again():
    """Of a day that is over: both begin within its last instants, and all of it stays where it was drawn."""
    now = BEGAN
    day = local_day(now) - timedelta(days=1)
    counted = [Counted(day, day_start(day), day_end(day), 3, 7)]
    spans = [Metered(day_start(day) - 99 * HOUR, None)]
    waiting = [Holding(pk, 6, None, None, None, None, day_start(day) - 9 * HOUR, 86_400) for pk in (1, 2)]
    first = draw(counted, waiting, [], spans, {}, now)
    assert first.octets == {(day, 1): 6, (day, 2): 4}
    marks = [one.mark for one in first.begun]
    begun = [begin(bundle, mark.at, now) for bundle, mark in zip(waiting, marks, strict=True)]
    again = draw(counted, begun, marks, spans, {}, now)
    assert (again.octets, again.begun) == (first.octets, [])
