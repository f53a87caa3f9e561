"""What a package takes: journals and contacts, as rows of its own columns. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class JournalLine:
    """So much on an account of the package: positive is debit."""

    code: str
    tax_type: str
    description: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Journal:
    """One entry, whose lines sum to zero. `reference` is unique within an export."""

    reference: str
    on: date
    narration: str
    lines: tuple[JournalLine, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """A customer as a package knows it. `external_id` is what it is called there."""

    external_id: str
    name: str
    contact_name: str
    email: str
    phone: str
    mobile: str
    vat_number: str
    address: tuple[str, ...]


class Package(Protocol):
    """The interface of every accounting package."""

    system: str
    title: str
    #: What the mapping asks for beside the account code, and what it is unless somebody says otherwise.
    tax_label: str
    usual_tax: str
    #: What one file may hold; the package refuses more.
    most_lines: int
    most_octets: int
    journal_columns: Sequence[str]
    contact_columns: Sequence[str]
    most_contacts: int

    def journal(self, journal: Journal) -> Sequence[Sequence[str]]:
        """One row per line, in the order of `journal_columns`."""
        ...

    def contact(self, contact: Contact) -> Sequence[str]:
        """One row in the order of `contact_columns`."""
        ...


def line_of(parts: Sequence[str], number: int) -> str:
    """One line of an address; the last that fits holds the others."""
    return parts[number] if number < len(parts) else ""
