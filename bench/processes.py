"""What the kernel knows of a server's processes: who listens, whose memory it is, what a full socket dropped."""

import os
from collections.abc import Iterator
from pathlib import Path

from bench.cpu import family

MEGA = 1_000_000


def listeners(root: int, port: int) -> list[int]:
    """The processes below `root` that read a UDP port: its workers, whatever else the server consists of."""
    inodes = {f"socket:[{fields[9]}]" for fields in _sockets(port)}
    return [pid for pid in sorted(family(root)) if not inodes.isdisjoint(_files(pid))]


def everybody(root: int) -> list[int]:
    """The process and all its descendants."""
    return sorted(family(root))


def drops(port: int) -> int:
    """Datagrams for a UDP port that the kernel threw away, since its sockets were opened: full, or filtered."""
    return sum(int(fields[12]) for fields in _sockets(port))


def private_mb(pid: int) -> float:
    """Memory that no other process shares, in millions of octets: what ending the process would give back."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has just ended
        return 0.0
    kibibytes = [
        int(line.split()[1]) for line in lines if line.startswith(("Private_Clean:", "Private_Dirty:"))
    ]
    return sum(kibibytes) * 1024 / MEGA


def largest_mb(root: int, port: int) -> float:
    """Private memory of the largest worker that reads a port."""
    return max(map(private_mb, listeners(root, port)), default=0.0)


def _sockets(port: int) -> Iterator[list[str]]:
    for table in ("udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port and int(fields[2].rpartition(":")[2], 16) == 0:
                yield fields


def _files(pid: int) -> set[str]:
    found = set()
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            found.add(os.readlink(entry.path))
    except OSError:  # ended, or closed one meanwhile
        pass
    return found
