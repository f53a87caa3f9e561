"""Importing a checked file: all of its rows or none, in one transaction nobody sees the middle of.

Every row is decided again with the function of the check, after what it concerns is locked; a row that would
now do something else than was shown stops the whole, and the import waits for a new check. The order of locks
is that of adding and editing one customer: customers, then code counters. Logins are made without a password
(a hash per row would take hours): the welcome mail or a reset lets the customer set one.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from json import loads
from typing import Any

import structlog
from django.contrib.auth.hashers import make_password
from django.db import DatabaseError, connection, transaction
from django.db.models import Q

from customers.accounts import numbering
from customers.accounts.models import Contact, Customer, CustomerType, PortalLogin
from customers.accounts.onboarding import usual_username
from customers.imports import changing, facts
from customers.imports.checking import CHUNK, rules_of
from customers.imports.deciding import Changes, Decision, Seen, decide
from customers.imports.facts import TITLE_MODELS, Titles
from customers.imports.fields import Value
from customers.imports.mapping import Parsed
from customers.imports.models import Action, CustomerImport, ImportRow, ImportState
from customers.imports.progress import Progress, claim
from groups import keeping
from groups.models import CustomerGroup
from ispbilling.core import copying, events
from ispbilling.core.errors import DomainError
from ispbilling.core.events import Happening
from ispbilling.core.models import Role, User

log = structlog.get_logger(__name__)


class Stale(DomainError):
    """Something changed since the check, so that the import would not do what was shown."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A row as the check left it."""

    parsed: Parsed
    changes: Changes
    customer_id: int | None


def request(one: CustomerImport, now: datetime, *, actor: User | None, leave_out: bool = False) -> None:
    """Give the word. Raises DomainError for an import that is not checked, or has nothing to do, or has bad
    rows, unless these are to be left out."""
    with transaction.atomic():
        row = CustomerImport.objects.select_for_update().get(pk=one.pk)
        if row.state != ImportState.CHECKED:
            raise DomainError(
                f"This import is {row.get_state_display().lower()}; only a checked one can start."
            )
        if row.bad and not leave_out:
            raise DomainError(
                "Rows that are not possible must be corrected first, or left out on purpose: an import is done"
                " as a whole."
            )
        if not row.to_create + row.to_update:
            raise DomainError("There is nothing to import: every row is as it is here already.")
        row.state, row.approved_by, row.work_since, row.touched_at = ImportState.APPLYING, actor, now, now
        row.done, row.refusal = 0, ""
        row.save(update_fields=["state", "approved_by", "work_since", "touched_at", "done", "refusal"])
        events.record("import.approved", row, actor=actor, at=now, new=row.to_create, changed=row.to_update)


def apply(import_id: int, now: datetime) -> bool:
    """Do one import; False when another worker does, or nobody asked. Call it inside a transaction."""
    if not claim(import_id):
        return False
    one = CustomerImport.objects.filter(pk=import_id, state=ImportState.APPLYING).first()
    if one is None:
        return False
    try:
        with transaction.atomic(), Progress(one.pk) as progress:
            _Importing(one, now, progress).do()
    except (DomainError, DatabaseError, ValueError) as refusal:
        if isinstance(refusal, DatabaseError) and passing(refusal):
            raise  # a deadlock or a lost connection says nothing about the rows: the next sweep tries again
        log.warning("import_refused", id=one.pk, error=type(refusal).__name__)
        words = str(refusal) if isinstance(refusal, DomainError) else _words(refusal)
        CustomerImport.objects.filter(pk=one.pk).update(
            state=ImportState.CHECKED, refusal=words, touched_at=now
        )
        events.record("import.refused", one, actor=one.approved_by, at=now)
        return True
    one.state, one.applied_at, one.touched_at = ImportState.APPLIED, now, now
    one.save(update_fields=["state", "applied_at", "touched_at"])
    events.record(
        "import.applied", one, actor=one.approved_by, at=now, new=one.to_create, changed=one.to_update
    )
    return True


def passing(error: DatabaseError) -> bool:
    """Whether the failure is of the moment: classes 08, 40, 53, 55 and 57 of PostgreSQL's error codes."""
    code = getattr(error.__cause__, "pgcode", None)
    return code is None or code[:2] in {"08", "40", "53", "55", "57"}


def _words(error: DatabaseError | ValueError) -> str:
    """A refusal of the database: somebody was quicker. The detail may hold a person's data."""
    if isinstance(error, ValueError):
        return "A value in the file cannot be stored. Nothing was imported; check the file again."
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or "a rule"
    return (
        f"The database refused a row ({constraint}): somebody added the same meanwhile. Nothing was imported;"
        " check the file again."
    )


