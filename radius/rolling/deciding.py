"""For how many months unused data lasts, and who said so; what rolls over; how far it is corrected. Pure.

`sweeping` decides the same for a whole month in SQL; a test holds both against each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """What each has to say about one kind of unused data, in months; 0: it expires. None: nothing.

    `group` is the months of a group with Auto Data Rollover, None for the others. `soft` is a soft cap while those
    do not roll over. `lawful` is whether regulation 8A demands that it rolls over now.
    """

    customer: int | None = None
    package: int | None = None
    categories: tuple[int | None, ...] = ()
    group: int | None = None
    system: int = 0
    soft: bool = False
    lawful: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Months, and whose word it is."""

    months: int
    origin: str

    @property
    def words(self) -> str:
        """`rollover for 2 months (package)`, `no rollover (settings)`."""
        if not self.months:
            return f"no rollover ({self.origin})"
        return f"rollover for {self.months} month{'' if self.months == 1 else 's'} ({self.origin})"


def choose(said: Said) -> Choice:
    """Customer, package, category, group, settings: the first that says something; the law is the least.

    Of several categories the most generous counts. A soft cap silences all but the customer's own.
    """
    choice = _first(said)
    if said.lawful and choice.months < 1:
        return Choice(1, "regulation 8A")
    return choice


def _first(said: Said) -> Choice:
    if said.customer is not None:
        return Choice(said.customer, "customer")
    if said.soft:
        return Choice(0, "soft cap")
    if said.package is not None:
        return Choice(said.package, "package")
    spoken = [months for months in said.categories if months is not None]
    if spoken:
        return Choice(max(spoken), "category")
    if said.group is not None:
        return Choice(said.group, "group")
    return Choice(said.system, "settings")


def of_package(rolls: bool | None, months: int | None) -> int | None:
    """What a package says, in months: nothing, no, or for one month unless it names more."""
    if rolls is None:
        return None
    return (months or 1) if rolls else 0


def rolls(choice: Choice, rolled_count: int) -> bool:
    """Whether what has rolled over so often may once more: each time it lasts a month."""
    return rolled_count < choice.months


def shares(unused: Iterable[int], most: int | None, held: int = 0) -> list[int]:
    """What rolls of each of a line's bundles, in their order, where it may hold no more than `most` in all."""
    left = None if most is None else max(0, most - held)
    found = []
    for octets in unused:
        part = octets if left is None else min(octets, left)
        left = None if left is None else left - part
        found.append(part)
    return found


def corrected(*, unused: int, rolled: int, gone: int, may_grow: bool) -> int:
    """What a rolled over bundle should hold in all after its parent was counted again.

    `gone` is what was drawn from it or given away, below which it never falls; `unused` what its parent leaves now.
    """
    if unused >= rolled and not may_grow:
        return rolled
    return max(unused, gone)
