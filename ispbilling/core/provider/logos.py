"""The provider's logo: checked by its content, written anew, and kept under the digest of its content."""

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.files.uploadedfile import UploadedFile

from ispbilling.core.files import looking
from ispbilling.core.files.keeping import FileRefused, tidy_name
from ispbilling.core.models import Logo

#: Of what is uploaded; what is kept of it is a tenth of a megabyte at most.
MOST_MB = 5


def read(upload: UploadedFile) -> Logo:
    """The logo that an upload shows, not stored yet. Raises FileRefused for what is no PNG or JPEG, for what is too
    large to open or too small to print."""
    name = tidy_name(upload.name or "")
    if (upload.size or 0) > MOST_MB * 1_000_000:
        raise FileRefused(f"{name} is larger than {MOST_MB} MB.")
    if not upload.size:
        raise FileRefused(f"{name} is empty.")
    with TemporaryDirectory() as folder:
        given, made = Path(folder) / "given", Path(folder) / "made"
        given.write_bytes(b"".join(upload.chunks()))
        found = looking.make_logo(given, made)
        if refused := found.get("refused"):
            raise FileRefused(f"A logo is a PNG or JPEG picture; {name} is {refused}.")
        data = made.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return Logo(digest=digest, data=data, **found)


def keep(logo: Logo) -> Logo:
    """Store it, unless it is there already."""
    Logo.objects.bulk_create([logo], ignore_conflicts=True)
    return logo
