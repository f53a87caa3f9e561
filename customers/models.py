"""The app's tables, re-exported for Django and for the apps above; inside the app import from the slice."""

from customers.accounts.models import (
    CodeAlias,
    CodeCounter,
    Contact,
    Customer,
    CustomerType,
    Gate,
    GateKind,
    PortalLogin,
)
from customers.files.models import Attachment
from customers.imports.models import (
    CustomerImport,
    ImportPart,
    ImportRow,
    RememberedMapping,
)
from customers.merging.models import Merge
from customers.notes.models import Note
from customers.places.models import Geocode
from customers.preferences.models import Geocoder, Preferences
from customers.protection.models import Erasure, SubjectExport, Visit
from customers.requests.models import ChangedField, ChangeRequest, CustomerRequest, Purpose, Rating
from customers.verification.models import Verification

__all__ = [
    "Attachment",
    "ChangeRequest",
    "ChangedField",
    "CodeAlias",
    "CodeCounter",
    "Contact",
    "Customer",
    "CustomerImport",
    "CustomerRequest",
    "CustomerType",
    "Erasure",
    "Gate",
    "GateKind",
    "Geocode",
    "Geocoder",
    "ImportPart",
    "ImportRow",
    "Merge",
    "Note",
    "PortalLogin",
    "Purpose",
    "Rating",
    "SubjectExport",
    "Verification",
    "Visit",
    "Preferences",
    "RememberedMapping",
]
