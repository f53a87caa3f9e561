"""The packages that journals are written for, by the provider's choice. To add one: a file here and a line below."""

from billing.accounting.packages import sage, xero
from billing.accounting.packages.base import Contact, Journal, JournalLine, Package
from ispbilling.core.models import AccountingSystem, Provider

__all__ = ["PACKAGES", "Contact", "Journal", "JournalLine", "Package", "chosen"]

PACKAGES: dict[str, Package] = {
    AccountingSystem.SAGEONE.value: sage.Sage(),
    AccountingSystem.XERO.value: xero.Xero(),
}


def chosen() -> Package | None:
    """The package the provider keeps its books in; None while none is chosen."""
    return PACKAGES.get(Provider.get().accounting_system)
