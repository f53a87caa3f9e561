"""Slow down or fence in instead of cutting off (W-16): what is done about a closed gate, code by code. Pure.

Never about a login that may be somebody else's: an unknown user, a wrong password, a lock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: The codes a provider may choose for, in the order of the gates.
DEGRADABLE = (
    "CUSTOMER_DISABLED",
    "CUSTOMER_CANCELLED",
    "ACCOUNT_CANCELLED",
    "SUSPENDED",
    "PACKAGE_BLOCKED",
    "SERVICE_EXPIRED",
    "TIME_BAND",
    "TIME_LIMIT",
    "PREPAID_EMPTY",
    "CAPPED",
)
GARDEN, THROTTLE = "garden", "throttle"


@dataclass(frozen=True, slots=True)
class Action:
    """What lines get whose first closed gate has this code; `kind` is `garden` or `throttle`.

    A garden is a name the NAS knows: an address list or filter, a pool, or both. Speeds are kbit/s; None
    leaves the line its own.
    """

    code: str
    kind: str
    address_list: str = ""
    pool: str = ""
    redirect_url: str = ""
    down_kbps: int | None = None
    up_kbps: int | None = None


def verdict(codes: Sequence[str], actions: Iterable[Action]) -> tuple[str, Action | None]:
    """The code that names the outcome of these closed gates, in their order, and what is done instead of a
    reject.

    One closed gate without an action rejects, and gives its code. A garden comes before a throttle.
    """
    known = {action.code: action for action in actions}
    hard = next((code for code in codes if code not in known), None)
    if hard is not None or not codes:
        return hard or "", None
    chosen = min((known[code] for code in codes), key=lambda action: action.kind != GARDEN)
    return chosen.code, chosen
