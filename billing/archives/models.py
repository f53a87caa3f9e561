"""The zip of a run, and the parts it is made in. Written by `billing.archives.making`."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from billing.runs.models import Run
from ispbilling.core.models import User


class ArchiveState(models.TextChoices):
    WAITING = "waiting", "Being made"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"


class RunArchiveQuerySet(models.QuerySet["RunArchive"]):
    def visible_to(self, user: User) -> "RunArchiveQuerySet":
        return self if user.is_provider_staff else self.none()


class RunArchive(models.Model):
    """One zip with the PDF of every document of a run. Its file is under a name nobody can guess."""

    run = models.ForeignKey(Run, models.PROTECT, related_name="archives")
    state = models.CharField(max_length=8, choices=ArchiveState, default=ArchiveState.WAITING)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    documents = models.IntegerField()
    path = models.CharField(max_length=40, unique=True)
    size = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    objects = RunArchiveQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["run"], condition=Q(state="waiting"), name="billing_runarchive_one_waiting"
            ),
            models.CheckConstraint(
                condition=Q(state__in=ArchiveState.values), name="billing_runarchive_state"
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | Q(size__isnull=False, expires_at__isnull=False),
                name="billing_runarchive_ready",
            ),
        ]

    def __str__(self) -> str:
        return f"PDFs of {self.run}"

    def is_there(self, now: datetime) -> bool:
        """Whether it can be downloaded."""
        return self.state == ArchiveState.READY and self.expires_at is not None and now < self.expires_at

    @property
    def done(self) -> int:
        """How many documents are in the parts that are made."""
        found = self.parts.exclude(done_at=None).aggregate(total=models.Sum("documents"))
        return int(found["total"] or 0)


class RunArchivePart(models.Model):
    """A range of documents, made as a zip of its own in one go, so that a killed worker loses little."""

    pk = models.CompositePrimaryKey("archive", "number")
    archive = models.ForeignKey(RunArchive, models.CASCADE, related_name="parts", db_index=False)
    number = models.IntegerField()
    low = models.BigIntegerField()
    high = models.BigIntegerField()
    documents = models.IntegerField()
    path = models.CharField(max_length=40, unique=True)
    done_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.archive_id} {self.number}"
