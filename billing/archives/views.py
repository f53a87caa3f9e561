"""The PDFs of a run: what was made, how far one is, and the download."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse

from billing.archives import making
from billing.archives.models import ArchiveState, RunArchive
from billing.documents.models import Document
from billing.runs.models import Run
from ispbilling.core import clock
from ispbilling.core.errors import DomainError
from ispbilling.core.files.views import private_zip
from ispbilling.core.parts import Button
from ispbilling.core.units import counted
from ispbilling.core.views import ActionPage, ObjectPage

ROWS = Run.objects.select_related("billing_group")
MOST = 10


def page_of(run: Run) -> str:
    return reverse("billing:run_pdfs", args=[run.pk])


class RunPdfs(ObjectPage):
    """The zips of a run; while one is being made the page asks for itself again."""

    queryset = ROWS
    permission = "billing.runs.view"
    template_name = "billing/run_pdfs.html"

    def crumbs(self) -> list[tuple[str, str]]:
        return [
            ("Month End", reverse("billing:run_list")),
            (str(self.object), self.object.get_absolute_url()),
        ]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.get_object()
        self.title = f"PDFs of {self.object}"
        now = clock.now()
        archives = self.object.archives.select_related("asked_by")[:MOST]
        found = {
            "archives": [(one, one.is_there(now), progress(one)) for one in archives],
            "waiting": any(one.state == ArchiveState.WAITING for one in archives),
        }
        if self.partial == "archives":
            return self.answer("billing/_run_pdfs.html", **found)
        url = reverse("billing:run_pdfs_make", args=[self.object.pk])
        make = Button("Make Zip", url, "file-zip", "primary", "billing.export", modal=True)
        return self.answer(buttons=self.permitted([make]), **found)


def progress(archive: RunArchive) -> dict[str, Any] | None:
    """How far it is, while it is being made."""
    if archive.state != ArchiveState.WAITING:
        return None
    done = archive.done
    left = (
        max((clock.now() - archive.asked_at).total_seconds(), 1) / done * (archive.documents - done)
        if done
        else 0
    )
    label = f"Printing, about {round(left)} s left" if done else "Waiting for a worker"
    return {"done": done, "percent": 100 * done // archive.documents, "label": label}


class RunPdfsMake(ActionPage):
    """Order one zip with the paper of a run."""

    queryset = ROWS
    permission = "billing.export"
    title = "Make Zip"
    submit_label, submit_icon = "Make Zip", "file-zip"

    def consequences(self, obj: Run) -> list[str]:
        count = Document.objects.filter(run=obj).count()
        return [
            f"{counted(count, 'PDF')}, invoices and credit notes, in one zip.",
            "It is made in the background; nothing else waits for it.",
            f"It can be downloaded for {counted(settings.EXPORT_KEEP_DAYS, 'day')}, and every download is recorded.",
        ]

    def act(self, obj: Run, form: Any, actor: Any) -> RunArchive:
        return making.ask(obj, clock.now(), actor=actor)

    def done(self, obj: Run, result: RunArchive) -> str:
        return f"The zip of {counted(result.documents, 'PDF')} is being made; it appears here."

    def came_from(self) -> str:
        return ""

    def success_url(self, obj: Run, result: RunArchive) -> str:
        return page_of(obj)

    def close_url(self) -> str:
        return page_of(self.object)


class RunPdfsDownload(ObjectPage):
    """The zip, for those who may; recorded."""

    queryset = RunArchive.objects.select_related("run")
    permission = "billing.export"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        archive = self.get_object()
        try:
            path = making.hand_out(archive, clock.now(), actor=self.actor)
        except DomainError as refusal:
            raise Http404(str(refusal)) from refusal
        return private_zip(path, f"invoices-{archive.run.period_start:%Y-%m}-run-{archive.run_id}.zip")
