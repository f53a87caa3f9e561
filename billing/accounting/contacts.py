"""The customers a package should know, in its own columns: those of groups that are synced to it (GRP-10)."""

from collections.abc import Iterator
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

from django.db.models import Prefetch, QuerySet

from billing.accounting.packages import Contact as Wanted
from billing.accounting.packages import Package
from billing.accounting.writing import as_csv
from customers.models import Contact, Customer
from ispbilling.core import external
from ispbilling.core.exports import as_text
from ispbilling.core.models import AccountingSystem, ExternalKind

CHUNK = 1000


def synced(now: datetime) -> QuerySet[Customer]:
    """Customers that are not deleted, of groups with the sync on."""
    return Customer.objects.not_deleted(now).filter(group__sync_to_accounting=True).order_by("code")


def wanted(package: Package, now: datetime) -> Iterator[Wanted]:
    """Each as the package should know it: by its id there, else by its account code."""
    primary = Prefetch("contacts", Contact.objects.filter(primary=True), to_attr="primary_contacts")
    rows = synced(now).defer("id_number").prefetch_related(primary).iterator(chunk_size=CHUNK)
    system = AccountingSystem(package.system)
    batch: list[Customer] = []
    for row in rows:
        batch.append(row)
        if len(batch) == CHUNK:
            yield from _told(batch, system)
            batch = []
    yield from _told(batch, system)


def _told(rows: list[Customer], system: AccountingSystem) -> Iterator[Wanted]:
    ids = external.ids(ExternalKind.CUSTOMER, [row.pk for row in rows], system)
    for row in rows:
        found = row.primary_contacts  # type: ignore[attr-defined]  # prefetched above
        contact = found[0] if found else None
        address = (row.postal_address or row.physical_address).splitlines()
        yield Wanted(
            external_id=as_text(ids.get(row.pk, row.code)),
            name=as_text(row.name),
            contact_name=as_text(row.contact_name or (contact.name if contact else "")),
            email=as_text(contact.email if contact else ""),
            phone=as_text(row.phone),
            mobile=as_text(contact.mobile if contact else ""),
            vat_number=as_text(row.vat_number),
            address=tuple(as_text(line.strip()) for line in address if line.strip()),
        )


def file(package: Package, now: datetime) -> tuple[IO[bytes], str, int]:
    """A CSV of them, or a zip of several where the package takes no more in one; its name, and how many."""
    stem = f"{package.system}-contacts-{now:%Y-%m-%d}"
    out = TemporaryFile()  # noqa: SIM115 - the response closes it
    texts: list[str] = []
    count = 0
    with ZipFile(out, "w", ZIP_DEFLATED) as bundle:
        rows: list[list[str]] = []

        def close() -> None:
            texts.append(as_csv([package.contact_columns, *rows]))
            bundle.writestr(f"{stem}-{len(texts)}.csv", texts[-1])
            if len(texts) > 1:
                texts[-1] = ""
            rows.clear()

        for contact in wanted(package, now):
            rows.append(list(package.contact(contact)))
            count += 1
            if len(rows) == package.most_contacts:
                close()
        if rows or not texts:
            close()
    if len(texts) == 1:
        out.seek(0)
        out.truncate()
        out.write(texts[0].encode())
    out.seek(0)
    return out, f"{stem}.{'csv' if len(texts) == 1 else 'zip'}", count
