"""The app's tables, re-exported for Django and for the apps above; inside the app import from the slice."""

from radius.accounts.models import DataAccount
from radius.attributes.models import ReplyAttribute
from radius.bundles.models import BundleKind, DataBundle, Draw, Meter, MeteredSpan, UsageMark
from radius.catalogue.models import BundleStarts, CapKind, Counts, Package, Service
from radius.changes.models import STANDING, ChangeSettings, ChangeState, NewCap, PackageChange
from radius.coa.models import CoaAttempt, CoaRequest
from radius.consumption.models import UsageMonth
from radius.degrading.models import AccessAction
from radius.history.models import FactHistory
from radius.nas.models import Nas, NasPosture, Stranger
from radius.quarantine.models import QuarantinedPacket
from radius.rolling.models import (
    BundleNotice,
    CustomerDataExpiry,
    DataSettings,
    DataTransfer,
    NoticeChoice,
    OutOfBundleConsent,
)
from radius.server.models import AuthAttempt, DecisionFacts, UnknownSurplus
from radius.speed.models import SpeedTest
from radius.topups.models import TopupGroup, TopupType
from radius.usage.models import Session, SessionMark, UsageDay

__all__ = [
    "STANDING",
    "AccessAction",
    "AuthAttempt",
    "BundleKind",
    "BundleNotice",
    "BundleStarts",
    "CapKind",
    "ChangeSettings",
    "ChangeState",
    "CoaAttempt",
    "CoaRequest",
    "Counts",
    "CustomerDataExpiry",
    "DataAccount",
    "DataBundle",
    "DataSettings",
    "DataTransfer",
    "DecisionFacts",
    "Draw",
    "FactHistory",
    "Meter",
    "MeteredSpan",
    "Nas",
    "NasPosture",
    "NewCap",
    "NoticeChoice",
    "OutOfBundleConsent",
    "Package",
    "PackageChange",
    "QuarantinedPacket",
    "ReplyAttribute",
    "Service",
    "Session",
    "SessionMark",
    "SpeedTest",
    "Stranger",
    "TopupGroup",
    "TopupType",
    "UnknownSurplus",
    "UsageDay",
    "UsageMark",
    "UsageMonth",
]
