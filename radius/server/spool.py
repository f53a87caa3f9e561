"""Where accounting waits on disk while PostgreSQL cannot take it: written before the answer, recorded later.

Design Overview: a folder of segments. A worker appends the decoded reports of a batch to a segment of its own, one
line each with its checksum, makes them durable with one fsync, and only then acknowledges. A locked segment
belongs to a living worker, an unlocked one to whoever locks it first: what a killed worker left is adopted by
exactly one other. When PostgreSQL is back the segments are recorded oldest first and deleted after COMMIT of
their last line; a crash in between records some reports twice, which changes nothing (`radius.usage.recording`).

A last line without its end was cut short by a crash: nobody was told that it is stored. Nothing in here is ever
made up: every line is a packet that arrived.
"""

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import psycopg2
import structlog

from radius.usage.reports import Quarantined, Reboot, Record, Report

log = structlog.get_logger(__name__)

SUFFIX = ".spool"
#: A segment is closed at this size, so that what a crash makes to be recorded again is little.
SEGMENT = 4 << 20
BATCH = 256
# The replay leaves at least as much time to the packets that arrive as it takes for itself.
LOOK_SECONDS, REST_SECONDS, TELL_SECONDS = 1.0, 0.01, 60.0


class SpoolFull(OSError):
    """As much waits as RADIUS_SPOOL_MAX_MB allows: the NAS must keep the rest."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the folder holds."""

    segments: int
    octets: int
    since: float


class Spool:
    """One worker's door to the folder; `append` is its main thread's, the rest may be another's."""

    def __init__(self, folder: Path, max_octets: int, segment: int = SEGMENT) -> None:
        self._folder, self._max, self._segment = folder, max_octets, segment
        self._lock = threading.Lock()
        self._fd, self._size = -1, 0

    def append(self, records: Sequence[Record], received: int) -> None:
        """Keep the reports durably; raises OSError when the disk or the bound does not allow it."""
        octets = b"".join(_line(one, received) for one in records)
        with self._lock:
            if waiting(self._folder).octets + len(octets) > self._max:
                raise SpoolFull("RADIUS_SPOOL_MAX_MB is reached")
            if self._fd < 0:
                self._fd, self._size = _create(self._folder), 0
            try:
                if os.write(self._fd, octets) < len(octets):
                    raise OSError("the disk took only a part")
                os.fdatasync(self._fd)
            except OSError:
                with suppress(OSError):  # the part would otherwise stand before lines that come later
                    os.ftruncate(self._fd, self._size)
                    os.lseek(self._fd, self._size, os.SEEK_SET)
                raise
            self._size += len(octets)
            if self._size >= self._segment:
                self._close()

    def seal(self) -> None:
        """Let go of the segment in hand: it may be recorded now."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)  # gives up the lock, too
            self._fd = -1


def waiting(folder: Path) -> Waiting:
    """What waits in the folder, whoever wrote it; since when (seconds since 1970, 0 for nothing)."""
    sizes = []
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            if path.suffix == SUFFIX:
                with suppress(FileNotFoundError):  # recorded meanwhile
                    sizes.append((path.stat().st_size, int(path.name.partition("-")[0]) / 1e9))
    return Waiting(len(sizes), sum(size for size, _since in sizes), min((s for _, s in sizes), default=0.0))


def records(folder: Path) -> int:
    """How many reports wait; reads the folder's segments."""
    found = 0
    for path in segments(folder):
        with suppress(FileNotFoundError):
            found += path.read_bytes().count(b"\n")
    return found


def segments(folder: Path) -> list[Path]:
    """The segments, oldest first."""
    with suppress(FileNotFoundError):
        return sorted(path for path in folder.iterdir() if path.suffix == SUFFIX)
    return []


