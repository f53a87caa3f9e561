"""The dry run: every row of the file decided, nothing changed; each bad row is reported with its reason.

Runs in the background as one transaction that replaces what an earlier check found. A worker that is killed
leaves the import as it was, and the next one starts over.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from json import dumps

from django.db import transaction

from customers.accounts import codes
from customers.imports import facts, mapping, storing
from customers.imports.deciding import Decision, Rules, Seen, decide
from customers.imports.errors import Unreadable
from customers.imports.facts import Titles
from customers.imports.fields import TITLED
from customers.imports.mapping import Parsed
from customers.imports.models import Action, CustomerImport, ImportRow, ImportState
from customers.imports.progress import Progress, claim
from customers.preferences.models import Preferences
from ispbilling.core import events
from ispbilling.core.copying import copy
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.secrets import encrypt

CHUNK = 1000
_ALLOWED = (ImportState.UPLOADED, ImportState.CHECKED)


def request(one: CustomerImport, now: datetime, *, actor: User | None) -> None:
    """Ask for a check with the columns and options as stored in `one`. Raises DomainError when it is too late,
    or with what the choice of columns lacks."""
    faults = mapping.faults(one.columns, one.defaults, all_new=one.all_new)
    if faults:
        raise DomainError(" ".join(faults))
    with transaction.atomic():
        changed = CustomerImport.objects.filter(pk=one.pk, state__in=_ALLOWED).update(
            state=ImportState.CHECKING,
            columns=one.columns,
            defaults=one.defaults,
            create_titles=one.create_titles,
            all_new=one.all_new,
            welcome=one.welcome,
            work_since=now,
            touched_at=now,
            done=0,
            refusal="",
        )
        if not changed:
            raise DomainError("This import is not waiting for its columns any more; open it again.")
        if actor is not None:
            mapping.remember(one, actor)
        events.record("import.check_requested", one, actor=actor, at=now)


def check(import_id: int, now: datetime) -> bool:
    """Check one import; False when another worker does, or nobody asked. Call it inside a transaction."""
    if not claim(import_id):
        return False
    one = CustomerImport.objects.filter(pk=import_id, state=ImportState.CHECKING).first()
    if one is None:
        return False
    try:
        with transaction.atomic(), Progress(one.pk) as progress:
            _check(one, progress)
    except Unreadable as error:
        CustomerImport.objects.filter(pk=one.pk, state=ImportState.CHECKING).update(
            state=ImportState.UPLOADED, refusal=str(error), touched_at=now
        )
        return True
    changed = CustomerImport.objects.filter(pk=one.pk, state=ImportState.CHECKING).update(
        state=ImportState.CHECKED,
        checked_at=now,
        touched_at=now,
        total=one.total,
        to_create=one.to_create,
        to_update=one.to_update,
        unchanged=one.unchanged,
        bad=one.bad,
        bad_columns=one.bad_columns,
        new_titles=one.new_titles,
    )
    if not changed:
        return False  # discarded meanwhile; the sweep forgets what was found
    events.record(
        "import.checked", one, actor=one.created_by, at=now,
        new=one.to_create, changed=one.to_update, unchanged=one.unchanged, bad=one.bad,
    )  # fmt: skip
    return True


def _check(one: CustomerImport, progress: Progress) -> None:
    ImportRow.objects.filter(of=one).delete()
    with storing.opened(one) as rows:
        progress.begin(sum(1 for _ in rows))
    titles, rules, seen = Titles.load(), rules_of(one), Seen()
    counts: Counter[str] = Counter()
    bad_columns: Counter[str] = Counter()
    new_titles: dict[str, dict[str, str]] = {}
    with storing.opened(one) as rows:
        parsed = (mapping.apply(one, number, row) for number, row in rows)
        for chunk in chunked(parsed):
            known = facts.load(chunk, titles)
            decisions = [decide(row, known, rules, seen) for row in chunk]
            _store(one, decisions)
            counts.update(decision.action for decision in decisions)
            for decision in decisions:
                bad_columns.update({its.column for its in decision.problems})
            _note_new(decisions, titles, new_titles)
            progress.tell(counts.total())
    one.total = counts.total()
    one.to_create, one.to_update = counts[Action.CREATE], counts[Action.UPDATE]
    one.unchanged, one.bad = counts[Action.SAME], counts[Action.BAD]
    one.bad_columns = dict(bad_columns.most_common())
    one.new_titles = {name: sorted(found.values()) for name, found in new_titles.items()}


def rules_of(one: CustomerImport) -> Rules:
    """The choices for the whole file."""
    headings: dict[str, str] = {}
    for column, name in sorted(one.columns.items(), key=lambda item: int(item[0])):
        headings.setdefault(name, one.headings[int(column)])
    return Rules(one.create_titles, one.all_new, headings, codes.title_words(Preferences.get().titles))


def chunked(rows: Iterable[Parsed]) -> Iterator[list[Parsed]]:
    """Stretches of at most CHUNK rows."""
    source = iter(rows)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _store(one: CustomerImport, decisions: list[Decision]) -> None:
    """The decisions, encrypted; of an unchanged row there is nothing to keep but that it is."""
    copy(
        ImportRow,
        ("of_id", "number", "action", "customer_id", "title", "content", "outcome", "reason"),
        [
            (
                one.pk, decision.number, decision.action.value, decision.customer_id,
                _sealed(decision.title[:200]), _sealed(_content(decision)), "", "",
            )
            for decision in decisions
        ],
    )  # fmt: skip


def _content(decision: Decision) -> str:
    if decision.action == Action.SAME:
        return ""
    if decision.action == Action.BAD:
        return dumps({"problems": [(its.column, its.value[:500], its.reason) for its in decision.problems]})
    return dumps({"values": decision.values, "changes": decision.changes})


def _sealed(text: str) -> bytes:
    return encrypt(text.encode()) if text else b""


def _note_new(decisions: list[Decision], titles: Titles, new: dict[str, dict[str, str]]) -> None:
    """Collect the titles that rows which can be imported would add."""
    for decision in decisions:
        if decision.action not in (Action.CREATE, Action.UPDATE):
            continue
        for name in TITLED:
            for title in titles.unknown(name, decision.values.get(name, "")):
                new.setdefault(name, {}).setdefault(title.casefold(), title)
