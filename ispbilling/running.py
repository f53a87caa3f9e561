"""What runs in the background and how far it is: a mark in the top bar, and a page with the bars."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from billing.accounting import views as accounting
from billing.accounting.models import ExportState
from billing.calls.models import CallImportState
from billing.calls.views import imports as calls
from billing.models import AccountingExport, CallImport, Run, Simulation, Verification
from billing.proving import views as proving
from billing.proving.models import VerificationState
from billing.runs import views as runs
from billing.simulating import views as simulations
from billing.statements.views import many as mailings
from customers.imports import reporting
from customers.imports.views import ImportProgress
from customers.models import CustomerImport
from ispbilling.core import access
from ispbilling.core.clock import now
from ispbilling.core.views import StaffPage


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work: what it is, where it is watched, and the context of `ui/progress.html`."""

    label: str
    url: str
    progress: Mapping[str, Any]


class Running(StaffPage):
    """The work the user may watch; as a partial, only the mark."""

    permission = "staff.use"
    title = "Running"
    template_name = "running.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        template = "ui/running.html" if self.partial == "running" else self.template_name
        return self.answer(template, jobs=list(jobs(request.user)))


def jobs(user: Any) -> Iterator[Job]:
    """Month-end runs, simulations, mailings, imports, exports and verifications that a worker is at or waits for."""
    at = now()
    if access.may(user, runs.RunProgress.permission):
        for run in Run.objects.filter(state__in=runs.BUSY):
            yield Job(f"Month end {run}", run.get_absolute_url(), runs.progress(run, at))
    if access.may(user, simulations.PERMISSION):
        for asked in Simulation.objects.filter(finished_at=None):
            yield Job(f"Simulation of {asked}", asked.get_absolute_url(), simulations.progress(asked))
    if access.may(user, mailings.MailingProgress.permission):
        for sent in mailings.ROWS.filter(sent_at__isnull=False, told__lt=F("to")):
            yield Job(str(sent), sent.get_absolute_url(), mailings.progress(sent))
    if access.may(user, accounting.VIEW):
        for export in AccountingExport.objects.filter(state=ExportState.WAITING):
            if found := accounting.progress(export, at):
                yield Job(str(export), export.get_absolute_url(), {**found, "url": "", "poll": False})
    if access.may(user, proving.VIEW):
        for verification in Verification.objects.filter(state=VerificationState.WAITING):
            yield Job(
                "Verifying the books", reverse("billing:ledger_proof"), proving.progress(verification, at)
            )
    if access.may(user, calls.VIEW):
        for file in CallImport.objects.filter(state=CallImportState.READING).defer("head"):
            yield Job(f"Calls of {file}", file.get_absolute_url(), calls.progress(file))
    if access.may(user, ImportProgress.permission):
        for one in CustomerImport.objects.filter(state__in=reporting.BUSY):
            yield Job(f"Import of {one}", one.get_absolute_url(), reporting.progress(one, at))
