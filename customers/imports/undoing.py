"""Taking an import back: new customers go, changed ones get their old values, what was worked on since stays.

A new customer that nothing but the import knows of is really removed: 50,000 wrong rows hidden for ever would
help nobody. Its account code is not given out again (the counter stays, D-23), the log keeps what happened without the
name, and its external ID is free for the corrected file. One that something refers to, for example a message that was
sent, is deleted as by hand: hidden, and can be undeleted. One that somebody changed since, or that logged in, is
left alone, with the reason.
"""

from datetime import datetime
from typing import Any

import structlog
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Q
from django.db.models.fields.reverse_related import ForeignObjectRel

from customers.accounts import deletion
from customers.accounts.models import CodeAlias, Contact, Customer, Gate, PortalLogin
from customers.imports import changing, facts
from customers.imports.applying import Staged, passing, staged
from customers.imports.facts import Existing, Titles
from customers.imports.models import Action, CustomerImport, ImportRow, ImportState, Outcome
from customers.imports.progress import Progress, claim
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.events import Happening
from ispbilling.core.models import Event, User

log = structlog.get_logger(__name__)

#: New customers are taken away in such stretches: each asks every table that refers to customers.
_AT_ONCE = 5000
#: What belongs to a customer and goes with it; anything else that refers to it is somebody's work.
_OWN = (Contact, PortalLogin, CodeAlias, Gate)


def request(one: CustomerImport, now: datetime, *, actor: User | None) -> None:
    """Ask for the undo. Raises DomainError for an import that is not done, or whose rows are forgotten."""
    with transaction.atomic():
        row = CustomerImport.objects.select_for_update().get(pk=one.pk)
        if row.state != ImportState.APPLIED:
            raise DomainError(
                f"This import is {row.get_state_display().lower()}; only one that is done is undone."
            )
        if row.purged_at is not None:
            raise DomainError("The rows of this import have been forgotten, so it cannot be undone any more.")
        row.state, row.undone_by, row.work_since, row.touched_at = ImportState.UNDOING, actor, now, now
        row.done, row.refusal = 0, ""
        row.save(update_fields=["state", "undone_by", "work_since", "touched_at", "done", "refusal"])
        events.record("import.undo_requested", row, actor=actor, at=now)


def undo(import_id: int, now: datetime) -> bool:
    """Undo one import; False when another worker does, or nobody asked. Call it inside a transaction."""
    if not claim(import_id):
        return False
    one = CustomerImport.objects.filter(pk=import_id, state=ImportState.UNDOING).first()
    if one is None:
        return False
    try:
        with transaction.atomic(), Progress(one.pk) as progress:
            _Undoing(one, now, progress).do()
    except (DomainError, DatabaseError, ValueError) as refusal:
        if isinstance(refusal, DatabaseError) and passing(refusal):
            raise
        log.exception("undo_refused", id=one.pk)
        CustomerImport.objects.filter(pk=one.pk).update(
            state=ImportState.APPLIED,
            refusal="It could not be undone: something refers to its customers in a new way. Nothing was changed.",
            touched_at=now,
        )
        return True
    one.state, one.undone_at, one.touched_at = ImportState.UNDONE, now, now
    one.save(update_fields=["state", "undone_at", "touched_at"])
    events.record("import.undone", one, actor=one.undone_by, at=now, outcome=outcomes(one))
    return True


def outcomes(one: CustomerImport) -> dict[str, int]:
    """How many rows became what when the import was undone."""
    counted = one.lines.exclude(outcome="").order_by().values_list("outcome").annotate(n=models.Count("*"))
    return dict(counted)


# --- what happened to the new customers since ------------------------------------------------------------


def preview(one: CustomerImport) -> tuple[dict[int, str], dict[int, str]]:
    """The new customers that would be kept, and those that would be hidden, each with the reason."""
    made = one.lines.filter(action=Action.CREATE, customer_id__isnull=False).values("customer_id")
    kept = worked_on(made)
    hidden = {pk: why for pk, why in referred_to(made).items() if pk not in kept}
    return kept, hidden


def worked_on(customers: Any) -> dict[int, str]:
    """Who of them (keys, or a query of keys) was changed, or logged in, since it was added; with the reason."""
    later = Event.objects.filter(about_type=facts.customer_type(), about_id__in=customers)
    found: dict[int, str] = {
        pk: f"{kind.replace('.', ' ').replace('_', ' ')} on {at:%Y-%m-%d}".capitalize()
        for pk, kind, at in later.exclude(kind="customer.added")
        .order_by("id")  # the latest is told
        .values_list("about_id", "kind", "at")
        if pk
    }
    logged_in = PortalLogin.objects.filter(customer__in=customers, user__last_login__isnull=False)
    found |= dict.fromkeys(logged_in.values_list("customer", flat=True), "Logged in to the portal")
    return found


def referred_to(customers: Any) -> dict[int, str]:
    """Who of them (keys, or a query of keys) other tables refer to, with what; whatever apps above have added."""
    found: dict[int, str] = {}
    for relation in _relations():
        model, column = relation.related_model, relation.field.attname
        rows = model._base_manager.filter(**{f"{relation.field.name}__in": customers}).order_by()
        for pk, count in rows.values_list(column).annotate(n=models.Count("*")):
            noun = model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural
            found[pk] = f"Has {count} {noun}"
    return found


