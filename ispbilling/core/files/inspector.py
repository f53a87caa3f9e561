"""Looks at one file in a process of its own: `inspector.py FILE PREVIEW THUMBNAIL` prints what it is as JSON.

With `--logo FILE OUT` it makes a logo of a picture: the same pixels, small enough for paper and nothing else.

Started by `looking.py` without the environment and without Django. Files are hostile: decoders have had holes,
and a small file may unpack to gigabytes. So this process limits its memory, its time and what it can write
before it imports a decoder; when it dies the file is kept without a preview and nothing else is touched.

Previews are new pictures: turned upright, without EXIF (where and when it was taken), profiles or comments.
"""

import json
import resource
import sys
from typing import Any

MEMORY = 256 * 1024 * 1024
SECONDS = 10
LARGEST_OUTPUT = 8 * 1024 * 1024
#: Pixels of the largest picture that is taken; beyond any phone's, below what unpacks to gigabytes.
MOST_PIXELS = 120_000_000
PICTURES = ("JPEG", "PNG", "GIF", "WEBP")
#: Longest side in pixels.
PREVIEW, THUMBNAIL = 1600, 320
QUALITY = 82

#: A logo: 64 mm at 250 dots per inch, and what a page may load of it.
LOGO_SIDES, LOGO_BYTES, LOGO_LEAST = (640, 240), 100_000, 40
LOGOS = ("JPEG", "PNG")

#: How files of a kind begin; only these are handed to a decoder.
SIGNATURES = {
    b"\xff\xd8\xff": "picture",
    b"\x89PNG\r\n\x1a\n": "picture",
    b"GIF87a": "picture",
    b"GIF89a": "picture",
}
PROGRAMS = (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


def main(path: str, preview: str, thumbnail: str) -> dict[str, Any]:
    """What the file is: kind (picture, pdf, program, other), content type, and a remark when it has no preview."""
    with open(path, "rb") as file:
        head = file.read(1024)
    kind = kind_of(head)
    if kind == "picture":
        return _picture(path, preview, thumbnail)
    if kind == "pdf":
        return _pdf(path, preview, thumbnail)
    return {"kind": kind, "looks": looks_like(head)}


def kind_of(head: bytes) -> str:
    """By the first bytes, whatever the name says."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "picture"
    for signature, kind in SIGNATURES.items():
        if head.startswith(signature):
            return kind
    if b"%PDF-" in head:
        return "pdf"
    return "program" if head.startswith(PROGRAMS) else "other"


def looks_like(head: bytes) -> str:
    """The content in words, for the sentence that says why a name does not fit it."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(PROGRAMS):
        return "a program"
    if text.startswith((b"<!doctype html", b"<html", b"<script")) or b"<script" in text:
        return "a web page"
    if text.startswith((b"<?xml", b"<svg")):
        return "an XML document"
    if head.startswith(b"PK\x03\x04"):
        return "a zip archive or an office document"
    if not head:
        return "nothing at all"
    return "text" if all(byte >= 32 or byte in b"\t\r\n" for byte in head) else "something else"


def _picture(path: str, preview: str, thumbnail: str) -> dict[str, Any]:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # asked below, to say how large it is
    try:
        image = Image.open(path, formats=PICTURES)
    except (OSError, SyntaxError, ValueError):
        return {"kind": "other", "looks": "a damaged picture"}
    width, height = image.size
    found: dict[str, Any] = {
        "kind": "picture",
        "content_type": Image.MIME[str(image.format)],
        "width": width,
        "height": height,
    }
    if width * height > MOST_PIXELS:
        return {**found, "too_large": True}
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        image.draft("RGB", (PREVIEW, PREVIEW))  # a JPEG is decoded at the size that is needed
        image.load()
        _write(ImageOps.exif_transpose(image), preview, thumbnail)
    except MemoryError:
        return {**found, "remark": "Too large to preview."}
    except Exception as error:  # noqa: BLE001 - decoders raise whatever; the file is merely not shown
        return {**found, "remark": "Damaged: it cannot be previewed.", "error": repr(error)[:200]}
    return {**found, "previewed": True}


def logo(path: str, out: str) -> dict[str, Any]:
    """Writes the picture anew, upright, small and without anything but pixels; or says why it is no logo."""
    from io import BytesIO

    from PIL import Image, ImageOps

    with open(path, "rb") as file:
        head = file.read(1024)
    Image.MAX_IMAGE_PIXELS = None  # asked below
    try:
        image = Image.open(path, formats=LOGOS)
    except (OSError, SyntaxError, ValueError):
        damaged = kind_of(head) == "picture"
        return {"refused": "a picture of another format, or damaged" if damaged else looks_like(head)}
    width, height = image.size
    if width * height > MOST_PIXELS // 4:
        return {"refused": f"{width:,} x {height:,} pixels, too large to open safely"}
    if min(width, height) < LOGO_LEAST:
        return {"refused": f"{width:,} x {height:,} pixels, too small to print"}
    try:
        image.load()
        format = str(image.format)
        small: Any = ImageOps.exif_transpose(image).convert("RGBA" if format == "PNG" else "RGB")
        small.thumbnail(LOGO_SIDES)
        while True:
            clean, written = Image.new(small.mode, small.size), BytesIO()
            clean.paste(small)
            clean.save(written, format, optimize=True, quality=88)
            if len(written.getvalue()) <= LOGO_BYTES:
                break
            small = small.resize((max(small.width * 4 // 5, 1), max(small.height * 4 // 5, 1)))
    except MemoryError:
        return {"refused": "too large to open safely"}
    except Exception as error:  # noqa: BLE001 - decoders raise whatever
        return {"refused": "a damaged picture", "error": repr(error)[:200]}
    with open(out, "wb") as file:
        file.write(written.getvalue())
    return {"content_type": Image.MIME[format], "width": small.width, "height": small.height}


def _pdf(path: str, preview: str, thumbnail: str) -> dict[str, Any]:
    import pypdfium2

    found: dict[str, Any] = {"kind": "pdf", "content_type": "application/pdf"}
    try:
        document = pypdfium2.PdfDocument(path)
        found["pages"] = len(document)
        page = document[0]
        scale = min(PREVIEW / max(page.get_size()), 3)
        _write(page.render(scale=scale).to_pil(), preview, thumbnail)
    except MemoryError:
        return {**found, "remark": "Too large to preview."}
    except Exception as error:  # noqa: BLE001
        locked = "password" in str(error).lower()
        remark = "Protected by a password." if locked else "Damaged: it cannot be previewed."
        return {**found, "remark": remark, "error": repr(error)[:200]}
    return {**found, "previewed": True}


def _write(image: Any, preview: str, thumbnail: str) -> None:
    """The two previews, painted onto empty pictures so that nothing but pixels comes along."""
    from PIL import Image

    image.thumbnail((PREVIEW, PREVIEW))
    if image.mode in ("P", "PA", "LA", "RGBA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        clean = Image.new("RGB", image.size, "white")
        clean.paste(image, mask=image.getchannel("A"))
    else:
        clean = Image.new("RGB", image.size)
        clean.paste(image.convert("RGB"))
    clean.save(preview, "JPEG", quality=QUALITY)
    clean.thumbnail((THUMBNAIL, THUMBNAIL))
    clean.save(thumbnail, "JPEG", quality=QUALITY)


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_DATA, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, LARGEST_OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    _limit()
    asked = sys.argv[1:]
    print(json.dumps(logo(*asked[1:3]) if asked[0] == "--logo" else main(*asked[:3])))
