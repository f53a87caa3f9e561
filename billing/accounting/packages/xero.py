"""Xero: manual journals and contacts by CSV (help.xero.com/nz/ManualJournalsImport, help.xero.com/us/Contacts_Import).

A journal is the rows of one narration and day; debit is positive. A file holds 300 lines, or 1,000 contacts.
"""

from collections.abc import Sequence

from billing.accounting.packages.base import Contact, Journal, line_of


class Xero:
    system = "xero"
    title = "Xero"
    tax_label = "Tax rate"
    usual_tax = "No VAT"
    most_lines = 300
    most_octets = 10**9
    most_contacts = 1000
    journal_columns: Sequence[str] = (
        "*Narration",
        "*Date",
        "Description",
        "*AccountCode",
        "*TaxRate",
        "*Amount",
        "TrackingName1",
        "TrackingOption1",
        "TrackingName2",
        "TrackingOption2",
    )
    contact_columns: Sequence[str] = (
        "*ContactName",
        "AccountNumber",
        "EmailAddress",
        "FirstName",
        "LastName",
        "POAttentionTo",
        "POAddressLine1",
        "POAddressLine2",
        "POAddressLine3",
        "POAddressLine4",
        "PhoneNumber",
        "MobileNumber",
        "TaxNumber",
    )

    def journal(self, journal: Journal) -> list[list[str]]:
        narration = f"{journal.narration} [{journal.reference}]"
        return [
            [
                narration,
                f"{journal.on:%d/%m/%Y}",
                line.description,
                line.code,
                line.tax_type,
                f"{line.amount:.2f}",
                *[""] * 4,
            ]
            for line in journal.lines
        ]

    def contact(self, contact: Contact) -> list[str]:
        first, _, last = contact.contact_name.strip().rpartition(" ")
        return [
            contact.name,
            contact.external_id,
            contact.email,
            first or last,
            last if first else "",
            contact.contact_name,
            *(line_of(contact.address, number) for number in range(4)),
            contact.phone,
            contact.mobile,
            contact.vat_number,
        ]
