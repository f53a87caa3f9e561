"""The daily anchor, kept in three places, and what it proves when somebody rewrites the database."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from billing.documents import verification as documents
from billing.ledger import verification
from billing.ledger.verification import Anchored, Point
from billing.models import Anchor, BillingSettings, ChainHead, Seal, Verification
from billing.proving import anchoring, verifying
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, Role
from ispbilling.doctor import checks
from notifications import announce
from notifications.models import Message
from tests import builders
from tests.billing.test_verify_ledger import tamper

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-5")]


@pytest.fixture(autouse=True)
def folder(settings: LazySettings, tmp_path: Path) -> Path:
    settings.LEDGER_ANCHOR_DIR = str(tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


def sweep(days: int = 0) -> int:
    at = now() + timedelta(days=days)
    return anchoring.plan(at).apply(at).applied


def cut(after: int) -> None:
    """The tail gone with everything that knows of it: paper, numbers, seals, head, balances."""
    last = Seal.objects.get(seq=after)
    tamper(
        "CREATE TEMP TABLE gone ON COMMIT DROP AS"
        f" SELECT id, document_id FROM billing_posting WHERE seal_id > {after}",
        "DELETE FROM billing_line WHERE posting_id IN (SELECT id FROM gone)",
        "DELETE FROM billing_posting WHERE id IN (SELECT id FROM gone)",
        "DELETE FROM billing_documentline WHERE document_id IN (SELECT document_id FROM gone)",
        "DELETE FROM billing_document WHERE id IN (SELECT document_id FROM gone)",
        "UPDATE billing_numbersequence SET last = (SELECT count(*) FROM billing_document)",
        f"DELETE FROM billing_seal WHERE seq > {after}",
        f"UPDATE billing_chainhead SET seq = {after}, hash = decode('{bytes(last.hash).hex()}', 'hex')",
        "UPDATE billing_balance b SET amount = coalesce((SELECT sum(amount) FROM billing_line l"
        " JOIN billing_account a ON a.id = l.account_id AND a.code = 'receivable'"
        " WHERE l.customer_id = b.customer_id), 0)",
        "DROP TABLE gone",
    )


def test_one_a_day_in_the_table_the_file_and_the_mail(alice: Customer, folder: Path) -> None:
    assert sweep() == 0  # nothing to anchor
    BillingSettings.objects.update(anchor_emails="boss@isp.test, auditor@isp.test")
    builders.invoice(alice)
    assert sweep() == 2
    assert (sweep(), sweep()) == (0, 0)
    builders.payment(alice, "15.00")
    sweep(days=3)  # two days nobody was there: no harm
    first, second = Anchor.objects.order_by("day")
    head = ChainHead.objects.get()
    assert (first.day, second.day) == (local_day(now()), local_day(now()) + timedelta(days=3))
    assert (second.seq, bytes(second.hash), second.postings) == (head.seq, bytes(head.hash), 2)
    assert dict(second.totals) == {
        "bank": "15.00",
        "receivable": "100.00",
        "revenue": "-100.00",
        "vat": "-15.00",
    }
    lines = (folder / anchoring.FILE).read_text().splitlines()
    assert [line.split()[1] for line in lines] == [first.text, second.text]
    announce.announce(now()).apply(now())
    mails = Message.objects.filter(kind="ledger_anchor").order_by("pk")
    assert [mail.to_address for mail in mails] == ["boss@isp.test", "auditor@isp.test"] * 2
    assert mails[0].body_text.startswith(first.text)
    (folder / anchoring.FILE).unlink()  # a disk that was replaced gets them all again
    sweep(days=3)
    assert len((folder / anchoring.FILE).read_text().splitlines()) == 2


def test_postgresql_refuses_to_change_one_and_to_make_one_up(alice: Customer) -> None:
    builders.invoice(alice)
    sweep()
    for change in (
        lambda: Anchor.objects.update(seq=7),
        lambda: Anchor.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
    with pytest.raises(IntegrityError, match="has not this hash"), transaction.atomic():
        Anchor.objects.create(
            day=date(2026, 1, 1), at=now(), seq=1, hash=b"x", postings=1, totals=[], digest=b""
        )


def test_a_tail_cut_off_with_its_seals_and_the_head_is_found_and_located(
    alice: Customer, folder: Path, capsys: Any
) -> None:
    builders.invoice(alice)
    sweep()
    first = Anchor.objects.get()
    builders.invoice(alice)
    builders.invoice(alice)
    sweep(days=1)
    last = Anchor.objects.first()
    assert list(verifying.everything()) == []
    cut(after=2)
    expected = (
        f"the anchor of {last.day} is at seal 3, the seals end at 2: the tail was cut off after seal 1,"
    )
    assert list(verifying.everything()) == [f"{expected} which fits the anchor of {first.day}"]
    # Whoever takes the anchors away, too, is found by the file, or by what a mail said.
    tamper("DELETE FROM billing_anchor")
    assert list(verifying.everything()) == []
    with pytest.raises(CommandError, match="1 findings"):
        call_command("verify_ledger")
    assert f"line 2 of {folder / anchoring.FILE} ({last.day}) is at seal 3" in capsys.readouterr().out
    (folder / anchoring.FILE).unlink()
    call_command("verify_ledger")
    with pytest.raises(CommandError, match="1 findings"):
        call_command("verify_ledger", "--anchor", last.text)
    assert "the anchor given is at seal 3, the seals end at 2" in capsys.readouterr().out
    with pytest.raises(CommandError, match="is no anchor"):
        call_command("verify_ledger", "--anchor", "3 nonsense")


def test_books_rewritten_from_some_day_on_are_found(alice: Customer) -> None:
    for day in range(3):
        builders.invoice(alice)
        sweep(days=day)
    first, _, third = Anchor.objects.order_by("day")
    forged = [first.anchored, Anchored(2, b"\1" * 32, "a forgery"), third.anchored]
    point = Point()
    while (there := verification.walk(point, lambda ids: {})[0]) != point:
        point = there
    assert list(verification.ending(point, forged)) == [
        f"seal 2 is not the one of a forgery: the books were rewritten after seal 1, which fits {first.anchored.source}"
    ]
    tamper("""UPDATE billing_anchor SET totals = '[["bank", "1.00"]]' WHERE seq = 2""")
    assert [s.split(" of ")[0] for s in verifying.everything()] == ["the anchor"]


def client(role: Role) -> Client:
    made = Client()
    made.force_login(builders.staff(role))
    return made


def test_the_doctor_says_when_nobody_keeps_a_copy(alice: Customer, settings: LazySettings) -> None:
    def said() -> tuple[bool | None, str]:
        (found,) = checks.books()
        return found.ok, found.sentence

    assert said() == (True, "Nothing was posted yet.")
    builders.invoice(alice)
    assert said() == (True, "The ledger's first anchor is written within half an hour.")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_migrations SET applied = applied - interval '3 hours'")
    assert said() == (False, "No anchor of the ledger was written at all.")
    sweep()
    assert said()[0] is True
    settings.LEDGER_ANCHOR_DIR = ""
    assert said() == (None, "The ledger's anchors are kept nowhere but in the database.")
    BillingSettings.objects.update(anchor_emails="auditor@isp.test")
    assert "auditor@isp.test" in said()[1]


def test_staff_have_the_books_verified_in_the_background(alice: Customer) -> None:
    builders.invoice(alice)
    sweep()
    money = client(Role.FINANCIAL_MANAGER)
    proof, verify = reverse("billing:ledger_proof"), reverse("billing:ledger_verify")
    page = money.get(proof).content.decode()
    assert Anchor.objects.get().text in page
    assert "were not verified yet" in page
    assert money.post(verify).status_code == 302
    assert "Verifying the books" in money.get(reverse("running")).content.decode()
    assert "Waiting for a worker" in money.get(proof).content.decode()
    assert "being verified already" in money.post(verify).content.decode()
    with pytest.raises(DomainError):
        verifying.ask(now(), actor=None)
    verifying.plan(now()).apply(now())
    assert "Everything fits" in money.get(proof).content.decode()
    tamper("UPDATE billing_line SET amount = amount * 2")
    money.post(verify)
    verifying.plan(now()).apply(now())
    last = Verification.objects.first()
    assert (last.found > 0, last.postings) == (True, 1)
    assert "does not match its digest" in money.get(proof).content.decode()
    assert Event.objects.filter(kind="verification.finished").count() == 2
    assert client(Role.ACCOUNTS).post(verify).status_code == 403


def test_the_end_is_not_looked_at_before_the_chain_is_walked_to_it(alice: Customer) -> None:
    for _ in range(5):
        builders.invoice(alice)
    asked = verifying.ask(now(), actor=None)
    walk, finish = verifying.plan(now()).steps
    assert verifying._apply([finish], now()) == 0
    verifying._apply([walk], now())  # a worker that is killed here goes on from here
    builders.invoice(alice)
    assert verifying._apply([finish], now()) == 0  # what was posted meanwhile is walked, too
    verifying.plan(now()).apply(now())
    asked.refresh_from_db()
    assert (asked.postings, asked.found, asked.seq, asked.state) == (6, 0, 6, "done")


def test_the_chain_is_walked_batch_by_batch(alice: Customer) -> None:
    for _ in range(5):
        builders.invoice(alice)
    points = [verification.START]
    while (there := verification.walk(points[-1], documents.document_digests, batch=2)[0]) != points[-1]:
        points.append(there)
    assert [point.postings for point in points] == [0, 2, 4, 5]
