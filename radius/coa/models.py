"""What was sent to a NAS to bring a live session in line, and what staff asked to be sent."""

from django.db import models
from django.db.models import Q

from ispbilling.core.models import User
from radius.nas.models import Nas
from radius.usage.models import Session


class Kind(models.TextChoices):
    """What a NAS is asked: to end a session, to change it, or only whether it has it."""

    DISCONNECT = "disconnect", "Disconnect"
    COA = "coa", "Apply settings"
    PROBE = "probe", "Ask whether it is there"


class Outcome(models.TextChoices):
    """How a request ended. What was not sent has no answer of a NAS."""

    ACK = "ack", "Acknowledged"
    NAK = "nak", "Refused"
    TIMEOUT = "timeout", "No answer"
    NOT_SENT = "not_sent", "Not sent"


class CoaAttempt(models.Model):
    """One Disconnect-Request or CoA-Request and its answer; written by `radius.coa.reconcile`.

    No database constraint on the session: it moves to the archive, and may be deleted there, by itself.
    """

    session = models.ForeignKey(Session, models.CASCADE, db_constraint=False, related_name="coa_attempts")
    nas = models.ForeignKey(Nas, models.CASCADE, related_name="coa_attempts")
    at = models.DateTimeField()
    request = models.CharField(max_length=20, choices=Kind, default=Kind.DISCONNECT)
    because = models.CharField(max_length=40, help_text="The code of the decision, or who asked")
    outcome = models.CharField(max_length=20, choices=Outcome)
    detail = models.CharField(max_length=200, blank=True)
    applied = models.CharField(
        max_length=16, blank=True, help_text="The fingerprint of the settings a CoA-Request carried"
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.request} {self.outcome}"


class CoaRequest(models.Model):
    """What somebody asked to be sent about one session; answered by the RADIUS service, written by
    `radius.coa.asking`.

    PostgreSQL notifies the service at the COMMIT of the row (migration `coa_requests`).
    """

    session = models.ForeignKey(Session, models.CASCADE, db_constraint=False, related_name="coa_requests")
    kind = models.CharField(max_length=20, choices=Kind)
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True, choices=Outcome, db_default="")
    error_cause = models.PositiveIntegerField(null=True)
    detail = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], condition=Q(answered_at__isnull=True), name="radius_coarequest_open"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, outcome="")
                | Q(answered_at__isnull=False) & ~Q(outcome=""),
                name="radius_coarequest_answered_has_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.outcome or 'asked'}"
