"""All paper of a run as one zip: in the background, part by part, resumable, for a few days, and recorded."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.conf import LazySettings, settings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from billing import sweeps
from billing.archives import making
from billing.archives.models import ArchiveState, RunArchive
from billing.documents.rendering import render_pdf
from billing.models import Document, Run
from billing.runs import undoing
from customers.models import Customer
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.files import keeping
from ispbilling.core.models import Event, Role
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def disk(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def run(db: None) -> Run:
    for number in range(5):
        builders.recurring_line(customer=builders.customer(), price=Decimal(100 + number))
    return builders.issued_run()


def sweep() -> None:
    making.plan(now()).apply(now())


def bundle(archive: RunArchive) -> ZipFile:
    return ZipFile(BytesIO(keeping.place(archive.path).read_bytes()))


def files() -> int:
    return sum(1 for path in keeping.root().rglob("*") if path.is_file())


def test_it_holds_the_paper_of_every_document(run: Run, django_capture_on_commit_callbacks: Any) -> None:
    archive = making.ask(run, now(), actor=None, part=2)
    assert [(part.number, part.documents) for part in archive.parts.order_by("number")] == [
        (0, 2),
        (1, 2),
        (2, 1),
    ]
    with django_capture_on_commit_callbacks(execute=True):
        sweep()
    archive.refresh_from_db()
    made = bundle(archive)
    assert made.testzip() is None
    documents = Document.objects.filter(run=run).order_by("pk")
    assert made.namelist() == [f"{document.reference}.pdf" for document in documents]
    assert made.read(made.namelist()[3]) == render_pdf(documents[3])
    assert (archive.state, archive.documents, archive.done) == (ArchiveState.READY, 5, 5)
    assert archive.size == keeping.place(archive.path).stat().st_size
    assert files() == 1  # the parts are gone
    sweep()
    assert Event.objects.filter(kind="run_archive.made").count() == 1


def test_the_same_documents_make_the_same_file(run: Run) -> None:
    digests = []
    for part in (2, 3):
        archive = making.ask(run, now(), actor=None, part=part)
        sweep()
        archive.refresh_from_db()
        digests.append(archive.sha256)
    assert digests[0] == digests[1]


def test_a_killed_worker_loses_its_part_and_no_more(
    run: Run, django_capture_on_commit_callbacks: Any
) -> None:
    archive = making.ask(run, now(), actor=None, part=2)
    first, second, *_ = making.plan(now()).steps
    assert making._apply([first], now()) == 1
    # What a worker leaves that is killed while it writes the second part: half a file, and no word of it.
    torn = keeping.place(archive.parts.get(number=1).path)
    torn.parent.mkdir(parents=True, exist_ok=True)
    torn.write_bytes(b"PK half a zip")
    assert archive.done == 2
    assert making.plan(now()).steps[0].key == second.key
    with django_capture_on_commit_callbacks(execute=True):
        sweep()
    archive.refresh_from_db()
    assert archive.state == ArchiveState.READY
    assert len(bundle(archive).namelist()) == 5
    assert files() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_not_make_the_same_part(run: Run) -> None:
    making.ask(run, now(), actor=None, part=1)

    def work(_: int) -> int:
        try:
            return making.plan(now()).apply(now()).applied
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = sum(pool.map(work, range(2)))
    while RunArchive.objects.get().state == ArchiveState.WAITING:
        done += making.plan(now()).apply(now()).applied
    assert done == 6  # five parts, one join
    assert len(bundle(RunArchive.objects.get()).namelist()) == 5


def test_one_is_made_at_a_time_and_postgresql_says_so(run: Run) -> None:
    archive = making.ask(run, now(), actor=None)
    with pytest.raises(DomainError, match="being made already"):
        making.ask(run, now(), actor=None)
    with pytest.raises(IntegrityError, match="billing_runarchive_one_waiting"), transaction.atomic():
        RunArchive.objects.create(run=run, asked_at=now(), documents=1, path="x")
    with pytest.raises(IntegrityError, match="billing_runarchive_ready"), transaction.atomic():
        RunArchive.objects.filter(pk=archive.pk).update(state="ready")


def test_a_run_without_paper_or_in_the_middle_has_none(alice: Customer, run: Run) -> None:
    undoing.request(run, now(), actor=None, reason="wrong")
    with pytest.raises(DomainError, match="being undone"):
        making.ask(run, now(), actor=None)
    sweeps.issue_runs(now()).apply(now())
    assert making.ask(run, now(), actor=None).documents == 10  # with the credit notes
    builders.recurring_line(customer=alice)
    with pytest.raises(DomainError, match="Nothing was issued"):
        making.ask(builders.run(), now(), actor=None)


def test_what_cannot_be_made_is_told_and_may_be_ordered_again(
    run: Run, django_capture_on_commit_callbacks: Any
) -> None:
    archive = making.ask(run, now(), actor=None, part=2)
    making._apply(making.plan(now()).steps[:3], now())
    keeping.place(archive.parts.get(number=1).path).write_bytes(b"what a full disk left")
    with django_capture_on_commit_callbacks(execute=True):
        sweep()
    archive.refresh_from_db()
    assert archive.state == ArchiveState.FAILED
    assert "BadZipFile" in archive.error
    assert files() == 0
    making.ask(run, now(), actor=None)
    sweep()
    assert RunArchive.objects.filter(state=ArchiveState.READY).count() == 1


def test_it_is_deleted_after_its_days(run: Run) -> None:
    archive = making.ask(run, now(), actor=None)
    sweep()
    later = now() + timedelta(days=settings.EXPORT_KEEP_DAYS, seconds=1)
    making.plan(later).apply(later)
    archive.refresh_from_db()
    assert archive.state == ArchiveState.EXPIRED
    with pytest.raises(DomainError, match="has expired"):
        making.hand_out(archive, later, actor=builders.staff())


def client(role: Role) -> Client:
    made = Client()
    made.force_login(builders.staff(role))
    return made


def test_the_run_leads_to_it_with_progress_and_a_recorded_download(run: Run) -> None:
    accounts = client(Role.ACCOUNTS)
    pdfs = reverse("billing:run_pdfs", args=[run.pk])
    assert pdfs in accounts.get(run.get_absolute_url()).content.decode()
    assert "Nothing was made yet" in accounts.get(pdfs).content.decode()
    make = reverse("billing:run_pdfs_make", args=[run.pk])
    assert "5 PDFs" in accounts.get(make).content.decode()
    page = accounts.post(make, follow=True).content.decode()
    assert "0 of 5" in page
    assert 'hx-trigger="every 2s"' in page
    assert "being made already" in accounts.post(make).content.decode()
    archive = RunArchive.objects.get()
    download = reverse("billing:run_pdfs_download", args=[archive.pk])
    assert accounts.get(download).status_code == 404
    sweep()
    part = accounts.get(pdfs, headers={"HX-Request": "true", "HX-Target": "archives"}).content.decode()
    assert download in part
    assert "<html" not in part
    answer = accounts.get(download)
    assert answer["Content-Type"] == "application/zip"
    assert ".zip" in answer["Content-Disposition"]
    assert len(ZipFile(BytesIO(b"".join(answer.streaming_content))).namelist()) == 5
    assert Event.objects.get(kind="run_archive.downloaded").subject_id == archive.pk


def test_read_only_staff_see_it_and_take_nothing(run: Run) -> None:
    archive = making.ask(run, now(), actor=None)
    sweep()
    reader = client(Role.READ_ONLY)
    page = reader.get(reverse("billing:run_pdfs", args=[run.pk])).content.decode()
    assert "Make Zip</" not in page
    assert reader.get(reverse("billing:run_pdfs_download", args=[archive.pk])).status_code == 403
