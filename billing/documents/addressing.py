"""Whom paper names, as printed: who it goes to, who was served, and who issues it. Each is stored once.

Documents share these rows and hash them, so that what is edited later changes no paper that is issued.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from django.conf import settings as django_settings
from django.db import connection

from billing.documents.digests import issuer_digest, party_digest
from billing.documents.models import ISSUED_WITH, Issuer, Party
from billing.recurring.models import BillingSettings
from customers.models import Customer
from ispbilling.core.models import Provider


@dataclass(frozen=True)
class PartyDraft:
    """Who a document goes to, as it will be printed; `code` is the account code of the moment it is issued."""

    customer_id: int
    name: str
    address: str
    vat_number: str
    code: str

    @classmethod
    def of(cls, payer: Customer) -> "PartyDraft":
        """As a run prints it."""
        address = payer.postal_address or payer.physical_address
        return cls(payer.pk, payer.name, address, payer.vat_number, payer.code)

    @cached_property
    def digest(self) -> bytes:
        return party_digest(self.name, self.address, self.vat_number, self.code)


class Stored(NamedTuple):
    """A row that documents point at and hash."""

    pk: int
    digest: bytes


#: Who a document goes to, and who was served where that is somebody else.
Addressed = tuple[Stored, Stored | None]


class Wanted(NamedTuple):
    """Whom a document names: new parties as drafts, those of the document it corrects by their ids."""

    customer_id: int
    payer_id: int
    party: PartyDraft | int
    served: int | None


def parties(drafts: Sequence[Wanted]) -> list[Addressed]:
    """The parties of each draft; those not seen before are stored."""
    others = {d.customer_id for d in drafts if d.customer_id != d.payer_id and d.served is None}
    served = {customer.pk: PartyDraft.of(customer) for customer in Customer.objects.filter(pk__in=others)}
    named: list[tuple[PartyDraft | int, PartyDraft | int | None]] = [
        (
            draft.party,
            draft.served or (served[draft.customer_id] if draft.customer_id != draft.payer_id else None),
        )
        for draft in drafts
    ]
    every = [one for pair in named for one in pair if one is not None]
    found = _store([one for one in every if isinstance(one, PartyDraft)])
    kept = {one for one in every if isinstance(one, int)}
    known = {
        pk: Stored(pk, bytes(digest))
        for pk, digest in Party.objects.filter(pk__in=kept).values_list("pk", "digest")
    }

    def row(one: PartyDraft | int) -> Stored:
        return known[one] if isinstance(one, int) else found[one.customer_id, one.digest]

    return [(row(to), row(of) if of is not None else None) for to, of in named]


def party_of(payer: Customer) -> int:
    """The id of the row with the customer as paper names it now."""
    draft = PartyDraft.of(payer)
    return _store([draft])[draft.customer_id, draft.digest].pk


def _store(parties: Sequence[PartyDraft]) -> dict[tuple[int, bytes], Stored]:
    """The rows of the parties, by customer and digest."""
    wanted = {(party.customer_id, party.digest): party for party in parties}
    found = _stored({customer for customer, _ in wanted})
    # In one order everywhere, so that two chunks with the same payer wait for each other and never deadlock.
    if new := [wanted[key] for key in sorted(wanted.keys() - found.keys())]:
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO billing_party (customer_id, name, address, vat_number, code, digest)
                   SELECT * FROM unnest(
                       %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bytea[])
                   ON CONFLICT (customer_id, digest) DO NOTHING RETURNING id, customer_id, digest""",
                [
                    [party.customer_id for party in new],
                    [party.name for party in new],
                    [party.address for party in new],
                    [party.vat_number for party in new],
                    [party.code for party in new],
                    [party.digest for party in new],
                ],
            )
            found |= _by_key(cursor.fetchall())
        # Those that somebody else stored meanwhile.
        if missing := wanted.keys() - found.keys():
            found |= _stored({customer for customer, _ in missing})
    return found


def _stored(customers: set[int]) -> dict[tuple[int, bytes], Stored]:
    with connection.cursor() as cursor:
        # As one array: Django would ask its fields about each of a thousand ids.
        cursor.execute(
            "SELECT id, customer_id, digest FROM billing_party WHERE customer_id = ANY(%s)", [list(customers)]
        )
        return _by_key(cursor.fetchall())


def _by_key(rows: Iterable[tuple[int, int, bytes]]) -> dict[tuple[int, bytes], Stored]:
    return {(customer, bytes(digest)): Stored(pk, bytes(digest)) for pk, customer, digest in rows}


def issuer(settings: BillingSettings) -> Stored:
    """The provider as it is printed now; stored when its details have changed since the last document."""
    provider = Provider.get()
    online = {"payment_link": settings.payment_link, "site": django_settings.BASE_URL}
    details = {name: online[name] if name in online else getattr(provider, name) for name in ISSUED_WITH}
    digest = issuer_digest(details.values())
    pk = Issuer.objects.filter(digest=digest).values_list("pk", flat=True).first()
    if pk is None:
        # Of two at the same moment the second waits for the first, and finds what it stored.
        Issuer.objects.bulk_create([Issuer(**details, digest=digest)], ignore_conflicts=True)
        pk = Issuer.objects.values_list("pk", flat=True).get(digest=digest)
    return Stored(pk, digest)
