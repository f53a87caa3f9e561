"""Plain values for tests of the policy: a line on which every gate is open."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from radius.policy.subscriber import Login, Subscriber, Terms
from radius.server.lines import Compiled
from radius.subscribers import Facts

NOW = datetime(2026, 5, 15, 10, tzinfo=UTC)
TERMS = Terms(
    package_id=1,
    title="Home 20",
    accepts=True,
    service_ends=None,
    down_kbps=20_000,
    up_kbps=10_000,
    session_timeout=86_400,
    interim_interval=300,
    framed_pool="pool-a",
)
ALICE = Subscriber(
    account_id=7,
    username="alice@isp.test",
    customer_id=3,
    customer_code="ALI001",
    group_id=2,
    group_title="Residential",
    group_enabled=True,
    closures=(),
    blocked=False,
    blocked_reason="",
    starts=datetime(2025, 1, 1, tzinfo=UTC),
    ends=None,
    terms=TERMS,
    framed_ip=None,
    framed_ipv6_prefix="",
    mac_lock="",
    nas_lock=None,
)
LOGIN = Login(password_right=True, calling_station="02:00:00:00:00:01", nas_id=1, nas_name="Tower 1")


def subscriber(**changes: Any) -> Subscriber:
    """Alice with changes; those of a package's fields go to her terms."""
    terms = {name: changes.pop(name) for name in list(changes) if name in Terms.__slots__}
    return replace(ALICE, terms=replace(TERMS, **terms), **changes)


def compiled(of: Subscriber, now: datetime = NOW) -> Compiled:
    """What the server makes of a line's facts."""
    made = Compiled(Facts(**{name: getattr(of, name) for name in Facts._fields}))
    made.compile(now.timestamp())
    return made
