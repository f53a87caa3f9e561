"""The provider's logo: uploaded once, checked, on all paper from then on; what is issued keeps what it has."""

from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from PIL import Image
from pypdf import PdfReader

from billing.documents.verification import findings
from billing.models import Document, Payment
from billing.payments import receipts
from billing.statements import figures, rendering
from billing.statements.period import usual
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Event, Logo, Provider
from tests import builders
from tests.billing.test_issuer import reread
from tests.core.test_files import SVG, png_of

pytestmark = pytest.mark.django_db
WIDE = (900, 300)


def send(client: Client, content: bytes, file: str = "logo.png", **more: Any) -> Any:
    return client.post(
        "/provider/",
        {
            "name": "Karoo",
            "maps-geocoder": "none",
            "logo": SimpleUploadedFile(file, content),
            **builders.DATA_TAB,
            **more,
        },
    )


def pictures(paper: bytes) -> list[tuple[int, int]]:
    """The sides of the pictures on the first page; the QR code is none, it is drawn."""
    return [image.image.size for image in PdfReader(BytesIO(paper)).pages[0].images if image.image]


def reread_receipt(payment: Payment) -> bytes:
    return receipts.render_pdf(Payment.objects.get(pk=payment.pk))


@pytest.mark.feature("W-5")
def test_paper_shows_the_logo_of_the_day_it_was_issued_for_ever(
    as_manager: Client, client: Client, alice: Customer
) -> None:
    before, received = builders.invoice(alice), builders.payment(alice)
    papers = reread(before), reread_receipt(received)
    assert send(as_manager, builders.picture(size=WIDE)).status_code == 302
    first = Provider.get().logo
    assert (first.content_type, first.width, first.height) == ("image/png", 640, 213)
    paper, receipt = builders.invoice(alice), builders.payment(alice)
    with_logo = reread(paper), reread_receipt(receipt)
    assert [pictures(one) for one in with_logo] == [[(640, 213)], [(640, 213)]]
    days = usual(local_day(now()))
    statement = rendering.render_pdf(figures.statement(alice, days.since, days.until))
    assert pictures(statement) == [(640, 213)]

    jpeg = builders.picture("JPEG", (300, 100), "red")
    assert send(as_manager, jpeg, "new.jpg").status_code == 302
    Provider.objects.update(name="Another Name", address="9 New Road", vat_number="4999999999")
    assert (reread(before), reread_receipt(received)) == papers
    assert (reread(paper), reread_receipt(receipt)) == with_logo
    assert pictures(reread(builders.invoice(alice))) == [(300, 100)]
    assert list(findings()) == []
    assert Event.objects.filter(kind="provider.changed").first().data["changes"]["logo"] == [
        "640 x 213 pixels",
        "300 x 100 pixels",
    ]
    shown = client.get(first.get_absolute_url())
    assert shown.content == bytes(Logo.objects.get(pk=first.pk).data)
    assert (shown["Content-Type"], "sandbox" in shown["Content-Security-Policy"]) == ("image/png", True)

    sent = {"name": "Karoo", "maps-geocoder": "none", "logo-clear": "on"}
    as_manager.post("/provider/", sent | builders.DATA_TAB)
    assert Provider.get().logo is None
    assert pictures(reread(builders.invoice(alice))) == []


def test_a_logo_is_a_small_picture_and_nothing_else_comes_along(as_manager: Client) -> None:
    for content, name, why in (
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "logo.svg", "an XML document"),
        (SVG, "logo.png", "a web page"),
        (builders.picture("GIF", WIDE), "logo.gif", "a picture of another format"),
        (builders.picture(size=WIDE)[:200], "cut.png", "a damaged picture"),
        (png_of(8000, 8000), "vast.png", "too large to open safely"),
        (builders.picture(size=(20, 20)), "dot.png", "too small to print"),
        (b"\x89PNG" + b"x" * 5_000_001, "huge.png", "larger than 5 MB"),
        (b"", "none.png", "empty"),
    ):
        page = send(as_manager, content, name, name="Kept")
        assert page.status_code == 200, name
        assert why in page.content.decode(), name
    assert (Provider.get().logo, Provider.get().name, Logo.objects.count()) == (None, "My ISP", 0)
    noise = BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.effect_noise((1800, 600), 90).convert("RGBA").save(noise, "PNG", exif=exif)
    send(as_manager, noise.getvalue())
    (logo,) = Logo.objects.all()
    assert len(logo.data) <= 100_000
    assert b"taken at home" not in bytes(logo.data)


def test_the_database_keeps_a_logo_as_it_is_and_a_receipt_says_who_gave_it(
    as_manager: Client, alice: Customer
) -> None:
    send(as_manager, builders.picture(size=WIDE))
    builders.payment(alice)
    for statement, why in (
        ("UPDATE core_logo SET width = 1", "append-only"),
        ("DELETE FROM core_logo", "append-only"),
        (
            "INSERT INTO core_logo SELECT repeat('0', 64), content_type, 9, 9, data FROM core_logo",
            "logo_digest",
        ),
        ("UPDATE billing_payment SET issuer_id = NULL", "cannot be edited"),
    ):
        with pytest.raises(IntegrityError, match=why), transaction.atomic():
            connection.cursor().execute(statement)
    columns = "year, method, received_on, amount, reference, note, recorded_at"
    with pytest.raises(IntegrityError, match="does not say who received it"), transaction.atomic():
        connection.cursor().execute(
            f"INSERT INTO billing_payment (number, receipt, source_key, {columns})"
            f" SELECT 9, 'R9', 'x', {columns} FROM billing_payment"
        )


def test_the_portal_shows_the_logo_before_anybody_logs_in(as_manager: Client, client: Client) -> None:
    assert b'class="logo"' not in client.get("/portal/login/", follow=True).content
    send(as_manager, builders.picture(size=WIDE))
    assert (
        Provider.get().logo.get_absolute_url() in client.get("/portal/login/", follow=True).content.decode()
    )
    assert Document.objects.count() == 0
