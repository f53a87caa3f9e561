"""Every reason to refuse a log-in: the code that is stored, what it means, and what the router is told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """`sentence` is for the helpdesk; `message` goes out as Reply-Message and reveals nothing private."""

    sentence: str
    message: str


_LOGIN = "Log-in failed: username or password is wrong."
_CLOSED = "This service is not active. Please contact us."

REASONS = {
    "UNKNOWN_USER": Reason("No data account has this username.", _LOGIN),
    "SECRET_UNREADABLE": Reason(
        "The stored RADIUS password cannot be decrypted: the key ring lacks its key, or it is damaged.",
        "Log-in failed because of a fault of ours. Please contact us.",
    ),
    "FACTS_UNREADABLE": Reason(
        "A stored fact of the data account cannot be read; the log of the RADIUS service names it.",
        "Log-in failed because of a fault of ours. Please contact us.",
    ),
    "BAD_PASSWORD": Reason("The password does not match the data account's RADIUS password.", _LOGIN),
    "RATE_LIMITED": Reason(
        "Too many wrong passwords came from there within a minute; this one was not looked at.",
        _LOGIN,  # whoever guesses must not learn that the username exists
    ),
    "EAP_UNSUPPORTED": Reason(
        "The NAS speaks EAP (802.1X), which is not answered here: let FreeRADIUS end it and ask this server.",
        _LOGIN,
    ),
    "CUSTOMER_DELETED": Reason("The customer has been deleted.", _CLOSED),
    "GROUP_DISABLED": Reason("The customer's group is disabled, and with it all its members.", _CLOSED),
    "CUSTOMER_DISABLED": Reason("The customer has been disabled.", _CLOSED),
    "CUSTOMER_CANCELLED": Reason("The customer's last day of service has passed.", _CLOSED),
    "ACCOUNT_CANCELLED": Reason("The data account's last day of service has passed.", _CLOSED),
    "ACCOUNT_NOT_STARTED": Reason("The data account's first day of service has not come.", _CLOSED),
    "SUSPENDED": Reason("The customer is suspended.", "This account is suspended. Please contact us."),
    "PACKAGE_BLOCKED": Reason("The data account is blocked.", _CLOSED),
    "SERVICE_REJECT": Reason("The RADIUS service of the package is set to Reject.", _CLOSED),
    "SERVICE_EXPIRED": Reason("The RADIUS service of the package is past its expiry date.", _CLOSED),
    "TIME_BAND": Reason(
        "The RADIUS service of the package is closed at this time of day.",
        "This service is closed at this hour.",
    ),
    "TIME_LIMIT": Reason(
        "The time online that the RADIUS service of the package allows is used up.",
        "The time of this service is used up.",
    ),
    "PREPAID_EMPTY": Reason(
        "The line is prepaid, and has no data left that is still valid.", "The data of this line is used up."
    ),
    "CAPPED": Reason(
        "The monthly cap, a hard one, and all top-ups are used up.", "The data of this month is used up."
    ),
    "MAC_MISMATCH": Reason(
        "The log-in came from another device than the data account's MAC lock allows.",
        "This log-in belongs to another device. Please contact us.",
    ),
    "NAS_MISMATCH": Reason(
        "The log-in came through another NAS than the data account's NAS lock allows.",
        "This log-in belongs to another access point. Please contact us.",
    ),
    "PORT_MISMATCH": Reason(
        "The log-in came through another port than the data account's port lock allows.",
        "This log-in belongs to another connection. Please contact us.",
    ),
    "TOO_MANY_SESSIONS": Reason(
        "As many sessions as the package allows are open elsewhere, and their NAS still reports them.",
        "This log-in is in use elsewhere.",
    ),
}


def sentence(code: str) -> str:
    """What a reject code means, for people; the code itself when it is not one of ours."""
    reason = REASONS.get(code)
    return code if reason is None else reason.sentence


def message(code: str) -> str:
    """The Reply-Message of a reject. Raises KeyError for a code that is not ours."""
    return REASONS[code].message
