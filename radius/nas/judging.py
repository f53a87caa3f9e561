"""What the counters of a NAS mean, as traffic lights, each with a sentence what to do. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from radius.nas.models import MessageAuthenticator
from radius.nas.strength import Strength

#: The days the lights look back on.
DAYS = 7
SILENT = timedelta(days=1)
SKEW_ATTENTION, SKEW_STOPPED = 30, 300  # seconds
LATE_SHARE = ECHO_SHARE_MISSING = REPEAT_SHARE = 0.1
FEW = 20
_SIGNING, _SECRET = "message_authenticator_missing", ("message_authenticator", "authenticator")
_NAMED = 6


@dataclass(frozen=True, slots=True)
class Facts:
    """One NAS as of the last days; `late` of its `open_sessions` missed two Interim-Updates, in `anew` of them its
    counters fell. `protected` is one that comes by TLS alone: its secret is the word "radsec".
    """

    setting: str
    signed_since: datetime | None
    enabled: bool
    strength: Strength
    access: int = 0
    accounting: int = 0
    unsigned: int = 0
    duplicates: int = 0
    repeated: int = 0
    drops: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    skew: int | None = None
    worst_skew: int | None = None
    class_asked: int = 0
    class_echoed: int = 0
    access_at: datetime | None = None
    accounting_at: datetime | None = None
    open_sessions: int = 0
    late: int = 0
    anew: int = 0
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One light: what about, its word and colour (core.tables.MEANINGS), and what to do if anything."""

    aspect: str
    word: str
    meaning: str
    advice: str = ""

    @property
    def title(self) -> str:
        """The aspect as a heading."""
        return TITLES[self.aspect]


#: The aspects in the words of staff, in the order in which they are shown.
TITLES = {
    "Heard": "Heard From",
    "Signing": "Signed Requests",
    "Secret": "Shared Secret",
    "Dropped": "Dropped Packets",
    "Repeats": "Sent Again",
    "Clock": "Clock",
    "Counters": "Counters reset",
    "Interims": "Session Updates",
    "Class": "Settings Echoed",
    "Attributes": "Unknown Attributes",
}


_ORDER = {"stopped": 0, "attention": 1, "info": 2, "off": 3, "working": 4}


def judge(facts: Facts, now: datetime) -> list[Finding]:
    """All lights of a NAS, in the order in which they are shown."""
    return [
        _heard(facts, now), _signing(facts), _secret(facts), _drops(facts), _repeats(facts), _clock(facts),
        _interims(facts), _counters(facts), _echo(facts), _attributes(facts),
    ]  # fmt: skip


def worst(findings: Sequence[Finding]) -> list[Finding]:
    """Those that ask for something, the most urgent first."""
    return sorted((one for one in findings if one.advice), key=lambda one: _ORDER[one.meaning])


def _heard(facts: Facts, now: datetime) -> Finding:
    times = [at for at in (facts.access_at, facts.accounting_at) if at]
    if not facts.enabled:
        return Finding("Heard", "Disabled", "off")
    if not times:
        return Finding(
            "Heard", "Never", "attention",
            "Nothing was heard of it in a week. Check its address here, and that UDP to this server is let through.",
        )  # fmt: skip
    if now - max(times) > SILENT:
        return Finding("Heard", "Silent", "attention", "It has been silent for more than a day: is it on?")
    if facts.access and not facts.accounting:
        return Finding(
            "Heard", "No accounting", "stopped",
            "It asks for log-ins but reports no session: turn accounting on, or nobody's usage is counted.",
        )  # fmt: skip
    return Finding("Heard", "Lately", "working")


def _signing(facts: Facts) -> Finding:
    refused = facts.drops[_SIGNING]
    if facts.protected:
        return Finding("Signing", "TLS", "working")
    if facts.setting == MessageAuthenticator.OFF:
        return Finding(
            "Signing", "Off", "stopped",
            "Message-Authenticator is not looked at: somebody between it and us can forge an answer "
            "(CVE-2024-3596). Edit the NAS and choose “Require once it has sent it”.",
        )  # fmt: skip
    if refused:
        return Finding(
            "Signing", f"{refused:,} refused", "stopped",
            f"{refused:,} requests without Message-Authenticator were refused. If the router was exchanged or set "
            "back, update it; until then “Forget That It Signed” or “Observe” lets it in.",
        )  # fmt: skip
    if facts.setting == MessageAuthenticator.REQUIRE or facts.signed_since:
        return Finding("Signing", "Required", "working")
    if facts.unsigned:
        return Finding(
            "Signing", "Unsigned", "attention",
            "It does not sign its requests (CVE-2024-3596). Update its software; makers have mended this since "
            "July 2024.",
        )  # fmt: skip
    if facts.setting == MessageAuthenticator.OBSERVE and facts.access:
        return Finding(
            "Signing", "Observed", "attention",
            "It signs all its requests, and need not: edit the NAS and choose “Require once it has sent it”.",
        )  # fmt: skip
    return Finding("Signing", "Waiting", "off")


