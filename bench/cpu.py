"""Processor time of process trees, from /proc: the figure that other work on the machine disturbs least."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family(root: int) -> dict[int, list[str]]:
    """A process and all its living descendants: the fields of /proc/PID/stat that follow the name, by process."""
    everybody = {
        int(entry.name): fields
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and (fields := _stat(entry))
    }
    children: dict[int, list[int]] = {}
    for pid, fields in everybody.items():
        children.setdefault(int(fields[1]), []).append(pid)
    found, waiting = {}, [root]
    while waiting:
        pid = waiting.pop()
        if pid in everybody:
            found[pid] = everybody[pid]
        waiting += children.get(pid, [])
    return found


def seconds(root: int) -> float:
    """User and system time of a process, all its living descendants, and all that have ended and been waited for."""
    # utime, stime, cutime, cstime
    return sum(sum(map(int, fields[11:15])) for fields in family(root).values()) / _TICKS


def _stat(process: Path) -> list[str]:
    """The fields after the program's name, which may contain anything; none when it has just ended."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def machine_busy() -> float:
    """Busy seconds of all processors together since they started."""
    first = Path("/proc/stat").read_text().splitlines()[0]
    user, nice, system, _idle, _waiting, *interrupts = map(int, first.split()[1:9])
    return (user + nice + system + sum(interrupts)) / _TICKS
