"""Who may do what: one table of permissions by role (the staff door; portal pages are narrowed by `portal`).

Ask `may(user, "customers.edit")`; refuse with `require(user, "customers.edit")`. A name that is not in the
table is a bug and raises, so that a typing error never grants or hides anything. To extend: add one row.
"""

from typing import Any, Final

from django.core.exceptions import PermissionDenied

from ispbilling.core.models import Role

OWNER: Final = frozenset({Role.OWNER})
MANAGERS: Final = OWNER | {Role.MANAGER}
FINANCE: Final = MANAGERS | {Role.FINANCIAL_MANAGER}
OFFICE: Final = FINANCE | {Role.ACCOUNTS}
CARE: Final = MANAGERS | {Role.SUPPORT}
DESK: Final = OFFICE | {Role.SUPPORT}
STAFF: Final = DESK | {Role.READ_ONLY}

#: permission -> the roles that hold it. Names are `area.verb` or `area.part.verb`.
PERMISSIONS: Final[dict[str, frozenset[str]]] = {
    "staff.use": STAFF,  # the staff door itself: dashboard, search, own account
    "staff.manage": OWNER,
    "staff.export": OWNER,
    "settings.view": FINANCE,
    "settings.edit": MANAGERS,
    "events.view": FINANCE,
    "events.export": MANAGERS,
    "groups.view": STAFF,
    "groups.add": MANAGERS,
    "groups.edit": MANAGERS,
    "groups.delete": MANAGERS,
    "groups.export": MANAGERS,
    "customers.view": STAFF,
    "customers.add": DESK,
    "customers.edit": DESK,
    "customers.disable": CARE,
    "customers.delete": FINANCE,
    "customers.delete_owing": OWNER | {Role.FINANCIAL_MANAGER},  # although its balance is not R 0.00 (D-14)
    "customers.merge": MANAGERS,
    "customers.suspend": DESK,
    "customers.password": CARE,
    "customers.export": FINANCE,
    "customers.protection": MANAGERS,
    "customers.verify": DESK,
    "customers.requests": DESK,
    "customers.erase": OWNER,
    "customers.import": MANAGERS,
    "customers.notes": DESK,
    "customers.files.view": DESK,
    "customers.files.edit": DESK,
    "radius.catalogue.view": STAFF,
    "radius.catalogue.edit": MANAGERS,
    "radius.accounts.view": STAFF,
    "radius.accounts.edit": CARE,
    "radius.accounts.reveal": CARE,
    "radius.changes.backdate": MANAGERS,  # a package change from a day that has passed: invoices are taken back
    "radius.nas.view": STAFF,
    "radius.nas.edit": MANAGERS,
    "radius.sessions.view": STAFF,
    "radius.sessions.disconnect": CARE,
    "radius.sessions.trace": MANAGERS,  # who had an address: recorded with a reason
    "radius.usage.view": STAFF,
    "radius.bundles.transfer": CARE,  # data of one customer to another
    "radius.bundles.consent": CARE,  # to charges out of bundle, as a customer said it
    "radius.compliance.view": FINANCE | {Role.SUPPORT, Role.READ_ONLY},
    "radius.export": MANAGERS,
    "billing.documents.view": STAFF,
    "billing.documents.draft": OFFICE,
    "billing.documents.issue": OFFICE,
    "billing.documents.credit": FINANCE,
    "billing.documents.adjust": FINANCE,
    "billing.documents.write_off": FINANCE,
    "billing.terms.edit": OFFICE,  # a customer's own days till due
    "billing.ageing.view": STAFF,
    "billing.trial.view": OFFICE | {Role.READ_ONLY},
    "billing.proof.verify": FINANCE,
    "billing.accounting.view": OFFICE | {Role.READ_ONLY},
    "billing.accounting.map": FINANCE,
    "billing.accounting.export": FINANCE,
    "billing.allocations.edit": OFFICE,
    "billing.statements.view": STAFF,
    "billing.statements.send": OFFICE,
    "billing.recurring.view": STAFF,
    "billing.recurring.edit": OFFICE,
    "billing.products.edit": FINANCE,
    "billing.payments.view": STAFF,
    "billing.payments.add": OFFICE,
    "billing.payments.take_back": FINANCE,
    "billing.gateways.settle": FINANCE,  # by hand what a gateway took and never told
    "billing.calls.view": STAFF,
    "billing.calls.import": OFFICE,
    "billing.calls.edit": DESK,  # whose a number is, and which calls are left out
    "billing.debits.view": STAFF,  # account numbers are masked
    "billing.debits.prepare": OFFICE,
    "billing.debits.results": OFFICE,
    "billing.debits.send": FINANCE,  # approve, make and download the file, cancel
    "billing.mandates.edit": OFFICE,
    "billing.mandates.reveal": OFFICE,
    "billing.runs.view": OFFICE | {Role.READ_ONLY},
    "billing.runs.preview": OFFICE,
    "billing.runs.approve": FINANCE,
    "billing.runs.issue": FINANCE,
    "billing.runs.undo": FINANCE,
    "billing.settings.edit": FINANCE,
    "billing.books.close": FINANCE,
    "billing.books.reopen": OWNER | {Role.FINANCIAL_MANAGER},
    "billing.data_sales.view": STAFF,
    "billing.data_sales.sell": DESK,
    "billing.data_sales.undo": FINANCE,
    "billing.data_sales.switch": DESK,
    "billing.data_sales.debt": FINANCE,  # sell to a prepaid line, or switch one, although something is owed
    "billing.export": OFFICE,
    "messages.view": STAFF,
    "messages.send": DESK,
    "messages.export": MANAGERS,
}


def may(user: Any, permission: str) -> bool:
    """Whether this user's role holds the permission. Anonymous and inactive users hold none.

    Raises LookupError for a permission that is not in the table.
    """
    try:
        roles = PERMISSIONS[permission]
    except KeyError:
        raise LookupError(f"no permission {permission!r} in core.access.PERMISSIONS") from None
    return bool(user.is_authenticated and user.is_active and user.role in roles)


def require(user: Any, permission: str) -> None:
    """Raise PermissionDenied (the 403 page) unless the user holds the permission."""
    if not may(user, permission):
        raise PermissionDenied(permission)


def is_staff(user: Any) -> bool:
    """Whether the staff door is this user's door; resellers and customers go to the portal."""
    return may(user, "staff.use")


def export_permission_for(permission: str) -> str:
    """The area's export permission: `radius.accounts.view` -> `radius.export`; LookupError if none."""
    name = permission.partition(".")[0] + ".export"
    if name not in PERMISSIONS:
        raise LookupError(f"no permission {name!r} in core.access.PERMISSIONS")
    return name
