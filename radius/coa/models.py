"""What was sent to a NAS to bring a live session in line."""

from django.db import models

from radius.nas.models import Nas
from radius.usage.models import Session


class CoaAttempt(models.Model):
    """One Disconnect-Request or CoA-Request and its answer; written by `radius.coa.reconcile`."""

    session = models.ForeignKey(Session, models.CASCADE, db_constraint=False, related_name="coa_attempts")
    nas = models.ForeignKey(Nas, models.CASCADE, related_name="coa_attempts")
    at = models.DateTimeField()
    request = models.CharField(max_length=20, default="disconnect")
    because = models.CharField(max_length=40, help_text="The reject code of the decision")
    outcome = models.CharField(max_length=20, help_text="ack, nak, or timeout")
    detail = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.request} {self.outcome}"
