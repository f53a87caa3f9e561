"""Sessions and usage by month: made ahead, archived, found again, and forgotten, without losing an octet."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.utils.timezone import localdate

from ispbilling.core.clock import add_months, local_day, month_of, now
from ispbilling.sweeping import plan, run
from radius.models import CoaAttempt, Session, UsageDay
from radius.usage import partitions
from radius.usage.models import LIVE
from tests import builders
from tests.radius.test_recording import line, nas, packet, recorder  # noqa: F401 - fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-4", "USE-11")]


def ended(days_ago: float, **kwargs) -> Session:
    at = now() - timedelta(days=days_ago)
    return builders.session(started_at=at - timedelta(hours=1), updated_at=at, stopped_at=at, **kwargs)


def partition_of(table: str, pk: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tableoid::regclass::text FROM {table} WHERE id = %s", [pk])
        return cursor.fetchone()[0]


def archive(at: datetime | None = None) -> None:
    assert not run("archive_sessions", at or now()).failed


def test_sessions_leave_for_the_month_of_their_end_some_days_later(settings):
    young, old, running = ended(6.9), ended(7.1), builders.session(started_at=now() - timedelta(days=300))
    wanted = month_of(local_day(old.stopped_at)).start
    assert [step.subject for step in plan("archive_sessions", now())] == ["1 sessions"]
    archive()
    assert partition_of("radius_session", old.pk) == f"radius_session_{wanted:%Y_%m}"
    assert {partition_of("radius_session", one.pk) for one in (young, running)} == {"radius_session_live"}
    assert Session.objects.get(pk=old.pk).month == wanted
    assert list(Session.objects.open()) == [running]
    assert Session.objects.count() == 3
    assert len(plan("archive_sessions", now())) == 0


def test_the_month_is_the_providers(settings):
    """Half past ten in the evening of 30 June in UTC is July in Johannesburg."""
    at = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    one = builders.session(started_at=at, updated_at=at, stopped_at=at)
    archive()
    assert Session.objects.get(pk=one.pk).month == date(2026, 7, 1)


def test_archiving_goes_by_blocks(settings):
    for _ in range(5):
        ended(30)
    blocks = partitions.archivable(now(), span=2)
    assert [block.count for block in blocks] == [2, 2, 1]
    assert [partitions.archive(block, now()) for block in blocks] == [2, 2, 1]
    assert partitions.archive(blocks[0], now()) == 0


def test_active_sessions_read_the_hot_partition_alone():
    ended(30)
    archive()
    for question in (Session.objects.open(), Session.objects.filter(stopped_at__isnull=True)):
        reads = question.explain()
        assert "radius_session_live" in reads
        assert "radius_session_2" not in reads


def test_what_runs_cannot_be_archived():
    one = builders.session()
    partitions.create("radius_session", date(2026, 5, 1))
    broken = pytest.raises(IntegrityError, match="violates check constraint")
    with broken, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE radius_session SET month = '2026-05-01' WHERE id = %s", [one.pk])


def test_a_session_whose_nas_was_cut_off_for_weeks_goes_on_where_it_was(recorder, nas):  # noqa: F811
    began = int(now().timestamp()) - 30 * 86_400
    recorder.record([packet("Start", began, nas, received=began)])
    heard = began + 86_400
    recorder.record([packet("Interim-Update", heard, nas, seconds=86_400, up=5, down=50)])
    pk = Session.objects.get().pk
    assert run("stale_sessions", now()).applied == 1
    archive()
    assert Session.objects.get().month != LIVE
    for _twice in range(2):
        recorder.record(
            [packet("Interim-Update", began + 30 * 86_400, nas, seconds=30 * 86_400, up=7, down=70)]
        )
    session = Session.objects.open().get()
    assert (session.pk, session.upload_octets, session.download_octets) == (pk, 7, 70)
    assert Session.objects.count() == 1
    assert sum(UsageDay.objects.values_list("download_octets", flat=True)) == 70
    assert sum(UsageDay.objects.values_list("seconds", flat=True)) == 30 * 86_400


def test_a_stop_that_comes_after_the_archive_is_not_counted_twice(recorder, nas):  # noqa: F811
    """Made and received long ago: what a spool holds, or a NAS that asks again."""
    began = int(now().timestamp()) - 20 * 86_400
    stop = packet("Stop", began + 600, nas, seconds=600, up=3, down=30, Acct_Terminate_Cause=1)
    recorder.record([stop])
    archive()
    recorder.record([stop])
    assert Session.objects.count() == 1
    assert sum(UsageDay.objects.values_list("download_octets", flat=True)) == 30


def test_an_id_that_is_used_again_after_its_session_was_archived_is_another_session(recorder, nas):  # noqa: F811
    at = int(now().timestamp())
    for began in (at - 40 * 86_400, at - 20 * 86_400, at - 600):
        recorder.record([packet("Stop", began + 300, nas, seconds=300, down=10, received=began + 300)])
        archive()
    assert Session.objects.count() == 3
    late = at - 40 * 86_400
    recorder.record([packet("Stop", late + 300, nas, seconds=300, down=15, received=late + 300)])
    assert sorted(Session.objects.values_list("download_octets", flat=True)) == [10, 10, 15]
    recorder.record([packet("Stop", at, nas, seconds=600, down=20)])
    assert sorted(Session.objects.values_list("download_octets", flat=True)) == [10, 15, 20]
    assert sum(UsageDay.objects.values_list("download_octets", flat=True)) == 45


def test_old_months_are_dropped_usage_days_stay_and_so_does_what_runs(settings, recorder, nas):  # noqa: F811
    settings.RADIUS_KEEP_SESSIONS_MONTHS = 6
    account = builders.data_account()
    old = ended(300, data_account=account, nas=nas)
    kept, running = ended(60), builders.session(started_at=now() - timedelta(days=400))
    CoaAttempt.objects.create(session=old, nas=nas, at=now(), because="BLOCKED", outcome="ack")
    UsageDay.objects.create(data_account=account, day=local_day(old.stopped_at), download_octets=9)
    archive()
    month = month_of(local_day(old.stopped_at)).start
    (step,) = [step for step in plan("partition_months", now()) if step.action == "drop"]
    assert step.subject == f"1 sessions of {month:%B %Y}"
    run("partition_months", now())
    assert set(Session.objects.all()) == {kept, running}
    assert not CoaAttempt.objects.exists()
    assert UsageDay.objects.get().download_octets == 9
    settings.RADIUS_KEEP_SESSIONS_MONTHS = 0
    assert partitions.droppable(now()) == []


def test_months_are_made_ahead_and_take_what_waited_for_them():
    later = add_months(localdate(), 9).replace(day=15)
    account = builders.data_account()
    stray = UsageDay.objects.create(data_account=account, day=later, download_octets=5, seconds=60)
    assert partition_of("radius_usageday", stray.pk) == "radius_usageday_default"
    result = run("partition_months", now())
    assert not result.failed
    assert partition_of("radius_usageday", stray.pk) == f"radius_usageday_{later:%Y_%m}"
    ahead = add_months(month_of(localdate()).start, partitions.AHEAD)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"radius_session_{ahead:%Y_%m}"])
        assert cursor.fetchone()[0]
    assert partitions.missing(now()) == []


def test_the_class_of_the_log_in_and_the_prefixes_are_kept(recorder, nas):  # noqa: F811
    at = int(now().timestamp())
    values = {"Class": b"isp:0123456789ab", "Framed_IPv6_Prefix": "2001:db8:1::/64"}
    recorder.record([packet("Start", at - 600, nas, **values)])
    session = Session.objects.get()
    assert (session.applied, session.framed_ipv6_prefix) == ("0123456789ab", "2001:db8:1::/64")
    Session.objects.update(applied="a CoA since")
    later = values | {"Delegated_IPv6_Prefix": "2001:db8:ff00::/56"}
    recorder.record([packet("Interim-Update", at, nas, seconds=600, **later)])
    session = Session.objects.get()
    assert (session.applied, session.delegated_ipv6_prefix) == ("a CoA since", "2001:db8:ff00::/56")


def test_tables_that_are_in_use_become_partitioned_and_can_go_back():
    """The migration's own SQL, back and forth over rows, in the transaction of this test."""
    account = builders.data_account()
    key = builders.session(data_account=account).key
    gone = ended(30, key=key, incarnation=2)
    day = UsageDay.objects.create(
        data_account=account, day=date(2026, 3, 9), upload_octets=1, download_octets=2
    )
    archive()
    before = list(Session.objects.order_by("pk").values_list("pk", "download_octets"))
    folder = Path(partitions.__file__).parents[1] / "migrations"
    with connection.cursor() as cursor:
        cursor.execute((folder / "0008_partitions.reverse.sql").read_text())
        cursor.execute(
            "SELECT id, incarnation FROM radius_session WHERE key = %s ORDER BY incarnation", [key]
        )
        assert [row[1] for row in cursor.fetchall()] == [1, 2]
        cursor.execute((folder / "0008_partitions.sql").read_text())
    assert list(Session.objects.order_by("pk").values_list("pk", "download_octets")) == before
    assert partition_of("radius_usageday", day.pk) == "radius_usageday_2026_03"
    assert builders.session().pk > gone.pk
    archive()
    assert Session.objects.exclude(month=LIVE).get().pk == gone.pk
