"""What a payment gateway is to the rest of the system.

It takes a customer away to pay (`begin`), and afterwards tells what happened by a request of its own, which anybody
could have sent: `read` says what it says, `check` whether it may be true, and `confirm` asks the gateway.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from django.db import models


class Kind(models.TextChoices):
    """What a gateway can tell of a payment, in our words."""

    PAID = "paid", "Paid"
    PENDING = "pending", "Pending"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"
    RETURNED = "returned", "Returned"
    OTHER = "other", "Other"


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be paid: `item` is read by the payer, `token` comes back with every event."""

    token: UUID
    amount: Decimal
    item: str
    name: str
    email: str
    return_url: str
    cancel_url: str
    notify_url: str


@dataclass(frozen=True, slots=True)
class Form:
    """The form that takes the payer to the gateway: its address, and hidden fields in order."""

    url: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Post:
    """A request that says to come from the gateway: its body as it was sent, and the address it came from."""

    body: bytes
    source: str


@dataclass(frozen=True, slots=True)
class Told:
    """What such a request says. `external_id` is the gateway's number of the payment, `status` its own word.

    `fields` may be stored: no signature, no secret, nothing personal.
    """

    kind: Kind
    external_id: str
    status: str
    token: UUID | None
    amount: Decimal | None
    fee: Decimal | None
    item: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


class Unreadable(Exception):
    """The request is none of this gateway's; the text says why."""


class Unavailable(Exception):
    """The gateway could not be asked now; it delivers again later."""


class Gateway(Protocol):
    """One provider with the provider's account there."""

    @property
    def name(self) -> str:
        """The word in keys and addresses."""

    @property
    def label(self) -> str:
        """What people call it."""

    @property
    def least(self) -> Decimal:
        """The smallest amount it takes."""

    @property
    def origin(self) -> str:
        """Scheme and host of its pages, which a form of ours may be sent to."""

    @property
    def sandbox(self) -> bool:
        """Whether no real money moves."""

    def begin(self, ask: Ask) -> Form:
        """The form that takes the payer there."""

    def read(self, post: Post) -> Told:
        """What the request says. Raises Unreadable."""

    def check(self, post: Post, told: Told) -> dict[str, bool]:
        """What can be verified without asking anybody: word -> whether it holds."""

    def confirm(self, post: Post) -> bool:
        """Whether the gateway says that it sent this. Raises Unavailable."""
