"""One zip with everything about a person, no secret in it, for a few days, and every download recorded."""

import json
from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from customers.models import Attachment, Customer, Note, SubjectExport
from ispbilling import sweeping
from ispbilling.core import events
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.files import keeping
from ispbilling.core.models import Event, Role, User
from ispbilling.core.secrets import SecretField
from ispbilling.protection import exporting, subject
from tests import builders

pytestmark = pytest.mark.feature("PRO-3")


@pytest.fixture
def known(alice: Customer, bob: Customer) -> Customer:
    """Alice, with something of hers in every app; and Bob, of whom nothing may get out."""
    Customer.objects.filter(pk=alice.pk).update(id_number="8001015009087")
    builders.note(customer=alice, text="the dog bites")
    builders.attachment(b"the lease", "lease.txt", customer=alice)
    line = builders.data_account(customer=alice, username="alice-line", secret="wire-secret-of-alice")
    builders.session(data_account=line, calling_station_id="AA-BB-CC")
    builders.invoice(alice)
    builders.message(customer=alice, body_text="Dear Alice, your invoice")
    builders.portal_user(alice)
    events.record("customer.edited", alice, changes={"phone": ["", "021 555 0000"]})
    builders.note(customer=bob, text="the cat purrs")
    builders.attachment(b"the will", "will.txt", customer=bob)
    builders.invoice(bob)
    alice.refresh_from_db()
    return alice


def bundle(export: SubjectExport) -> ZipFile:
    return ZipFile(BytesIO(keeping.place(export.path).read_bytes()))


def test_it_holds_everything_of_the_person_and_nothing_of_others(known: Customer) -> None:
    made = bundle(builders.subject_export(customer=known))
    assert made.testzip() is None
    names = set(made.namelist())
    pk = known.attachments.get().pk
    reference = known.documents.get().reference
    assert {f"documents/{reference}.pdf", f"files/{pk} lease.txt", "README.txt", "data/events.json"} <= names
    assert made.read(f"files/{pk} lease.txt") == b"the lease"
    assert made.read(f"documents/{reference}.pdf").startswith(b"%PDF")
    data = {name: made.read(name).decode() for name in names if name.startswith("data/")}
    for words, name in {
        "8001015009087": "customers.customer",
        "the dog bites": "customers.note",
        "alice-line": "radius.dataaccount",
        "AA-BB-CC": "radius.session",
        "Dear Alice, your invoice": "notifications.message",
        "021 555 0000": "events",
        "Installation": "billing.documentline",
    }.items():
        assert words in data[f"data/{name}.json"], name
        json.loads(data[f"data/{name}.json"])
    everything = "".join(data.values())
    for words in ("wire-secret-of-alice", "md5$", "the cat purrs", "will.txt", "BOB001"):
        assert words not in everything, words


def test_every_table_about_a_customer_is_handed_out_or_left_out_for_a_reason() -> None:
    labels = {model._meta.label for model in subject.tables()}
    handed = {model._meta.label for model in subject.exported()}
    assert set(subject.LEFT_OUT) <= labels, "a reason without a table"
    assert labels == handed | set(subject.LEFT_OUT)
    assert all(subject.LEFT_OUT.values())
    assert {"customers.Contact", "radius.UsageDay", "billing.Line", "notifications.Message"} <= handed


def test_no_secret_column_is_ever_handed_out_but_the_persons_own_numbers() -> None:
    secrets = {
        f"{model._meta.label}.{field.name}"
        for model in subject.exported()
        for field in subject.columns(model)
        if isinstance(field, SecretField)
    }
    assert secrets == {"customers.Customer.id_number", "billing.Mandate.account_number"}


def test_the_page_orders_it_and_hands_it_out_with_a_record(
    as_manager: Client, manager: User, alice: Customer
) -> None:
    page = reverse("protection:subject", args=[alice.pk])
    order = reverse("protection:export_add", args=[alice.pk])
    assert "Nothing was exported yet" in as_manager.get(page).content.decode()
    assert "required" in as_manager.post(order, {"reason": ""}).content.decode()
    as_manager.post(order, {"reason": "asked by letter of 3 November"})
    assert "Being made" in as_manager.get(page).content.decode()
    assert "being made already" in as_manager.post(order, {"reason": "again"}).content.decode()
    assert sweeping.run("subject_exports", now()).applied == 1
    export = alice.exports.get()
    there = reverse("protection:export_download", args=[export.pk])
    assert there in as_manager.get(page).content.decode()
    answer = as_manager.get(there)
    assert "ALI001-" in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "private, no-store"
    assert ZipFile(BytesIO(b"".join(answer.streaming_content))).testzip() is None
    event = Event.objects.about(alice).get(kind="subject_export.downloaded")
    assert event.actor == manager
    support = Client()
    support.force_login(builders.staff(Role.SUPPORT))
    assert support.get(there).status_code == 403


def test_it_expires_and_its_file_with_it(
    as_manager: Client, alice: Customer, django_capture_on_commit_callbacks: Any
) -> None:
    export = builders.subject_export(customer=alice)
    path = keeping.place(export.path)
    later = now() + timedelta(days=settings.EXPORT_KEEP_DAYS, minutes=1)
    with pytest.raises(DomainError, match="has expired"):
        exporting.hand_out(export, later, actor=builders.staff())
    with django_capture_on_commit_callbacks(execute=True):
        sweeping.run("subject_exports", later)
    export.refresh_from_db()
    assert (export.state, export.path, path.exists()) == ("expired", "", False)
    assert as_manager.get(reverse("protection:export_download", args=[export.pk])).status_code == 404


def test_a_file_gone_from_the_disk_is_named_and_does_not_stop_the_export(alice: Customer) -> None:
    keeping.discard(builders.attachment(b"x", "lost.txt", customer=alice).path)
    names = bundle(builders.subject_export(customer=alice)).namelist()
    assert f"files/{Attachment.objects.get().pk} lost.txt.missing.txt" in names


def test_a_failure_is_said_and_leaves_nothing(as_manager: Client, alice: Customer) -> None:
    roof = builders.attachment(customer=alice)
    Attachment.objects.filter(pk=roof.pk).update(path="damaged")
    before = set(keeping.root().rglob("*"))
    export = builders.subject_export(customer=alice)
    assert (export.state, export.path) == ("failed", "")
    assert "not a stored path" in export.error
    assert {one for one in set(keeping.root().rglob("*")) - before if one.is_file()} == set()
    page = as_manager.get(reverse("protection:subject", args=[alice.pk])).content.decode()
    assert "order it again" in page


def test_the_database_refuses_nonsense(alice: Customer) -> None:
    export = builders.subject_export(customer=alice)
    with pytest.raises(IntegrityError, match="file_when_ready"), transaction.atomic():
        SubjectExport.objects.filter(pk=export.pk).update(path="")
    assert Note.objects.count() == 0
