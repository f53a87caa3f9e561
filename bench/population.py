"""The subscribers of the bench, the same for us and the peer: made from a seed, never read from anywhere."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = 20
STATIC = 0.2  # share of lines with an address of their own
SESSION_TIMEOUT, INTERIM_INTERVAL = 86_400, 300
_LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that logs in; `package` counts from 0."""

    number: int
    username: str
    password: str
    package: int
    framed_ip: str | None


def lines(count: int, seed: int = 1) -> Iterator[Line]:
    """`count` lines; the same for the same seed."""
    rnd = random.Random(seed)
    for n in range(count):
        password = "".join(rnd.choices(_LETTERS, k=rnd.randint(8, 16)))
        package = rnd.randrange(PACKAGES)
        address = f"10.{64 + (n >> 16)}.{n >> 8 & 255}.{n & 255}" if rnd.random() < STATIC else None
        yield Line(n, f"sub{n:07}@isp.test", password, package, address)


def up_mbps(package: int) -> int:
    """Upload speed of a package; download is five times that."""
    return package + 1


def pool(package: int) -> str:
    """Its address pool."""
    return f"pool-plan{package:02}"


def write_users(people: list[Line], file: Path) -> None:
    """What the load generator reads."""
    file.write_text("".join(f"{one.username},{one.password}\n" for one in people))
