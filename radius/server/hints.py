"""Which lines just used something: told by those who record accounting, heard by the drawer.

A pipe that never makes anybody wait: what does not fit is dropped, and the drawer finds it when it next compares usage
with draws. Made before the workers are forked; whoever writes and reads comes and goes.
"""

import fcntl
import os
from array import array
from collections.abc import Iterable
from contextlib import suppress

from radius.usage.reports import Record, Report

#: A line, but nobody says which.
SOMEBODY = 0
# What is written at once is one piece in the pipe (PIPE_BUF), and never mixed with what another process writes.
_AT_ONCE = 4096 // 8
_ROOM = 1 << 20


class Hints:
    """One end for all; `tell` and `hear` are for different processes."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        for fd in (self._reader, self._writer):
            os.set_blocking(fd, False)
        with suppress(OSError):  # more than an unprivileged user may have
            fcntl.fcntl(self._writer, fcntl.F_SETPIPE_SZ, _ROOM)

    def tell(self, records: Iterable[Record]) -> None:
        """These reports are recorded. Costs some microseconds, and never fails. Whose line the teller did not know
        yet is told as SOMEBODY.
        """
        ids = array("q", [one.account_id or SOMEBODY for one in records if type(one) is Report])
        with suppress(OSError):
            for start in range(0, len(ids), _AT_ONCE):
                os.write(self._writer, ids[start : start + _AT_ONCE].tobytes())

    def hear(self) -> set[int]:
        """The lines that were told of since the last time."""
        heard = bytearray()
        with suppress(BlockingIOError):
            while part := os.read(self._reader, _ROOM):
                heard += part
        return set(array("q", bytes(heard)))
