"""Files on disk: below MEDIA_ROOT/files under random names, which no web server reaches.

A stored file is three: itself, `.preview.jpg` and `.thumbnail.jpg` where it can be shown. Files are not
encrypted one by one: put MEDIA_ROOT on an encrypted disk, as the database.
"""

import hashlib
import re
import secrets
import unicodedata
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from ispbilling.core.errors import DomainError
from ispbilling.core.files.looking import Looked, look, why_not

LONGEST_NAME = 150


class FileRefused(DomainError):
    """The file is not taken; the message says why and names it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The columns of a stored file."""

    name: str
    path: str
    size: int
    sha256: str
    kind: str
    content_type: str
    pages: int | None
    previewed: bool
    remark: str

    def columns(self) -> dict[str, Any]:
        return asdict(self)


def keep(upload: UploadedFile) -> Kept:
    """Store an upload. Raises FileRefused, after which nothing is left behind.

    When the surrounding transaction is undone the file stays as an orphan; `discard` it there.
    """
    name = tidy_name(upload.name or "")
    most = settings.ATTACHMENT_MAX_MB * 1_000_000
    if (upload.size or 0) > most:
        raise FileRefused(f"{name} is larger than {settings.ATTACHMENT_MAX_MB} MB.")
    if not upload.size:
        raise FileRefused(f"{name} is empty.")
    path = new_path()
    try:
        digest = _write(upload, place(path))
        looked = look(place(path), preview_of(path), thumbnail_of(path))
        if reason := why_not(name, looked):
            raise FileRefused(reason)
    except BaseException:
        discard(path)
        raise
    return _kept(name, path, upload.size, digest, looked)


def new_path() -> str:
    """A path nobody can guess, relative to `root`."""
    random = secrets.token_hex(16)
    return f"{random[:2]}/{random}"


def root() -> Path:
    """The folder of all stored files."""
    return Path(settings.MEDIA_ROOT) / "files"


def place(path: str) -> Path:
    """Where a stored file is. Raises ValueError for anything that is not a path of `new_path`."""
    if not re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{32}", path):
        raise ValueError(f"not a stored path: {path!r}")
    return root() / path


def preview_of(path: str) -> Path:
    return place(path).with_suffix(".preview.jpg")


def thumbnail_of(path: str) -> Path:
    return place(path).with_suffix(".thumbnail.jpg")


def discard(path: str) -> None:
    """Delete a stored file and its previews; what is gone already is no error."""
    for one in (place(path), preview_of(path), thumbnail_of(path)):
        one.unlink(missing_ok=True)


def discard_after_commit(paths: list[str]) -> None:
    """Delete files when the rows that named them are really gone."""

    def discard_all() -> None:
        for path in paths:
            discard(path)

    transaction.on_commit(discard_all)


def tidy_name(name: str) -> str:
    """A file name to show and to offer: no folders, no control or direction-changing characters, not too long."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
    name = " ".join(name.split()).strip(". ") or "file"
    stem, dot, suffix = name.rpartition(".")
    if len(name) > LONGEST_NAME:
        name = f"{stem[: LONGEST_NAME - len(suffix) - 1]}{dot}{suffix}"[-LONGEST_NAME:]
    return name


def _write(upload: UploadedFile, target: Path) -> str:
    """Copy chunk by chunk; the digest of what was written."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    with target.open("xb") as file:
        target.chmod(0o600)
        for chunk in upload.chunks():
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _kept(name: str, path: str, size: int, digest: str, looked: Looked) -> Kept:
    kind = looked.kind if looked.kind in ("picture", "pdf") else "other"
    return Kept(
        name, path, size, digest, kind, looked.content_type, looked.pages, looked.previewed, looked.remark
    )
