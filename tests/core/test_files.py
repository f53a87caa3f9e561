"""Hostile and honest files: what is taken, what is refused, what is shown, and what it costs."""

import json
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pypdf import PdfWriter

from ispbilling.core.files import inspector, keeping
from ispbilling.core.files.keeping import FileRefused, Kept, keep, tidy_name
from tests import builders

pytestmark = [pytest.mark.feature("PRO-12")]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"


def kept(name: str, content: bytes) -> Kept:
    return keep(SimpleUploadedFile(name, content))


def stored() -> list[Path]:
    return [path for path in keeping.root().rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def png_of(width: int, height: int, filled: bool = False) -> bytes:
    """A PNG that says it is so large; unless `filled` it holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = b"\0" * (3 * width + 1)
    body = b"".join(packer.compress(row) for _ in range(height if filled else 1)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def pdf(pages: int = 1) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(200, 300)
    file = BytesIO()
    document.save(file)
    return file.getvalue()


def test_a_picture_gets_previews_that_are_upright_and_tell_nothing_of_the_place() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "Secret camera"
    exif.get_ifd(0x8825)[2] = (33.0, 55.0, 12.0)
    one = kept("mast.jpg", builders.picture("JPEG", (400, 300), exif=exif, comment=b"at home"))
    assert (one.kind, one.content_type, one.previewed, one.remark) == ("picture", "image/jpeg", True, "")
    with Image.open(keeping.preview_of(one.path)) as preview:
        assert preview.size == (300, 400)
        assert dict(preview.getexif()) == {}
        assert not {"exif", "comment", "icc_profile"} & set(preview.info)
    with Image.open(keeping.thumbnail_of(one.path)) as small:
        assert max(small.size) == inspector.THUMBNAIL
    assert b"Secret camera" not in keeping.preview_of(one.path).read_bytes()
    assert b"Secret camera" in keeping.place(one.path).read_bytes(), "the original stays as it was"


def test_a_transparent_picture_is_shown_on_white() -> None:
    file = BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(file, "PNG")
    one = kept("logo.png", file.getvalue())
    with Image.open(keeping.preview_of(one.path)) as preview:
        assert preview.getpixel((5, 5)) == (255, 255, 255)


def test_a_pdf_is_shown_by_its_first_page_however_many_it_has() -> None:
    one = kept("contract.pdf", pdf(10_000))
    assert (one.kind, one.pages, one.previewed) == ("pdf", 10_000, True)
    with Image.open(keeping.preview_of(one.path)) as preview:
        assert preview.size == (600, 900)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("photo.jpg", HTML, "photo.jpg is not a picture: its content is a web page."),
        ("photo.png", SVG, "its content is a web page"),
        ("invoice.pdf", b"MZ\x90\0" + b"\0" * 200, "invoice.pdf is a program."),
        ("setup.exe", b"MZ\x90\0" + b"\0" * 200, "Programs are not kept here."),
        ("run.txt", b"\x7fELF" + b"\0" * 200, "is a program"),
        ("scan.pdf", builders.picture("JPEG"), "scan.pdf is not a PDF: its content is a picture."),
        ("scan.jpg", pdf(), "scan.jpg is not a picture: its content is a PDF."),
        ("scan.pdf", b"just words", "its content is text"),
        ("broken.png", b"\x89PNG\r\n\x1a\n rubbish", "its content is a damaged picture"),
        ("empty.txt", b"", "empty.txt is empty."),
        ("huge.png", png_of(60_000, 60_000), "60,000 x 60,000 pixels, too large to open safely"),
    ],
)
def test_a_file_that_lies_or_endangers_is_refused_with_its_reason(
    name: str, content: bytes, words: str
) -> None:
    with pytest.raises(FileRefused, match=words.replace(".", r"\.")):
        kept(name, content)
    assert stored() == []


@pytest.mark.parametrize(
    ("name", "content", "remark"),
    [
        ("drawing.svg", SVG, ""),
        ("page.html", HTML, ""),
        ("archive.zip", b"PK\x03\x04" + b"\0" * 300, ""),
        ("notes", "plain wörds".encode(), ""),
        ("torn.jpg", builders.picture("JPEG", (800, 800))[:-400], "Damaged: it cannot be previewed."),
        ("torn.pdf", b"%PDF-1.7\n rubbish", "Damaged: it cannot be previewed."),
        ("bomb.png", png_of(10_000, 10_000), "Too large to preview."),
    ],
)
def test_what_cannot_be_shown_is_kept_to_download(name: str, content: bytes, remark: str) -> None:
    one = kept(name, content)
    assert (one.previewed, one.remark, one.size) == (False, remark, len(content))
    assert [path.read_bytes() for path in stored()] == [content]


def test_a_pdf_under_a_password_says_so() -> None:
    writer = PdfWriter(BytesIO(pdf()))
    writer.encrypt("4711")
    file = BytesIO()
    writer.write(file)
    one = kept("locked.pdf", file.getvalue())
    assert (one.kind, one.previewed, one.remark) == ("pdf", False, "Protected by a password.")


def test_a_polyglot_is_what_it_begins_as_and_its_preview_holds_only_pixels() -> None:
    both = builders.picture("GIF") + b"<script>alert(1)</script>PK\x03\x04"
    one = kept("both.gif", both)
    assert (one.kind, one.content_type) == ("picture", "image/gif")
    assert b"<script>" not in keeping.preview_of(one.path).read_bytes()


def test_a_bomb_costs_the_inspector_its_limit_and_nobody_else_anything(tmp_path: Path) -> None:
    """115 megapixels that really unpack: more than the memory the inspector allows itself."""
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png_of(11_000, 10_500, filled=True))
    assert bomb.stat().st_size < 500_000
    measured = (
        "import resource, subprocess, sys; print(subprocess.check_output(sys.argv[1:], text=True));"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-I", inspector.__file__, bomb, tmp_path / "p", tmp_path / "t"]
    answer = subprocess.check_output([sys.executable, "-c", measured, *command], text=True).split("\n")
    assert json.loads(answer[0])["remark"] == "Too large to preview."
    assert int(answer[-2]) < 300 * 1024, "kB"
    assert not (tmp_path / "p").exists()


def test_the_inspector_knows_no_secret_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "told"
    spy = tmp_path / "python"
    spy.write_text(f'#!/bin/sh\n/usr/bin/env > {told}\necho \'{{"kind": "other"}}\'\n')
    spy.chmod(0o755)
    monkeypatch.setenv("SECRET_KEY", "very secret")
    monkeypatch.setattr(sys, "executable", str(spy))
    assert kept("notes.txt", b"words").kind == "other"
    assert "very secret" not in told.read_text()
    assert "DATABASE_URL" not in told.read_text()


def test_names_keep_neither_folders_nor_tricks() -> None:
    assert tidy_name("../../etc/passwd") == "passwd"
    assert tidy_name("C:\\Users\\x\\scan.pdf") == "scan.pdf"
    assert tidy_name("annual\u202efdp.exe") == "annualfdp.exe"
    assert tidy_name('a"b\r\nc: <x>.txt') == 'a"bc: <x>.txt'
    assert tidy_name(" .. ") == "file"
    long = tidy_name("é" * 400 + ".pdf")
    assert (len(long), long[-5:]) == (keeping.LONGEST_NAME, "é.pdf")


def test_a_stored_path_is_nothing_but_ours() -> None:
    assert keeping.place(keeping.new_path()).is_relative_to(keeping.root())
    for path in ("../secrets", "ab/../../x", "", "ab/" + "g" * 32):
        with pytest.raises(ValueError, match="not a stored path"):
            keeping.place(path)


def test_files_are_readable_by_us_alone() -> None:
    one = kept("id.png", builders.picture())
    assert keeping.place(one.path).stat().st_mode & 0o077 == 0
