"""The app's tables, re-exported for Django and for the apps above; inside the app import from the slice."""

from radius.accounts.models import DataAccount
from radius.attributes.models import ReplyAttribute
from radius.catalogue.models import Package, Service
from radius.coa.models import CoaAttempt, CoaRequest
from radius.degrading.models import AccessAction
from radius.history.models import FactHistory
from radius.nas.models import Nas, NasPosture, Stranger
from radius.quarantine.models import QuarantinedPacket
from radius.server.models import AuthAttempt, DecisionFacts, UnknownSurplus
from radius.usage.models import Session, UsageDay

__all__ = [
    "AccessAction",
    "AuthAttempt",
    "CoaAttempt",
    "CoaRequest",
    "DataAccount",
    "DecisionFacts",
    "FactHistory",
    "Nas",
    "NasPosture",
    "Package",
    "QuarantinedPacket",
    "ReplyAttribute",
    "Service",
    "Session",
    "Stranger",
    "UnknownSurplus",
    "UsageDay",
]
