"""What a speed test may do, and storing its result: the only writer of `SpeedTest`.

A test is a ticket, signed for one customer and good for some minutes: whoever holds it may ask for so many octets down
and up and no more, and it is stored once. Only so many run at the same time, so that they neither take the workers
from the pages nor measure one another.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address, ip_network
from uuid import UUID, uuid4

from django.core import signing
from django.core.cache import cache
from django.db import IntegrityError, transaction

from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.units import MB
from radius.accounts.models import DataAccount
from radius.speed.models import MOST_KBPS, MOST_LATENCY_MS, SpeedTest
from radius.usage.models import Session

#: Octets that one test may send in each direction, and that one request may.
MOST_DOWN, MOST_UP, MOST_AT_ONCE = 32 * MB, 12 * MB, 8 * MB
#: Tests of one customer within WINDOW seconds, and tests of all that run at once.
TESTS, WINDOW, AT_ONCE = 6, 3600, 3
#: How long a ticket is good for, and how long it keeps its place unless it is given back.
GOOD_FOR, PLACE = timedelta(minutes=3), 45
_SALT = "radius.speed"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A test that was begun."""

    token: UUID
    customer_id: int
    account_id: int | None

    def __str__(self) -> str:
        """As the browser carries it."""
        return signing.dumps([str(self.token), self.customer_id, self.account_id], salt=_SALT)


@dataclass(frozen=True, slots=True)
class Result:
    """What a browser measured: milliseconds there and back, octets and the milliseconds they took."""

    latency_ms: Decimal
    down_octets: int
    down_ms: int
    up_octets: int
    up_ms: int


def begin(customer: Customer, account: DataAccount | None) -> Ticket:
    """Begin a test. Raises DomainError when the customer had enough for now, or too many others are at it."""
    ticket = Ticket(uuid4(), customer.pk, account.pk if account else None)
    for place in range(AT_ONCE):
        if cache.add(_place(place), str(ticket.token), PLACE):
            break
    else:
        raise DomainError("Others are testing just now. Try again in a minute.")
    counter = f"speed-tests:{customer.pk}"
    cache.add(counter, 0, WINDOW)
    if cache.incr(counter) > TESTS:
        _give_back(ticket)
        raise DomainError(f"You ran {TESTS} tests within an hour. Try again later.")
    return ticket


def ticket(text: str, customer: Customer) -> Ticket:
    """The ticket a browser shows. Raises DomainError for one that is old, another's or none."""
    try:
        token, owner, account = signing.loads(text, salt=_SALT, max_age=GOOD_FOR)
    except signing.BadSignature as error:
        raise DomainError("This test is over; begin another one.") from error
    if owner != customer.pk:
        raise DomainError("This test is over; begin another one.")
    return Ticket(UUID(token), owner, account)


def spend(of: Ticket, direction: str, octets: int) -> None:
    """Count octets against what the ticket may send; direction is "down" or "up". Raises DomainError beyond it."""
    most = MOST_DOWN if direction == "down" else MOST_UP
    key = f"speed-octets:{of.token}:{direction}"
    cache.add(key, 0, int(GOOD_FOR.total_seconds()))
    if not 0 < octets <= MOST_AT_ONCE or cache.incr(key, octets) > most:
        raise DomainError("This test has sent as much as it may.")


def store(of: Ticket, result: Result, address: str, now: datetime, *, actor: User | None) -> SpeedTest:
    """Keep the result; the same ticket again gives what was kept. Raises DomainError for what cannot be."""
    kbps = {
        "down": _kbps(result.down_octets, result.down_ms, MOST_DOWN),
        "up": _kbps(result.up_octets, result.up_ms, MOST_UP),
    }
    if not 0 <= result.latency_ms <= MOST_LATENCY_MS:
        raise DomainError("That measurement cannot be right. Test again.")
    mine = DataAccount.objects.filter(customer=of.customer_id).select_related("package__service")
    account = mine.filter(pk=of.account_id).first() if of.account_id else None
    service = account.package.service if account else None
    made = SpeedTest(
        token=of.token,
        customer_id=of.customer_id,
        data_account=account,
        at=now,
        latency_ms=result.latency_ms.quantize(Decimal("0.1")),
        down_kbps=kbps["down"],
        up_kbps=kbps["up"],
        down_octets=result.down_octets,
        up_octets=result.up_octets,
        sold_down_kbps=service.down_kbps if service else None,
        sold_up_kbps=service.up_kbps if service else None,
        over_line=account is not None and line_at(of.customer_id, address) == account.pk,
    )
    _give_back(of)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            events.record("speed_test.added", made, actor=actor, about=made.customer, at=now)
    except IntegrityError:
        return SpeedTest.objects.get(token=of.token)
    return made


def line_at(customer_id: int, address: str) -> int | None:
    """The line of the customer that has this address now, its own or one of a prefix, by its open sessions."""
    try:
        there = ip_address(address)
    except ValueError:
        return None
    mine = DataAccount.objects.filter(customer=customer_id)
    online = Session.objects.open().filter(data_account__in=mine)
    for line, *given in online.values_list(
        "data_account", "framed_ip", "framed_ipv6_prefix", "delegated_ipv6_prefix"
    ):
        if any(one and there in ip_network(one, strict=False) for one in given):
            return line
    return None


def _kbps(octets: int, ms: int, most: int) -> int:
    """Whole kbit/s of octets within milliseconds; bits in a millisecond are just that."""
    if not (0 < octets <= most and 0 < ms <= GOOD_FOR.total_seconds() * 1000):
        raise DomainError("That measurement cannot be right. Test again.")
    return min(octets * 8 // ms, MOST_KBPS)


def _place(number: int) -> str:
    return f"speed-place:{number}"


def _give_back(of: Ticket) -> None:
    for place in range(AT_ONCE):
        if cache.get(_place(place)) == str(of.token):
            cache.delete(_place(place))
