"""What becomes of a line that has no data left, and until when, in words for its owner."""

from ispbilling.core.units import format_kbps
from radius.accounts.models import DataAccount
from radius.bundles.remaining import Remaining
from radius.catalogue.models import CapKind
from radius.rolling.expiring import until


def words(account: DataAccount, rest: Remaining) -> str:
    """`No data is left until 2026-11-30, or until you top up.`; empty while something is left.

    Needs the package with its service once capped fetched.
    """
    if not rest.exhausted:
        return ""
    package = account.package
    if package.cap_kind == CapKind.SOFT and package.service_once_capped and not account.prepaid:
        what = f"The line is slow now ({format_kbps(package.service_once_capped.down_kbps)})"
    else:
        what = "No data is left"
    ends = [until(rest.exhausted_until)] if rest.exhausted_until else []
    if package.topup_group_id is not None:
        ends.append("until you top up")
    return f"{what}{' ' if ends else ''}{', or '.join(ends)}."
