"""Attachments: added several at once, seen by whoever may, never as themselves, removed and taken back."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from customers.accounts.models import Customer
from customers.files import attaching
from customers.files.models import Attachment
from ispbilling import sweeping
from ispbilling.core.clock import now
from ispbilling.core.files import keeping
from ispbilling.core.models import Event, Role
from tests import builders

pytestmark = [pytest.mark.feature("PRO-12")]


def url(name: str, attachment: Attachment) -> str:
    return reverse(f"customers:attachment_{name}", args=[attachment.pk])


def add(client: Client, customer: Customer, *files: tuple[str, bytes], **more: str) -> Any:
    uploads = [SimpleUploadedFile(name, content) for name, content in files]
    there = reverse("customers:customer_attach", args=[customer.pk])
    return client.post(there, {"files": uploads, **more}, follow=True)


def test_several_files_are_added_at_once_and_a_bad_one_does_not_stop_the_rest(
    as_manager: Client, alice: Customer
) -> None:
    good, paper = ("roof.png", builders.picture()), ("terms.txt", b"words")
    found = add(
        as_manager, alice, good, ("photo.jpg", b"<html>"), paper, description="the site"
    ).content.decode()
    assert "2 attachments are added." in found
    assert "photo.jpg is not a picture: its content is a web page." in found
    assert [a.name for a in alice.attachments.all()] == ["terms.txt", "roof.png"]
    assert {a.description for a in alice.attachments.all()} == {"the site"}
    assert Event.objects.about(alice).filter(kind="attachment.added").count() == 2


def test_nothing_good_is_an_error_at_the_form(as_manager: Client, alice: Customer) -> None:
    found = add(as_manager, alice, ("photo.jpg", b"<html>")).content.decode()
    assert "Nothing was saved" in found
    assert "its content is a web page" in found
    there = reverse("customers:customer_attach", args=[alice.pk])
    assert "Choose at least one file." in as_manager.post(there).content.decode()
    many = [(f"{n}.txt", b"x") for n in range(21)]
    assert "At most 20 files at once; these are 21." in add(as_manager, alice, *many).content.decode()
    assert not alice.attachments.exists()


def test_a_file_over_the_limit_is_refused(as_manager: Client, alice: Customer, settings: Any) -> None:
    settings.ATTACHMENT_MAX_MB = 1
    found = add(as_manager, alice, ("big.bin", b"\0" * 1_000_001)).content.decode()
    assert "big.bin is larger than 1 MB." in found
    assert not alice.attachments.exists()


def test_an_upload_of_200_mb_is_refused_before_it_is_read(as_manager: Client, alice: Customer) -> None:
    class Unread:
        def read(self, *_: Any) -> bytes:
            raise AssertionError("the body was read")

        readline = read

    answer = as_manager.generic(
        "POST", reverse("customers:customer_attach", args=[alice.pk]), CONTENT_LENGTH="200000000",
        content_type="multipart/form-data; boundary=x", **{"wsgi.input": Unread()},
    )  # fmt: skip
    assert answer.status_code == 413
    assert (
        f"larger than {settings.UPLOAD_MAX_MB} MB and was not read. Nothing was stored."
        in answer.content.decode()
    )


def test_the_profile_shows_thumbnails_and_says_how_to_begin(as_manager: Client, alice: Customer) -> None:
    def widget() -> str:
        return as_manager.get(alice.get_absolute_url(), {"widget": "attachments"}).content.decode()

    assert "No attachments yet: drop files here" in widget()
    roof, words = (
        builders.attachment(customer=alice),
        builders.attachment(b"words", "words.txt", customer=alice),
    )
    shown = widget()
    assert f"{url('preview', roof)}?size=small" in shown
    assert url("preview", words) not in shown
    assert url("detail", words) in shown


def test_a_file_leaves_only_as_a_download(as_manager: Client) -> None:
    page = builders.attachment(b"<html><script>alert(1)</script></html>", 'spec "x";.html')
    answer = as_manager.get(url("download", page))
    assert b"".join(answer.streaming_content) == b"<html><script>alert(1)</script></html>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == 'attachment; filename="spec \\"x\\";.html"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert answer["Cache-Control"] == "private, no-store"
    assert as_manager.get(url("preview", page)).status_code == 404
    assert "Download it to open it." in as_manager.get(url("detail", page)).content.decode()


def test_a_preview_is_a_picture_of_ours(as_manager: Client) -> None:
    roof = builders.attachment(builders.picture("GIF") + b"<script>", "roof.gif")
    answer = as_manager.get(url("preview", roof))
    body = b"".join(answer.streaming_content)
    assert (answer["Content-Type"], body[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert answer["Cache-Control"] == "private, max-age=300"
    assert "sandbox" in answer["Content-Security-Policy"]


def test_the_way_goes_from_one_file_to_the_next(as_manager: Client, alice: Customer, bob: Customer) -> None:
    first, _, second = (
        builders.attachment(b"x", f"{n}.txt", customer=who) for n, who in enumerate((alice, bob, alice))
    )
    found = as_manager.get(
        url("detail", first), headers={"HX-Request": "true", "HX-Target": "dialog-content"}
    )
    assert url("detail", second) in found.content.decode()
    assert "Older" not in found.content.decode()


def test_a_file_gone_from_the_disk_is_not_found(as_manager: Client) -> None:
    roof = builders.attachment()
    keeping.discard(roof.path)
    assert as_manager.get(url("download", roof)).status_code == 404
    assert as_manager.get(url("preview", roof)).status_code == 404


def test_nobody_but_staff_of_the_desk_sees_a_file(alice: Customer) -> None:
    roof = builders.attachment(customer=alice)
    for user in (builders.portal_user(alice), builders.staff(Role.READ_ONLY)):
        client = Client()
        client.force_login(user)
        for name in ("detail", "download", "preview"):
            answer = client.get(url(name, roof))
            assert answer.status_code == 403 or answer["Location"].startswith("/portal/")
    assert Client().get(url("download", roof))["Location"].startswith("/account/login/")


def test_no_address_reaches_the_folder(client: Client) -> None:
    roof = builders.attachment()
    for prefix in ("/media/", "/files/", "/media/files/", "/static/", "/static/../media/files/"):
        assert client.get(prefix + roof.path).status_code == 404


def test_removing_offers_undo_and_the_file_goes_after_the_days_of_grace(
    as_manager: Client, alice: Customer
) -> None:
    roof = builders.attachment(customer=alice)
    found = as_manager.post(url("remove", roof), follow=True).content.decode()
    assert url("restore", roof) in found
    assert (
        "1</span> removed not shown"
        in as_manager.get(reverse("customers:customer_attachments", args=[alice.pk])).content.decode()
    )
    as_manager.post(url("restore", roof))
    assert alice.attachments.kept().get() == roof
    assert "is there already" in as_manager.post(url("restore", roof)).content.decode()
    as_manager.post(url("remove", roof))
    assert sweeping.run("purge_files", now()).applied == 0
    assert keeping.place(roof.path).exists()


def test_what_is_purged_is_gone_from_table_and_disk(
    alice: Customer, django_capture_on_commit_callbacks: Any
) -> None:
    roof, kept = builders.attachment(customer=alice), builders.attachment(customer=alice)
    attaching.remove(roof, now(), actor=builders.staff())
    with django_capture_on_commit_callbacks(execute=True):
        assert sweeping.run("purge_files", now() + timedelta(days=31)).applied == 1
    assert alice.attachments.get() == kept
    for path in (keeping.place(roof.path), keeping.preview_of(roof.path), keeping.thumbnail_of(roof.path)):
        assert not path.exists()
    assert keeping.place(kept.path).exists()
    assert Event.objects.about(alice).first().kind == "attachment.deleted"


def test_files_are_found_by_name_and_description(as_manager: Client, alice: Customer) -> None:
    builders.attachment(b"x", "IMG_0815.txt", customer=alice, description="Proof of address")
    builders.attachment(b"x", "other.txt", customer=alice)
    found = as_manager.get(reverse("customers:customer_attachments", args=[alice.pk]), {"q": "proof"})
    assert "IMG_0815.txt" in found.content.decode()
    assert "other.txt" not in found.content.decode()


def test_the_database_refuses_nonsense(alice: Customer) -> None:
    roof = builders.attachment(customer=alice)
    for wrong, name in (({"kind": "virus"}, "kind_known"), ({"size": 0}, "not_empty")):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Attachment.objects.filter(pk=roof.pk).update(**wrong)
