"""Junk from strangers, dropped by the kernel while it is a flood.

Who is not in the NAS list is dropped before a byte is decoded, but even that costs a turn each, and a full
receive queue drops real clients as readily as junk. So when strangers send more than FLOOD a second, a socket
filter (classic BPF, needs no privilege) lets only the known addresses into the queue, and one stranger in
SAMPLE, so that they can still be counted and named. When the flood is over the filter goes.
"""

import ctypes
import socket
import struct
from collections.abc import Callable, Iterable

import structlog

log = structlog.get_logger(__name__)

FLOOD, CALM = 2_000, 500
SAMPLE = 256
# The kernel's limits on a program (4096) and on a socket's memory for it (net.core.optmem_max, 20 kB).
_LONGEST = 2_400
_CALM_SECONDS = 10

# linux/socket.h, linux/filter.h
_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27
_NETWORK, _RANDOM = 0xFFF00000, 0xFFFFF000 + 56
_LOAD_WORD, _LOAD_OCTET, _SHIFT, _AND, _EQUAL, _RETURN = 0x20, 0x30, 0x74, 0x54, 0x15, 0x06
_WHOLE = 0xFFFFFFFF

Instruction = tuple[int, int, int, int]


def program(hosts: Iterable[bytes]) -> list[Instruction]:
    """The filter as (code, jump if true, jump if false, operand): whole packets of these addresses pass, and one
    in SAMPLE of the others. Addresses are 4 or 16 octets; it sees IP version 4 and 6 on one socket.
    """
    four = sorted({int.from_bytes(host, "big") for host in hosts if len(host) == 4})
    six = sorted({host for host in hosts if len(host) == 16})
    passing: Instruction = (_RETURN, 0, 0, _WHOLE)
    others: list[Instruction] = [
        (_LOAD_WORD, 0, 0, _RANDOM),
        (_AND, 0, 0, SAMPLE - 1),
        (_EQUAL, 0, 1, 0),
        passing,
        (_RETURN, 0, 0, 0),
    ]
    of_four: list[Instruction] = [(_LOAD_WORD, 0, 0, _NETWORK + 12)]
    for address in four:
        of_four += [(_EQUAL, 0, 1, address), passing]
    of_six: list[Instruction] = []
    for host in six:
        for n, (word,) in enumerate(struct.iter_unpack("!I", host)):
            # A word that differs leaves this address: over its remaining words and the return.
            of_six += [(_LOAD_WORD, 0, 0, _NETWORK + 8 + 4 * n), (_EQUAL, 0, 2 * (3 - n) + 1, word)]
        of_six.append(passing)
    version: list[Instruction] = [
        (_LOAD_OCTET, 0, 0, _NETWORK),
        (_SHIFT, 0, 0, 4),
        # Conditional jumps reach 255 instructions, the unconditional one anywhere.
        (_EQUAL, 1, 0, 6),
        (0x05, 0, 0, len(of_six) + len(others)),
    ]
    return [*version, *of_six, *others, *of_four, *others]


class Shield:
    """Watches how many strangers reach one socket. `known()` gives the packed addresses that may always pass."""

    def __init__(self, bound: socket.socket, known: Callable[[], Iterable[bytes]]) -> None:
        self._socket, self._known = bound, known
        self._let_in: frozenset[bytes] = frozenset()
        self._look_at = 0.0
        self._counted = 0
        self._calm = 0
        self.up = False

    def look(self, steady: float, strangers: int) -> None:
        """Once a second of any steady clock: raise, renew or lower. `strangers` is how many were ever seen."""
        if steady < self._look_at:
            return
        rate = (strangers - self._counted) * (SAMPLE if self.up else 1)
        self._look_at, self._counted = steady + 1.0, strangers
        if self.up:
            self._calm = self._calm + 1 if rate < CALM else 0
            if self._calm >= _CALM_SECONDS:
                self._lower()
            elif self._let_in != frozenset(self._known()):
                self._raise()
        elif rate > FLOOD:
            self._raise()
            if self.up:
                log.warning("strangers_flood", packets_per_second=rate, meaning="The kernel drops them now.")

    def _raise(self) -> None:
        self._let_in = frozenset(self._known())
        made = program(self._let_in)
        if len(made) > _LONGEST:
            self._lower()
            return
        code = b"".join(struct.pack("HBBI", *one) for one in made)
        memory = ctypes.create_string_buffer(code, len(code))
        try:
            self._socket.setsockopt(
                socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(made), ctypes.addressof(memory))
            )
        except OSError as error:  # no such filter on this system: what arrives is dropped here, as before
            log.warning("strangers_not_filtered", error=str(error))
            self._lower()
        else:
            self.up, self._calm = True, 0

    def _lower(self) -> None:
        if self.up:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
            log.info("strangers_flood_over")
        self.up, self._calm = False, 0
