"""The spool on its own: durable before it returns, bounded, adopted once, and nothing in it is made up."""

import json
from pathlib import Path

import psycopg2
import pytest

from radius.server import spool
from radius.server.spool import Replay, Spool, SpoolFull
from radius.usage.reports import Quarantined, Reboot, Report

pytestmark = pytest.mark.feature("W-4")
LARGE = 10**9


def one(n: int = 1) -> Report:
    return Report(f"{n:032x}", 1, None, "ålice\n", f"s-{n}", "", "", "", None, 5, 6, 5, None, 1, 2**60, 3, "")


class Database:
    """What a Recorder is to the replay; `away` while it refuses."""

    def __init__(self) -> None:
        self.away, self.held = False, []

    def record(self, records: list) -> None:
        if self.away:
            raise psycopg2.OperationalError("away")
        self.held += records


def replayed(folder: Path, own: Spool) -> list:
    database = Database()
    Replay(folder, own, database.record).all()
    return database.held


def test_reports_come_back_as_they_were_in_their_order_and_only_once(tmp_path):
    odd = Quarantined(7, 99, "bob", "why", {"input_octets": 1 << 61, "framed_ip": None})
    own, kept = Spool(tmp_path, LARGE), [one(1), Reboot(7, 99), odd, one(2)]
    own.append(kept[:2], 1000)
    own.append(kept[2:], 1001)
    assert replayed(tmp_path, own) == kept
    assert replayed(tmp_path, own) == []
    assert spool.segments(tmp_path) == []


def test_a_line_cut_short_is_nobodys(tmp_path):
    dead = Spool(tmp_path, LARGE)
    dead.append([one(1), one(2)], 1000)
    dead.seal()
    (segment,) = spool.segments(tmp_path)
    octets = segment.read_bytes()
    whole = octets.index(b"\n") + 1
    for cut in range(whole, len(octets)):
        segment.write_bytes(octets[:cut])
        found, damaged = spool.read(segment)
        assert (found, damaged) == ([one(1)], 0)


def test_a_damaged_line_is_told_and_its_segment_kept(tmp_path):
    own = Spool(tmp_path, LARGE)
    own.append([one(1), one(2), one(3)], 1000)
    own.seal()
    (segment,) = spool.segments(tmp_path)
    segment.write_bytes(segment.read_bytes().replace(b"s-2", b"s-9"))
    assert replayed(tmp_path, own) == [one(1), one(3)]
    assert [path.suffix for path in tmp_path.iterdir() if path.stem != "replay"] == [".damaged"]


def test_nothing_is_touched_until_it_is_recorded(tmp_path):
    own, database = Spool(tmp_path, LARGE), Database()
    own.append([one(1)], 1000)
    replay, database.away = Replay(tmp_path, own, database.record), True
    for _again in range(3):
        with pytest.raises(psycopg2.OperationalError):
            replay.all()
        own.append([one(2)], 1001)
    assert spool.records(tmp_path) == 4
    database.away = False
    assert replay.all() == 4
    assert database.held == [one(1), one(2), one(2), one(2)]


def test_a_living_workers_segment_is_left_to_it_and_a_dead_ones_is_adopted(tmp_path):
    living, other = Spool(tmp_path, LARGE), Spool(tmp_path, LARGE)
    living.append([one(1)], 1000)
    assert replayed(tmp_path, other) == []
    living.seal()  # as the kernel does when it dies
    assert replayed(tmp_path, other) == [one(1)]


def test_only_one_worker_of_the_machine_replays(tmp_path):
    own = Spool(tmp_path, LARGE)
    own.append([one(1)], 1000)
    with spool._only_one(tmp_path) as first:
        assert first
        assert replayed(tmp_path, own) == []
    assert replayed(tmp_path, own) == [one(1)]


def test_beyond_its_bound_it_refuses_and_keeps_what_it_has(tmp_path):
    own = Spool(tmp_path, 500)
    own.append([one(1)], 1000)
    with pytest.raises(SpoolFull):
        own.append([one(n) for n in range(5)], 1000)
    assert replayed(tmp_path, own) == [one(1)]


def test_a_segment_ends_at_its_size(tmp_path):
    own = Spool(tmp_path, LARGE, segment=300)
    for n in range(6):
        own.append([one(n)], 1000)
    assert len(spool.segments(tmp_path)) > 1
    assert replayed(tmp_path, own) == [one(n) for n in range(6)]


def test_a_folder_that_cannot_be_written_refuses(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Spool(tmp_path / "file" / "spool", LARGE).append([one()], 1000)


def test_a_line_is_json_with_when_it_arrived(tmp_path):
    Spool(tmp_path, LARGE).append([one(1)], 1234)
    (segment,) = spool.segments(tmp_path)
    kind, received, *values = json.loads(segment.read_bytes().partition(b" ")[2])
    assert (kind, received, Report(*values)) == ("Report", 1234, one(1))
