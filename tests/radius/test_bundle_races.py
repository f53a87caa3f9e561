"""Drawers, acts and sweeps at the same moment, and a sweep that dies half-way: no octet twice, none lost."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import F, Sum

from ispbilling.core.clock import add_months, day_start, local_day, month_of, now
from ispbilling.core.errors import DomainError
from radius import sweeps
from radius.bundles import counting, granting, settling, verifying
from radius.bundles.models import BundleKind, DataBundle, Draw
from radius.models import DataAccount, DataSettings, UsageDay
from radius.rolling import transferring
from radius.rolling.models import Door
from radius.rolling.transferring import Wish
from tests import builders
from tests.radius.conftest import ROOT, database_url, eventually

pytestmark = pytest.mark.django_db(transaction=True)
CAP = 1000


def together(*works: Callable[[], object]) -> list[object]:
    """What they give, done at the same time, each on a connection of its own; the first error is raised."""

    def alone(work: Callable[[], object]) -> object:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(alone, works))


@pytest.mark.feature("W-12")
def test_drawers_acts_and_sweeps_at_once_draw_every_octet_once() -> None:
    DataSettings.objects.update(transfer_zero_rated=True, rollover_months=1, rollover_topup_months=1)
    packages = [builders.package(cap_octets=CAP), builders.package(cap_octets=2 * CAP, counts="download")]
    lines = [builders.data_account(package=packages[0]) for _ in range(2)]
    ids = [line.pk for line in lines]
    settling.settle(ids, now())
    for line in lines:
        UsageDay.objects.create(data_account=line, day=local_day(now()))

    def again(work: Callable[[random.Random], object], seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(25):
            try:
                work(rng)
            except DomainError:
                continue

    def use(rng: random.Random) -> None:
        UsageDay.objects.filter(data_account=rng.choice(ids)).update(
            download_octets=F("download_octets") + rng.randrange(9), upload_octets=F("upload_octets") + 1
        )

    def hold(rng: random.Random) -> None:
        bundle = granting.grant(
            rng.choice(lines), BundleKind.TOPUP, rng.randint(1, 90), now(), source=str(uuid4()), price=Decimal(9),
            expires_at=now() + timedelta(seconds=rng.uniform(0.1, 9)),
        )  # fmt: skip
        if rng.random() < 0.3:
            granting.void(bundle, now(), "by mistake")

    def give(rng: random.Random) -> None:
        giver, to = rng.sample(lines, 2)
        if one := DataBundle.objects.live(now()).filter(data_account=giver).order_by("?").first():
            transferring.transfer(Wish(one, to, rng.randint(1, 30), uuid4(), Door.STAFF), now(), actor=None)

    def change(rng: random.Random) -> None:
        with transaction.atomic():
            rows = DataAccount.objects.select_for_update(no_key=True, of=("self",)).select_related("package")
            line = rows.get(pk=rng.choice(ids))
            line.package = rng.choice(packages)
            line.save(update_fields=["package"])
            granting.resize_monthly(line, line.package.cap_octets, now(), "another package")

    def draw(waiting: bool, _: random.Random) -> None:
        counting.count(ids, now(), waiting=waiting)

    def sweep(_: random.Random) -> None:
        assert sweeps.roll_over(now()).apply(now()).failed == []

    works = [use, use, hold, give, change, partial(draw, True), partial(draw, False), sweep]
    together(*(partial(again, work, seed) for seed, work in enumerate(works)))
    settling.settle(ids, now())
    counting.count(ids, now())
    at = now()
    assert list(verifying.findings(ids, at)) == []
    assert Draw.objects.exists()
    drawn = dict(Draw.objects.order_by().values_list("data_account").annotate(octets=Sum("octets")))
    assert all(
        drawn[row.data_account_id] <= row.upload_octets + row.download_octets
        for row in UsageDay.objects.all()
    )


@pytest.mark.feature("GRP-9")
def test_a_month_end_killed_half_way_is_finished_by_two_sweeps_at_once() -> None:
    DataSettings.objects.update(rollover_months=1, regulation_from=None)
    this = month_of(local_day(now()))
    before = day_start(add_months(this.start, -1)) + timedelta(hours=1)
    package = builders.package(cap_octets=CAP)
    ids = [builders.data_account(package=package, starts_on=local_day(before)).pk for _ in range(20)]
    settling.settle(ids, before)
    for pk in ids:
        UsageDay.objects.create(data_account_id=pk, day=local_day(before), download_octets=pk % CAP)
    counting.count(ids, before)
    DataSettings.objects.update(rolled_until=day_start(this.start))
    old = DataBundle.objects.get(data_account=ids[10])
    with transaction.atomic():
        # Somebody rolls one of them over and does not commit: the sweep waits in the middle of its work.
        DataBundle.objects.create(
            data_account_id=ids[10], kind=BundleKind.ROLLOVER, title="Held", octets=1, parent=old, created_at=now(),
            starts_at=old.expires_at, draws_from=old.expires_at, origin_at=old.origin_at, source=f"rollover:{old.pk}",
        )  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "manage.py", "sweep", "new_bundles"], cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database_url()},
        )  # fmt: skip
        assert eventually(_somebody_waits, 20)
        process.kill()
        process.wait()
        transaction.set_rollback(True)
    assert eventually(lambda: DataBundle.objects.filter(month=this.start).count() == len(ids)), "all granted"
    assert not DataBundle.objects.filter(kind=BundleKind.ROLLOVER).exists(), "and none rolled over"
    results = together(*[lambda: sweeps.new_bundles(now()).apply(now())] * 2)
    assert [result.failed for result in results] == [[], []]
    assert {step.action for step in sweeps.new_bundles(now())} <= {"note that all is done"}
    rolled = DataBundle.objects.filter(kind=BundleKind.ROLLOVER).values_list("data_account", "octets")
    assert sorted(rolled) == sorted((pk, CAP - pk % CAP) for pk in ids)
    counting.count(ids, now())
    assert list(verifying.findings(ids, now())) == []


def _somebody_waits() -> bool:
    """For what this transaction holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_clear_snapshot(); SELECT EXISTS ("
            "SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])