def staged(one: CustomerImport, action: Action) -> Iterator[list[Staged]]:
    """The rows of a kind in the order of the file, in stretches."""
    after = 0
    while True:
        rows = list(
            ImportRow.objects.filter(of=one, action=action, number__gt=after)
            .defer("title")
            .order_by("number")[:CHUNK]
        )
        if not rows:
            return
        found = []
        for row in rows:
            both = loads(str(row.content))
            found.append(Staged(Parsed(row.number, both["values"]), both["changes"], row.customer_id))
        yield found
        after = rows[-1].number


class _Importing:
    """One import on its way: what is loaded once, and how far it is."""

    def __init__(self, one: CustomerImport, now: datetime, progress: Progress) -> None:
        self.one, self.now, self.progress = one, now, progress
        self.rules, self.seen, self.done = rules_of(one), Seen(), one.unchanged + one.bad
        self.titles = Titles.load()

    def do(self) -> None:
        self._add_titles()
        for chunk in staged(self.one, Action.UPDATE):
            self._update(chunk)
        self._codes = self._take_codes()
        for chunk in staged(self.one, Action.CREATE):
            self._create(chunk)
        self._groups_are_there()

    def _add_titles(self) -> None:
        """The groups and the like that are missing, as was shown and ticked."""
        for name, titles in self.one.new_titles.items():
            model, column = TITLE_MODELS[name]
            for title in self.titles.unknown(name, titles):
                keeping.save(model(), {column: title}, self.now, actor=self.one.approved_by)
        self.titles = Titles.load()

    def _again(self, chunk: list[Staged], action: Action) -> list[Decision]:
        """The rows decided once more. Raises Stale for the first that is another thing now."""
        known = facts.load([row.parsed for row in chunk], self.titles)
        found = []
        for row in chunk:
            decision = decide(row.parsed, known, self.rules, self.seen)
            same = decision.action == action and decision.changes == row.changes
            if not same or decision.customer_id != row.customer_id:
                why = f": {decision.problems[0].reason}" if decision.problems else "."
                raise Stale(
                    f"Row {decision.number:,} is not what it was at the check{why} Nothing was"
                    " imported; check the file again."
                )
            found.append(decision)
        return found

    def _told(self, number: int) -> None:
        self.done += number
        self.progress.tell(self.done)

    # --- customers that are there --------------------------------------------------------------------

    def _update(self, chunk: list[Staged]) -> None:
        ids = [row.customer_id for row in chunk if row.customer_id]
        list(Customer.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
        told = []
        for decision in self._again(chunk, Action.UPDATE):
            assert decision.customer_id is not None  # noqa: S101 - what an update is
            new = {name: pair[1] for name, pair in decision.changes.items()}
            changing.store(decision.customer_id, new, self.titles)
            told.append(
                changing.happening(
                    decision.customer_id, decision.title, decision.changes, f"import of {self.one}"
                )
            )
        changing.record(told, self.now, self.one.approved_by)
        self._told(len(chunk))

    # --- new ones ------------------------------------------------------------------------------------

    def _take_codes(self) -> dict[str, Iterator[str]]:
        """All codes to be generated, by stem; the counters stay locked from here on."""
        wanted: Counter[str] = Counter()
        typed = []
        for chunk in staged(self.one, Action.CREATE):
            for row in chunk:
                values = row.parsed.values
                if "code" in values:
                    typed.append(str(values["code"]))
                else:
                    wanted[self._stem(values)] += 1
        return {stem: iter(found) for stem, found in numbering.next_codes(wanted, typed).items()}

    def _stem(self, values: dict[str, Value]) -> str:
        stem = self.rules.stem(values)
        if stem is None:
            raise Stale("A name gives no account code any more. Nothing was imported; check the file again.")
        return stem

    def _create(self, chunk: list[Staged]) -> None:
        decisions = self._again(chunk, Action.CREATE)
        for decision in decisions:
            if "code" not in decision.values:
                decision.values["code"] = next(self._codes[self._stem(decision.values)])
            decision.values.setdefault("username", usual_username(str(decision.values["code"])))
        self._usernames_are_free(decisions)
        links = self._links(decisions)
        customers = [_customer(decision.values, self.titles, links, self.now) for decision in decisions]
        copying.copy_objects(customers)
        ids = [customer.pk for customer in customers]
        self._belongings(ids, decisions)
        self._logins(ids, decisions)
        _note_customers(self.one, decisions, ids)
        happenings = [
            Happening(
                customer.pk, customer.pk, str(customer),
                {"group": decision.values["group"], "welcome": self.one.welcome, "import": self.one.name},
            )
            for customer, decision in zip(customers, decisions, strict=True)
        ]  # fmt: skip
        events.record_many(
            "customer.added", Customer, Customer, happenings, at=self.now, actor=self.one.approved_by
        )
        self._told(len(chunk))

    def _usernames_are_free(self, decisions: list[Decision]) -> None:
        """A generated code may be somebody's username. Raises Stale."""
        names = {str(decision.values["username"]).casefold(): decision for decision in decisions}
        for name in facts.taken_usernames(names):
            raise Stale(
                f"Row {names[name].number:,} would have the portal username {name}, which is in use: give the row"
                " a username of its own."
            )

    def _links(self, decisions: list[Decision]) -> dict[str, int]:
        """The ids of masters and resellers by code, locked as linking one customer does."""
        named = {
            str(d.values[name]) for d in decisions for name in ("master", "reseller") if name in d.values
        }
        rows = Customer.objects.select_for_update(no_key=True).filter(Q(code__in=named)).order_by("pk")
        return {row.code: row.pk for row in rows}

    def _belongings(self, ids: list[int], decisions: list[Decision]) -> None:
        """Contacts, categories and labels."""
        contacts, tags, marks = [], [], []
        for pk, decision in zip(ids, decisions, strict=True):
            values = decision.values
            contacts.append(_contact(pk, values))
            for category in self.titles.all_ids("categories", values.get("categories", "")):
                tags.append(Customer.categories.through(customer_id=pk, category_id=category))
            for label in self.titles.all_ids("labels", values.get("labels", "")):
                marks.append(Customer.labels.through(customer_id=pk, label_id=label))
        for rows in (contacts, tags, marks):
            copying.copy_objects(rows)

    def _logins(self, ids: list[int], decisions: list[Decision]) -> None:
        users = [
            User(
                username=str(decision.values["username"]),
                email=_listed(decision.values, "email")[0],
                first_name=str(decision.values.get("contact_name") or decision.values["name"])[:150],
                role=Role.RESELLER if decision.values.get("is_reseller") else Role.CUSTOMER,
                password=make_password(None),
                date_joined=self.now,
            )
            for decision in decisions
        ]
        copying.copy_objects(users)
        copying.copy_objects(
            [PortalLogin(user=user, customer_id=pk) for user, pk in zip(users, ids, strict=True)]
        )

    def _groups_are_there(self) -> None:
        """A group that was deleted while we worked took its members away before ours could be seen. From our
        first member on the deletion waits for us. Raises Stale."""
        used = Customer.objects.filter(
            pk__in=ImportRow.objects.filter(of=self.one).values("customer_id")
        ).values("group")
        gone = CustomerGroup.objects.filter(pk__in=used, deleted_at__isnull=False).first()
        if gone is not None:
            raise Stale(
                f"The customer group {gone} was deleted meanwhile. Nothing was imported; check again."
            )


def _customer(values: dict[str, Value], titles: Titles, links: dict[str, int], now: datetime) -> Customer:
    plain: dict[str, Any] = {name: values[name] for name in (*facts.TEXTS, *facts.FLAGS) if name in values}
    plain |= {name: Decimal(str(values[name])) for name in facts.NUMBERS if name in values}
    if plain.get("type") != CustomerType.COMPANY:
        plain.setdefault("contact_name", plain["name"])
    return Customer(
        **plain,
        code=str(values["code"]),
        group_id=titles.ids["group"][str(values["group"]).casefold()],
        billing_group_id=titles.id("billing_group", values.get("billing_group", "")),
        high_site_id=titles.id("high_site", values.get("high_site", "")),
        master_id=links.get(str(values.get("master", ""))),
        reseller_id=links.get(str(values.get("reseller", ""))),
        created_at=now,
    )


def _contact(customer_id: int, values: dict[str, Value]) -> Contact:
    emails, mobiles = _listed(values, "email"), _listed(values, "mobile")
    return Contact(
        customer_id=customer_id,
        name=str(values.get("contact_name") or values["name"]),
        email=emails[0],
        mobile=mobiles[0],
        more_emails="\n".join(emails[1:]),
        more_mobiles="\n".join(mobiles[1:]),
        primary=True,
    )


def _listed(values: dict[str, Value], name: str) -> list[str]:
    """Several values, at least one empty one."""
    found = values.get(name)
    return found if isinstance(found, list) else [""]


def _note_customers(one: CustomerImport, decisions: list[Decision], ids: list[int]) -> None:
    """Which customer each row became."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_importrow SET customer_id = made.id"
            " FROM unnest(%s::int[], %s::bigint[]) AS made(number, id)"
            " WHERE of_id = %s AND customers_importrow.number = made.number",
            [[decision.number for decision in decisions], ids, one.pk],
        )
