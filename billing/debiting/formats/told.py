"""What a provider's file of results says, before anybody looked up whom it is about."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from billing.debiting.models import Outcome


@dataclass(frozen=True, slots=True)
class Line:
    """One result: `text` holds the references by which its row is found."""

    number: int
    told_on: date
    outcome: Outcome
    amount: Decimal
    text: str
    code: str = ""
    reason: str = ""


@dataclass(slots=True)
class Told:
    """What a file holds. `others` counts lines about something else, `problems` say what could not be read."""

    lines: list[Line] = field(default_factory=list)
    others: int = 0
    problems: list[str] = field(default_factory=list)
