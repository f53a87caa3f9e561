""" "Can X log in now?": the decision the server would make, asked on the stored facts (W-3)."""

from dataclasses import dataclass
from datetime import datetime

from radius.nas.models import Nas
from radius.policy.codes import sentence
from radius.policy.decision import decide
from radius.policy.subscriber import Login, Subscriber
from radius.server.explaining import Line, explain


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome in words, every gate, and until when it holds (None: until a fact changes)."""

    accepted: bool
    sentence: str
    gates: list[Line]
    until: datetime | None


def check(subscriber: Subscriber | None, now: datetime, mac: str = "", nas: Nas | None = None) -> Check:
    """Decide about a login with the right password from that device and NAS; a lock that is not asked about
    counts as met.
    """
    login = None
    if subscriber is not None:
        came_through = nas.pk if nas else subscriber.nas_lock or 0
        name = nas.name if nas else ""
        login = Login(True, mac or subscriber.mac_lock, came_through, name, subscriber.port_lock)
    decision = decide(subscriber, login, now)
    words = "It can log in now." if decision.accepted else f"It cannot log in now. {sentence(decision.code)}"
    # The password is not asked about, so its gate says nothing here.
    gates = explain([gate._asdict() for gate in decision.trace if gate.name != "password"])
    return Check(decision.accepted, words, gates, decision.valid_until)
