"""Regulation 8A of South Africa's End-user and Subscriber Service Charter, as a policy that can be tested. Pure.

The text: regulation 8A ("Voice, SMS and Data services") as substituted by regulation 4 of the End-User and Subscriber
Service Charter Sixth Amendment Regulations, 2025, Notice No. 7027, Government Gazette 53991 of 23 January 2026,
effective 23 January 2027. https://dev.acts.co.za/electronic-communications-act-2005/n189_8a__voice__sms_data.php

What could be read: sub-regulations (1) to (6) whole, (7) up to "such transfer must be subject to the same terms and
condi...". What comes after that could not be read in the source. Two things the press says of it are not cited here
as law: that transfers are not limited in number or size (nor do we limit them), and that the validity of a bundle
must be extended where a fault of the licensee kept the end-user from using it (The Citizen, January 2026); staff
extend a bundle by giving another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

#: Percent of a bundle at which its end-user is told: 8A(1).
LEVELS = (50, 80, 100)
#: A bundle valid for no longer than this need not roll over: 8A(5).
SHORT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Rule:
    """One sub-regulation: where it stands, what it asks for in our words, and how the system answers."""

    cite: str
    asks: str
    answer: str


RULES = {
    rule.cite: rule
    for rule in (
        Rule(
            "8A(1)",
            "Tell the end-user when usage reaches 50 %, 80 % and 100 % of each bundle.",
            "Every bundle that reaches a level is noted once, and its customer told by mail or SMS.",
        ),
        Rule(
            "8A(2)(a)",
            "End-users may opt out of these notices, and in again.",
            "By the customer in the portal, or by staff on the profile; each change is an event.",
        ),
        Rule(
            "8A(2)(b)",
            "End-users may buy further bundles.",
            "Top-ups are sold in the portal on every package that has a top-up group.",
        ),
        Rule(
            "8A(2)(c)",
            "End-users may opt in to and out of charges out of bundle.",
            "Each consent and withdrawal is a row of the consent log that nobody can change.",
        ),
        Rule(
            "8A(3)",
            "Without that consent no use and no charge out of bundle.",
            "A hard cap or an empty prepaid line is refused until there is a bundle, a soft cap goes on slower at no"
            " charge; top-ups that buy themselves need the consent.",
        ),
        Rule(
            "8A(4)",
            "Usage is taken from the bundle that expires first, then from the next.",
            "Bundles are drawn in this order; a line counted again is drawn the same.",
        ),
        Rule(
            "8A(5)",
            "What is left of a bundle rolls over at least once on the same terms, except bundles of 7 days or less, "
            "uncapped, free and promotional ones.",
            "Rolled over when it expires, for at least as long as it was valid; whatever is chosen elsewhere.",
        ),
        Rule(
            "8A(6)",
            "It rolls over without any act of the end-user and without cost, while the number is active.",
            "The sweep does it; the rolled over bundle has the price 0; ended lines are left out.",
        ),
        Rule(
            "8A(7)",
            "End-users may transfer bundles, or parts, to any end-user of the same licensee, on the same terms.",
            "In the portal or by staff, to any line; the expiry date and what rolls over go with the data.",
        ),
    )
}


def reached(octets: int, used: int) -> tuple[int, ...]:
    """The levels at which a bundle stands: 8A(1)."""
    return tuple(level for level in LEVELS if used * 100 >= level * octets)


def to_tell(noted: Iterable[int], octets: int, used: int, wanted: Iterable[int]) -> int | None:
    """The level the end-user is to be told of now, the highest alone, if it is wanted: 8A(1), 8A(2)(a)."""
    new = set(reached(octets, used)) - set(noted)
    return max(new) if new and max(new) in set(wanted) else None


def may_use(remaining: int, *, consented: bool) -> bool:
    """Whether a line may go on: while a bundle has something left, or out of bundle with consent: 8A(3)."""
    return remaining > 0 or consented


@dataclass(frozen=True, slots=True)
class Terms:
    """What 8A asks about a bundle. `valid` is how long the one that was given first was valid, None for ever."""

    valid: timedelta | None
    uncapped: bool = False
    free: bool = False
    promotional: bool = False
    rolled_count: int = 0


def must_roll(terms: Terms, *, active: bool) -> bool:
    """Whether what is left of it has to roll over when it expires: 8A(5), 8A(6)."""
    if terms.valid is None or terms.uncapped or terms.free or terms.promotional:
        return False
    return active and terms.rolled_count == 0 and terms.valid > SHORT


def in_order(expiries: Sequence[datetime | None]) -> bool:
    """Whether bundles used up one after the other, which expire then (None: never), keep the law: 8A(4)."""
    return all(
        later is None or (earlier is not None and earlier <= later) for earlier, later in pairwise(expiries)
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """The terms of a transferred bundle: 8A(7), "subject to the same terms"."""

    expires_at: datetime | None
    promotional: bool
    rolled_count: int


def same_terms(original: Moved, transferred: Moved) -> bool:
    """Whether what was transferred is worth to its receiver what it was to the giver: 8A(7)."""
    return original == transferred
