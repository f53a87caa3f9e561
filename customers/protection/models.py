"""Who opened which profile; exports of everything about a person; erasures."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from customers.accounts.models import Customer
from ispbilling.core.models import User


class Visit(models.Model):
    """Somebody opened a profile. Append-only; one row per person, customer and quarter of an hour."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="visits")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    slot = models.BigIntegerField(help_text="The quarter of an hour, counted from 1970")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "user", "slot"], name="customers_visit_once_a_slot")
        ]
        indexes = [models.Index(fields=["customer", "-id"], name="customers_visit_customer")]

    def __str__(self) -> str:
        return f"{self.user} {self.at:%Y-%m-%d %H:%M}"


class ExportState(models.TextChoices):
    WAITING = "waiting", "Being made"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"


class SubjectExport(models.Model):
    """Everything known about a customer in one zip: asked for by a person, made and expired by a sweep."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="exports")
    reason = models.CharField(max_length=300)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=ExportState, default=ExportState.WAITING)
    path = models.CharField(max_length=40, blank=True)
    size = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(state="waiting"), name="customers_subjectexport_one_waiting"
            ),
            models.CheckConstraint(
                condition=Q(state="ready", expires_at__isnull=False) & ~Q(path="")
                | ~Q(state="ready") & Q(path=""),
                name="customers_subjectexport_file_when_ready",
            ),
        ]
        indexes = [
            # Read by the sweep `subject_exports`.
            models.Index(
                fields=["id"],
                condition=Q(state__in=["waiting", "ready"]),
                name="customers_subjectexport_open",
            )
        ]

    def __str__(self) -> str:
        return f"Export of {self.customer.code}"

    def is_there(self, now: datetime) -> bool:
        """Whether it can be downloaded."""
        return self.state == ExportState.READY and self.expires_at is not None and self.expires_at > now


class Erasure(models.Model):
    """That the personal data of a customer was blanked, by whom, why, and how many rows of what."""

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="erasure")
    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    counts = models.JSONField(default=dict)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="customers_erasure_has_reason")]

    def __str__(self) -> str:
        return f"Erasure of {self.customer.code}"