def _secret(facts: Facts) -> Finding:
    if facts.protected:
        return Finding("Secret", "Certificate", "working")
    return Finding("Secret", facts.strength.word, facts.strength.meaning, facts.strength.advice)


def _drops(facts: Facts) -> Finding:
    drops = Counter({kind: n for kind, n in facts.drops.items() if kind != _SIGNING})
    wrong = sum(drops[kind] for kind in _SECRET)
    if wrong:
        return Finding(
            "Dropped", f"{drops.total():,}", "stopped",
            f"{wrong:,} packets fail their signature: the secret here and on the router differ, or somebody forges.",
        )  # fmt: skip
    if drops:
        kinds = ", ".join(f"{kind.replace('_', ' ')} {n:,}" for kind, n in drops.most_common(3))
        return Finding("Dropped", f"{drops.total():,}", "attention", f"Packets had to be dropped: {kinds}.")
    return Finding("Dropped", "None", "working" if facts.access or facts.accounting else "off")


def _repeats(facts: Facts) -> Finding:
    asked, again = facts.access + facts.accounting, facts.duplicates + facts.repeated
    if again > FEW and again > asked * REPEAT_SHARE:
        return Finding(
            "Repeats", f"{again / (asked + facts.duplicates):.0%}", "attention",
            f"{again:,} packets were sent again: our answers come late or get lost. Give the router a timeout of "
            "3 s and look at the line between.",
        )  # fmt: skip
    return Finding("Repeats", "Few" if asked else "None", "working" if asked else "off")


def _clock(facts: Facts) -> Finding:
    if facts.skew is None:
        return Finding("Clock", "Unknown", "off")
    off, way = abs(facts.skew), "ahead" if facts.skew > 0 else "behind"
    word = _seconds(off)
    if off <= SKEW_ATTENTION:
        return Finding("Clock", word, "working")
    return Finding(
        "Clock", f"{word} {way}", "stopped" if off > SKEW_STOPPED else "attention",
        f"Its clock is {word} {way}: set up NTP on it, or its sessions end and begin at the wrong time.",
    )  # fmt: skip


def _seconds(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _interims(facts: Facts) -> Finding:
    if not facts.open_sessions:
        return Finding("Interims", "No session", "off")
    if not facts.late:
        return Finding("Interims", "On time", "working")
    share = facts.late / facts.open_sessions
    return Finding(
        "Interims", f"{share:.0%} late", "stopped" if share > LATE_SHARE and facts.late > 2 else "attention",
        f"{facts.late:,} of {facts.open_sessions:,} open sessions missed two Interim-Updates: check the interval on "
        "the router, and whether its packets are lost on the way.",
    )  # fmt: skip


def _counters(facts: Facts) -> Finding:
    if not facts.anew:
        return Finding("Counters", "Growing" if facts.open_sessions else "No session",
                       "working" if facts.open_sessions else "off")  # fmt: skip
    return Finding(
        "Counters", f"{facts.anew:,} reset", "attention",
        f"In {facts.anew:,} of {facts.open_sessions:,} open sessions its octets fell while the session went on: it "
        "began to count anew, or sends no Acct-Input- and Acct-Output-Gigawords (RFC 2869) beyond 4 GiB. What was "
        "counted before is kept; what it forgot since its last update is not. Update its software.",
    )  # fmt: skip


def _echo(facts: Facts) -> Finding:
    if not facts.class_asked:
        return Finding("Class", "Unknown", "off")
    if facts.class_echoed > facts.class_asked * (1 - ECHO_SHARE_MISSING):
        return Finding("Class", "Echoed", "working")
    return Finding(
        "Class", "Not echoed", "attention",
        "It does not send back the Class it was given (RFC 2865 5.25), so what a session was told at its log-in is "
        "not known for sure, and a change of package may reach it only at the next log-in.",
    )  # fmt: skip


def _attributes(facts: Facts) -> Finding:
    if not facts.unknown:
        return Finding("Attributes", "All known", "working" if facts.access or facts.accounting else "off")
    names = ", ".join(name for name, _n in facts.unknown.most_common(_NAMED))
    more = len(facts.unknown) - _NAMED
    return Finding("Attributes", names + (f" and {more} more" if more > 0 else ""), "info")