def _relations() -> list[Any]:
    found = []
    for relation in Customer._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel) or relation.many_to_many:
            continue
        model = relation.related_model
        own = model in _OWN or model._meta.auto_created or not model._meta.managed
        if not own and not model._meta.proxy:
            found.append(relation)
    return found


# --- the work ---------------------------------------------------------------------------------------------


class _Undoing:
    """One undo on its way."""

    def __init__(self, one: CustomerImport, now: datetime, progress: Progress) -> None:
        self.one, self.now, self.progress, self.done = one, now, progress, one.unchanged + one.bad
        self.titles = Titles.load()

    def do(self) -> None:
        for chunk in staged(self.one, Action.UPDATE):
            self._put_back(chunk)
        made = self.one.lines.filter(action=Action.CREATE, customer_id__isnull=False).order_by("number")
        ids = [pk for pk in made.values_list("customer_id", flat=True) if pk]
        for start in range(0, len(ids), _AT_ONCE):
            self._take_away(ids[start : start + _AT_ONCE])

    def _told(self, ids: list[int], outcomes: dict[int, tuple[str, str]]) -> None:
        """Note what became of the rows: outcome and reason by customer."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE customers_importrow SET outcome = it.outcome, reason = left(it.reason, 300)"
                " FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS it(id, outcome, reason)"
                " WHERE of_id = %s AND customer_id = it.id",
                [
                    ids, [outcomes[pk][0] for pk in ids], [outcomes[pk][1] for pk in ids],
                    self.one.pk,
                ],
            )  # fmt: skip
        self.done += len(ids)
        self.progress.tell(self.done)

    # --- changed ones: the old values, where the new ones are still there -------------------------------

    def _put_back(self, chunk: list[Staged]) -> None:
        ids = [row.customer_id for row in chunk if row.customer_id]
        list(Customer.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
        present = {one.pk: one for one in facts.existing_customers(Q(pk__in=ids))}
        results: dict[int, tuple[str, str]] = {}
        told = []
        for row in chunk:
            assert row.customer_id is not None  # noqa: S101 - what an update is
            existing = present.get(row.customer_id)
            why = self._obstacle(row, existing)
            results[row.customer_id] = (Outcome.KEPT, why) if why else (Outcome.RESTORED, "")
            if why or existing is None:
                continue
            old = {name: pair[0] for name, pair in row.changes.items()}
            changing.store(row.customer_id, old, self.titles)
            back = {name: [new, before] for name, (before, new) in row.changes.items()}
            label = f"{existing.code} {existing.values['name']}"
            told.append(changing.happening(row.customer_id, label, back, f"import of {self.one} undone"))
        changing.record(told, self.now, self.one.undone_by)
        self._told(ids, results)

    def _obstacle(self, row: Staged, existing: Existing | None) -> str:
        """Why the old values cannot be put back, or nothing."""
        if existing is None:
            return "It is not there any more"
        again = [
            name.replace("_", " ")
            for name, (_, new) in row.changes.items()
            if _folded(existing.values[name]) != _folded(new)
        ]
        if again:
            return f"Changed since: {', '.join(again)}"
        gone = [
            name.replace("_", " ")
            for name, (old, _) in row.changes.items()
            if name in self.titles.ids and self.titles.unknown(name, old)
        ]
        return f"Not there any more: its former {', '.join(gone)}" if gone else ""

    # --- new ones ------------------------------------------------------------------------------------------

    def _take_away(self, ids: list[int]) -> None:
        rows = Customer.objects.select_for_update().filter(pk__in=ids).defer("id_number").order_by("pk")
        present = {row.pk: row for row in rows}
        kept = worked_on(ids)
        results: dict[int, tuple[str, str]] = {pk: (Outcome.KEPT, why) for pk, why in kept.items()}
        results |= {pk: (Outcome.REMOVED, "") for pk in ids if pk not in present}
        for pk, why in referred_to(ids).items():
            if pk not in results:
                results[pk] = self._hide(present[pk], why)
        removed = [row for pk, row in present.items() if pk not in results]
        self._remove(removed)
        results |= {row.pk: (Outcome.REMOVED, "") for row in removed}
        self._told(ids, results)

    def _hide(self, customer: Customer, why: str) -> tuple[str, str]:
        try:
            deletion.delete(
                customer, self.now, actor=self.one.undone_by, reason=f"Import of {self.one} undone"
            )
        except DomainError as refusal:
            return Outcome.KEPT, str(refusal)
        return Outcome.HIDDEN, why

    def _remove(self, customers: list[Customer]) -> None:
        """Really remove them, with contacts, logins and what the log says of them; PROTECT still refuses what
        was overlooked."""
        ids = [customer.pk for customer in customers]
        happenings = [
            Happening(customer.pk, customer.pk, customer.code, {"because": f"import of {self.one} undone"})
            for customer in customers
        ]
        users = list(PortalLogin.objects.filter(customer__in=ids).values_list("user", flat=True))
        Customer.objects.filter(pk__in=ids).delete()
        User.objects.filter(pk__in=users).delete()
        events.erase_about(Customer, ids)
        events.record_many(
            "customer.removed", Customer, Customer, happenings, at=self.now, actor=self.one.undone_by
        )


def _folded(value: Any) -> Any:
    """Titles and lists in a form in which their order and case do not matter."""
    if isinstance(value, list):
        return sorted(text.casefold() for text in value)
    return value.casefold() if isinstance(value, str) else value


def left_alone(one: CustomerImport) -> models.QuerySet[ImportRow]:
    """The rows that undoing did not take back."""
    return one.lines.filter(outcome=Outcome.KEPT)