def _create(folder: Path) -> int:
    """A new segment of this folder, locked; its name tells when it began."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        path = folder / f"{time.time_ns():020}-{os.getpid()}{SUFFIX}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        if _locked(fd, path):
            _sync(folder)
            return fd
        os.close(fd)


def _locked(fd: int, path: Path) -> bool:
    """Whether this open file is now ours alone, and still the one of that name."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.stat(path).st_ino == os.fstat(fd).st_ino
    except OSError:
        return False


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _line(record: Record, received: int) -> bytes:
    text = json.dumps([type(record).__name__, received, *record], ensure_ascii=False, separators=(",", ":"))
    octets = text.encode()
    return b"%08x %s\n" % (crc32(octets), octets)


def read(path: Path) -> tuple[list[Record], int]:
    """The reports of a segment in the order of their arrival, and how many of its lines are damaged."""
    kinds: dict[str, Callable[..., Record]] = {"Report": Report, "Reboot": Reboot, "Quarantined": Quarantined}
    found: list[Record] = []
    damaged = 0
    *lines, cut_short = path.read_bytes().split(b"\n")
    for line in lines:
        checksum, _, octets = line.partition(b" ")
        if checksum == b"%08x" % crc32(octets):
            try:
                kind, _received, *values = json.loads(octets)
                found.append(kinds[kind](*values))
            except (TypeError, KeyError, ValueError):  # written by another version of ours
                damaged += 1
        else:
            damaged += 1
    if cut_short:
        log.info("accounting_spool_cut_short", segment=path.name, octets=len(cut_short))
    return found, damaged


class Replay:
    """Records what waits, from a thread of its own: one worker of the machine at a time, oldest segment first."""

    def __init__(self, folder: Path, spool: Spool, record: Callable[[list[Record]], None]) -> None:
        self._folder, self._spool, self._record = folder, spool, record
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spool-replay", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Return when the batch in hand is recorded."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        tell_at = 0.0
        while not self._stopping.wait(LOOK_SECONDS):
            if not segments(self._folder):
                continue
            try:
                self.all()
            except psycopg2.Error as error:
                if time.monotonic() >= tell_at:
                    tell_at = time.monotonic() + TELL_SECONDS
                    found = waiting(self._folder)
                    log.warning("accounting_waits_in_spool", octets=found.octets, error=str(error).strip())
            except Exception:
                log.exception("accounting_spool_failed")
                self._stopping.wait(TELL_SECONDS)

    def all(self) -> int:
        """Record every segment that no other worker writes to; how many reports.

        Raises psycopg2.Error when PostgreSQL cannot take it: then nothing that waits is touched.
        """
        with _only_one(self._folder) as mine:
            if not mine:
                return 0
            done = self._closed_ones()
            self._spool.seal()  # PostgreSQL took the others, if any: now the worker's own
            done += self._closed_ones()
        if done:
            log.warning("accounting_recorded_from_spool", reports=done)
        return done

    def _closed_ones(self) -> int:
        return sum(self._segment(path) for path in segments(self._folder))

    def _segment(self, path: Path) -> int:
        """Record a segment and delete it; how many reports. A segment that a worker writes to is left alone."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return 0
        try:
            if not _locked(fd, path):
                return 0
            found, damaged = read(path)
            for start in range(0, len(found), BATCH):
                if self._stopping.is_set():
                    return start
                began = time.monotonic()
                self._record(found[start : start + BATCH])
                self._stopping.wait(max(REST_SECONDS, time.monotonic() - began))
            if damaged:  # a disk that lies: kept for whoever looks into it
                log.error("accounting_spool_damaged", segment=path.name, lines=damaged)
                path.rename(path.with_suffix(".damaged"))
            else:
                path.unlink()
            _sync(self._folder)
            return len(found)
        finally:
            os.close(fd)


class _only_one:  # noqa: N801 - reads as a word of its `with`
    """Whether this process may replay; a lock that the kernel gives back when it dies."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "replay.lock"

    def __enter__(self) -> bool:
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return _locked(self._fd, self._path)

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
