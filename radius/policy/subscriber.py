"""The facts of one line, as a value that every decision about it is made from."""

from dataclasses import dataclass, replace
from datetime import datetime

from radius.policy.bands import Band
from radius.policy.degrading import Action


@dataclass(frozen=True, slots=True)
class Closure:
    """A closed gate of the customer: kind `disabled`, `deleted`, `suspended` or `cancelled`, in [since,
    until).
    """

    kind: str
    since: datetime
    until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OnceCapped:
    """The service of a soft-capped line after its cap, as far as it takes the place of the package's own."""

    title: str
    accepts: bool
    service_ends: datetime | None
    down_kbps: int
    up_kbps: int
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """A package and its service as the network sees them; one value shared by all lines that have it.

    Speeds in kbit/s. `bands` are in `zone`. `time_limit` is seconds online, 0 for none, and `limit_type` the
    time they are for: `once`, `daily` or `monthly`. `simultaneous_use`: sessions at once, 0 for any number.
    `service_ends` is the instant after the service's last day; None: never. `cap` is `hard`, `soft`, or empty for
    uncapped; `once_capped` belongs to a soft one.
    """

    package_id: int
    title: str
    accepts: bool
    service_ends: datetime | None
    down_kbps: int
    up_kbps: int
    session_timeout: int
    interim_interval: int
    framed_pool: str
    simultaneous_use: int = 0
    framed_ipv6_pool: str = ""
    delegated_ipv6_pool: str = ""
    bands: tuple[Band, ...] = ()
    zone: str = ""
    time_limit: int = 0
    limit_type: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    actions: tuple[Action, ...] = ()
    cap: str = ""
    once_capped: OnceCapped | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One data account with everything that decides about it; never its password.

    `starts` is the first instant of its first day, `ends` the one after its last day of service (D-10), None
    when open. `nas_lock` is a NAS's id. `mac_authentication`: its device's address is enough to log in.
    `used_seconds` were online before `used_until`, when the count starts again (None: never); both are kept for
    lines with a time limit alone. A `prepaid` line, or one with a cap, has no data while it is `exhausted` or from
    `covered_until` on, but for all that from `exhausted_until` on. `following` are the packages it is to have, and
    from when on. `unreadable` names what of it is stored and cannot be read: `secret` (the key ring lacks its key, or
    it is damaged) or `facts`.
    """

    account_id: int
    username: str
    customer_id: int
    customer_code: str
    group_id: int
    group_title: str
    group_enabled: bool
    closures: tuple[Closure, ...]
    blocked: bool
    blocked_reason: str
    starts: datetime
    ends: datetime | None
    terms: Terms
    framed_ip: str | None
    framed_ipv6_prefix: str
    mac_lock: str
    nas_lock: int | None
    unreadable: str = ""
    delegated_ipv6_prefix: str = ""
    port_lock: str = ""
    mac_authentication: bool = False
    used_seconds: int = 0
    used_until: datetime | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    prepaid: bool = False
    exhausted: bool = False
    covered_until: datetime | None = None
    exhausted_until: datetime | None = None
    following: tuple[tuple[datetime, Terms], ...] = ()

    def at(self, now: datetime) -> "Subscriber":
        """With the package that it has at that instant, whether or not a sweep has written it down. Its data is then
        counted anew, and until that is done it has some."""
        due = [terms for instant, terms in self.following if instant <= now]
        if not due or self.prepaid:
            return self
        return replace(
            self,
            terms=due[-1],
            following=self.following[len(due) :],
            exhausted=False,
            covered_until=None,
            exhausted_until=None,
        )


@dataclass(frozen=True, slots=True)
class Login:
    """What one Access-Request adds to the facts: whether its password was right, where it came from, and how many
    sessions of the line are proven to be live elsewhere (`elsewhere` says where).

    `method` names how the password was proved, for people. `unchecked` is the code of a login whose password was
    not looked at, and so was not right.
    """

    password_right: bool
    calling_station: str
    nas_id: int
    nas_name: str
    nas_port: str = ""
    live: int = 0
    elsewhere: str = ""
    method: str = ""
    unchecked: str = ""
