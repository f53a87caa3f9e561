"""Sage Accounting: journals and customers by CSV (ca-kb.sage.com 240304191549557, gb-kb.sage.com 240701101019900).

A journal is the rows of one reference; debit and credit are columns. A file holds half a megabyte. Days are written
as in South Africa, day before month.
"""

from collections.abc import Sequence

from billing.accounting.packages.base import Contact, Journal, line_of


class Sage:
    system = "sageone"
    title = "Sage"
    tax_label = "Include on tax return"
    usual_tax = "No"
    most_lines = 10**9
    most_octets = 500_000
    most_contacts = 1000
    journal_columns: Sequence[str] = (
        "Reference",
        "Date",
        "Description",
        "Ledger Account Number",
        "Details",
        "Analysis Type 1",
        "Analysis Type 2",
        "Analysis Type 3",
        "Include on Tax Return",
        "Debit",
        "Credit",
        "Exchange rate",
    )
    contact_columns: Sequence[str] = (
        "Reference",
        "Company Name",
        "Main Address Line 1",
        "Main Address Line 2",
        "Main Address Town",
        "Main Address County",
        "Main Contact Name",
        "Main Contact Phone",
        "Main Contact Mobile",
        "Main Contact Email",
        "VAT Number",
    )

    def journal(self, journal: Journal) -> list[list[str]]:
        return [
            [
                journal.reference,
                f"{journal.on:%d/%m/%Y}",
                journal.narration[:200],
                line.code,
                line.description[:200],
                *[""] * 3,
                line.tax_type,
                f"{line.amount:.2f}" if line.amount > 0 else "0.00",
                f"{-line.amount:.2f}" if line.amount < 0 else "0.00",
                "",
            ]
            for line in journal.lines
        ]

    def contact(self, contact: Contact) -> list[str]:
        return [
            contact.external_id,
            contact.name,
            *(line_of(contact.address, number) for number in range(4)),
            contact.contact_name or contact.name,
            contact.phone,
            contact.mobile,
            contact.email,
            contact.vat_number,
        ]
