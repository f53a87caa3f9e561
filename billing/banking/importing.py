"""The acts on a bank statement: read it, choose its columns, post its lines as payments, take them back.

Posting and undoing are asked for here and done line by line by the sweep `bank_imports`, each line in a transaction
of its own: whatever is killed goes on where it stopped, and a line that is refused never stops the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from json import dumps, loads
from pathlib import PurePath

from django.db import connection, transaction

from billing.banking import guessing, payouts, reading
from billing.banking.models import BankImport, BankImportState, BankLine, BankLineState
from billing.banking.reading import Columns, Entry
from billing.payments import proposing, receiving, returning
from billing.payments.models import Method, Payment
from billing.payments.proposing import Clue
from billing.payments.receiving import Money
from billing.payments.returning import Why
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import cents


def receive(content: bytes, name: str, now: datetime, *, actor: User | None) -> BankImport:
    """Keep the lines of a file for a preview. Raises Unreadable with what is wrong with the file."""
    statement = reading.read(content)
    with transaction.atomic():
        one = BankImport.objects.create(
            name=PurePath(name.replace("\\", "/")).name[-200:] or "file",
            kind=statement.kind,
            created_at=now,
            created_by=actor,
            table=dumps(statement.table) if statement.table else "",
        )
        if statement.kind == reading.CSV:
            columns = guessing.guess(statement.table)
            if columns is not None:
                _arrange(one, columns)
        else:
            _fill(one, statement.entries, statement.problems)
        events.record("bank_import.uploaded", one, actor=actor, at=now, format=statement.kind)
    return one


def choose_columns(one: BankImport, columns: Columns) -> BankImport:
    """Read a table again with other columns. Raises DomainError when it is not a preview any more."""
    with transaction.atomic():
        row = _in_state(one, BankImportState.PREVIEWED)
        if not row.table:
            raise DomainError("Its lines are not in columns; there is nothing to choose.")
        _arrange(row, columns)
    return row


def columns_of(one: BankImport) -> Columns | None:
    """The chosen columns of a table."""
    if one.columns is None:
        return None
    return Columns(**{**one.columns, "references": tuple(one.columns["references"])})


def leave_out(line: BankLine, *, out: bool) -> None:
    """Do not post a line, or post it after all; of a preview alone."""
    with transaction.atomic():
        _in_state(line.bank_import, BankImportState.PREVIEWED)
        was, becomes = (
            (BankLineState.NEW, BankLineState.LEFT_OUT)
            if out
            else (BankLineState.LEFT_OUT, BankLineState.NEW)
        )
        if not BankLine.objects.filter(pk=line.pk, state=was).update(state=becomes):
            raise DomainError(f"It is {BankLineState(line.state).label.lower()}.")


def book_as(line: BankLine, payout_of: str, fee: Decimal) -> None:
    """Say that a line of a preview is a pay-out of a clearing account, less a fee; "": a payment after all.

    Raises DomainError when it is not to be posted, or a fee has nothing to be taken from.
    """
    if payout_of not in ("", *payouts.CLEARINGS):
        raise DomainError("There is no such clearing account.")
    if fee < 0 or fee != cents(fee) or (fee and not payout_of):
        raise DomainError("A fee is an amount in whole cents, and belongs to a pay-out.")
    with transaction.atomic():
        _in_state(line.bank_import, BankImportState.PREVIEWED)
        rows = BankLine.objects.filter(pk=line.pk, state=BankLineState.NEW)
        if not rows.update(payout_of=payout_of, payout_fee=fee):
            raise DomainError(f"It is {BankLineState(line.state).label.lower()}.")


def discard(one: BankImport, now: datetime, *, actor: User | None) -> None:
    """Throw a preview away; nothing of it was posted."""
    with transaction.atomic():
        row = _in_state(one, BankImportState.PREVIEWED)
        events.record("bank_import.discarded", row, actor=actor, at=now)
        row.delete()


def post(one: BankImport, now: datetime, *, actor: User | None) -> BankImport:
    """Ask for the lines of a preview to be posted. Raises DomainError when it is none, or has nothing to post."""
    with transaction.atomic():
        row = _in_state(one, BankImportState.PREVIEWED)
        if not waiting_to_post(row):
            raise DomainError("There is nothing to post in it.")
        row.state, row.table = BankImportState.POSTING, ""
        row.save(update_fields=["state", "table"])
        events.record("bank_import.asked", row, actor=actor, at=now)
    return row


def undo(one: BankImport, now: datetime, *, actor: User | None) -> BankImport:
    """Ask for every payment of a posted file to be taken back; its lines may then be imported again."""
    with transaction.atomic():
        row = _in_state(one, BankImportState.POSTED)
        row.state = BankImportState.UNDOING
        row.save(update_fields=["state"])
        events.record("bank_import.undo_asked", row, actor=actor, at=now)
    return row


def waiting(one: BankImport) -> Sequence[int]:
    """The keys of the lines that posting or undoing has left to do."""
    if one.state == BankImportState.POSTING:
        rows = one.lines.filter(state=BankLineState.NEW)
    else:
        rows = one.lines.filter(state=BankLineState.POSTED, payment__taken_back_on=None)
    return list(rows.values_list("pk", flat=True))


def waiting_to_post(one: BankImport) -> bool:
    """Whether a preview has lines to post."""
    return one.lines.filter(state=BankLineState.NEW).exists()


def certain_lines(one: BankImport, now: datetime) -> int:
    """How many lines to post name one customer alone."""
    rows = one.lines.filter(state=BankLineState.NEW, payout_of="").values_list("pk", "reference", "amount")
    found = proposing.propose([Clue(*row) for row in rows], now)
    return sum(proposing.certain(proposals) is not None for proposals in found.values())


def post_line(pk: int, now: datetime) -> bool:
    """Record one line as a payment, credited where it names one customer alone, or book it as a pay-out.

    False when there is nothing to do.
    """
    with transaction.atomic():
        line = _line(pk, BankLineState.NEW, BankImportState.POSTING)
        if line is None:
            return False
        _lock(line.digest)
        if BankLine.objects.filter(digest=line.digest, state=BankLineState.POSTED).exists():
            _set(line, BankLineState.KNOWN)
            return True
        actor = line.bank_import.created_by
        try:
            with transaction.atomic():
                if line.payout_of:
                    line.posting = payouts.post(line, now)
                else:
                    line.payment = receiving.receive(_money(line, now), now, actor=actor)
        except DomainError as refusal:
            line.refusal = str(refusal)[:200]
            _set(line, BankLineState.REFUSED)
            return True
        _set(line, BankLineState.POSTED)
    return True


def undo_line(pk: int, now: datetime) -> bool:
    """Take the payment or pay-out of one line back; False when there is nothing to do.

    What somebody took back by itself, as the bank returned it, stays posted: importing the file again must not bring
    it back.
    """
    with transaction.atomic():
        line = _line(pk, BankLineState.POSTED, BankImportState.UNDOING)
        if line is None:
            return False
        if line.posting is not None:
            payouts.take_back(line.posting, now)
            _set(line, BankLineState.UNDONE)
            return True
        if line.payment is None or line.payment.taken_back_on is not None:
            return False
        on = max(local_day(now), receiving.changeable_since(line.payment))
        actor, reason = line.bank_import.created_by, f"The import of {line.bank_import} was undone"
        returning.take_back(line.payment, Why.MISTAKE, on, now, actor=actor, reason=reason)
        _set(line, BankLineState.UNDONE)
    return True


def finish(pk: int, now: datetime) -> bool:
    """Close the work on a file whose lines are all done."""
    with transaction.atomic():
        one = BankImport.objects.select_for_update(no_key=True).filter(pk=pk).first()
        after = {
            BankImportState.POSTING: BankImportState.POSTED,
            BankImportState.UNDOING: BankImportState.UNDONE,
        }
        if one is None or one.state not in after or waiting(one):
            return False
        one.state = after[BankImportState(one.state)]
        one.save(update_fields=["state"])
        payments = Payment.objects.filter(bank_line__bank_import=one).count()
        pay_outs = one.lines.exclude(posting=None).count()
        events.record(f"bank_import.{one.state}", one, at=now, payments=payments, pay_outs=pay_outs)
    return True


def _arrange(one: BankImport, columns: Columns) -> None:
    entries, problems = reading.entries_of(loads(str(one.table)), columns)
    one.columns = asdict(columns)
    one.save(update_fields=["columns"])
    _fill(one, entries, problems)


def _fill(one: BankImport, entries: Sequence[Entry], problems: Sequence[str]) -> None:
    """The lines of money in; those that another file brought are known."""
    incoming = [entry for entry in entries if entry.amount > 0]
    posted = BankLine.objects.filter(state=BankLineState.POSTED)
    known = set(
        posted.filter(digest__in=[entry.digest for entry in incoming]).values_list("digest", flat=True)
    )
    one.lines.all().delete()
    BankLine.objects.bulk_create(
        [
            BankLine(
                bank_import=one,
                number=entry.number,
                booked_on=entry.booked_on,
                amount=entry.amount,
                reference=entry.reference,
                digest=entry.digest,
                state=BankLineState.KNOWN if entry.digest in known else BankLineState.NEW,
            )
            for entry in incoming
        ],
        batch_size=1000,
    )
    one.problems, one.outgoing = list(problems), sum(entry.amount < 0 for entry in entries)
    one.save(update_fields=["problems", "outgoing"])


def _in_state(one: BankImport, state: BankImportState) -> BankImport:
    row = BankImport.objects.select_for_update(no_key=True).filter(pk=one.pk).first()
    if row is None or row.state != state:
        raise DomainError("It was changed meanwhile; reload the page.")
    return row


def _line(pk: int, state: BankLineState, doing: BankImportState) -> BankLine | None:
    """The line, locked, if it is still to be done and nobody else has it."""
    rows = BankLine.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
    return (
        rows.filter(pk=pk, state=state, bank_import__state=doing)
        .select_related("bank_import__created_by", "payment", "posting")
        .first()
    )


def _lock(digest: str) -> None:
    """Two files with the same line wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"bank line {digest}"])


def _money(line: BankLine, now: datetime) -> Money:
    proposals = proposing.propose([Clue(line.pk, line.reference, line.amount)], now).get(line.pk, [])
    proposal = proposing.certain(proposals)
    return Money(
        amount=line.amount,
        received_on=line.booked_on,
        source_key=f"bank:{line.pk}",
        payer=proposal.customer if proposal else None,
        method=Method.EFT,
        reference=line.reference,
        note=f"{line.bank_import}, row {line.number}"[:300],
    )


def _set(line: BankLine, state: BankLineState) -> None:
    line.state = state
    line.save(update_fields=["state", "payment", "posting", "refusal"])


#: What is done with the lines of a file in each state of work: the act's name, and what people call it.
WORK = {
    BankImportState.POSTING: ("post", "record the payment"),
    BankImportState.UNDOING: ("undo", "take the payment back"),
}
ACTS: dict[str, Callable[[int, datetime], bool]] = {"post": post_line, "undo": undo_line, "finish": finish}
