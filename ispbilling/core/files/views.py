"""How a stored file leaves the house: as a download, or as a picture we made of it. Never as itself in a page.

The view that shows a file subclasses one of these and gives `queryset` and `permission`; the generic finds
the row among those the user may see, so that another's file is not found (404).
"""

from pathlib import Path
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase

from ispbilling.core.files import keeping
from ispbilling.core.views import ObjectPage

#: Were it opened in a browser all the same: no script, no frame, no request, no origin.
SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"


class _FilePage(ObjectPage):
    def hand_out(self, path: Path, **kwargs: Any) -> FileResponse:
        """The file, guarded. Raises Http404 when it is not on the disk."""
        try:
            file = path.open("rb")
        except OSError as error:
            raise Http404(f"{path.name} is not on the disk") from error
        response = FileResponse(file, **kwargs)
        response["Content-Security-Policy"] = SANDBOX
        response["X-Content-Type-Options"] = "nosniff"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        return response


class FileDownload(_FilePage):
    """The file itself, byte for byte, to be saved and not shown."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        stored = self.get_object()
        response = self.hand_out(
            keeping.place(stored.path),
            as_attachment=True,
            filename=stored.name,
            content_type=stored.content_type,
        )
        response["Cache-Control"] = "private, no-store"
        return response


class FilePreview(_FilePage):
    """The preview, or with `?size=small` the thumbnail: pictures made by the inspector."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        stored = self.get_object()
        if not stored.previewed:
            raise Http404("this file has no preview")
        small = request.GET.get("size") == "small"
        path = keeping.thumbnail_of(stored.path) if small else keeping.preview_of(stored.path)
        response = self.hand_out(path, content_type="image/jpeg")
        response["Cache-Control"] = "private, max-age=300"
        return response


def private_zip(path: Path, name: str) -> FileResponse:
    """A zip for one pair of eyes: saved under that name, never shown, run or kept on the way."""
    response = FileResponse(
        path.open("rb"), as_attachment=True, filename=name, content_type="application/zip"
    )
    response["Content-Security-Policy"] = SANDBOX
    response["Cache-Control"] = "private, no-store"
    return response
