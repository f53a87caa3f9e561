"""Packets that were acknowledged and are in no session. Written by `radius.usage.recording` alone."""

from django.db import models
from django.db.models.functions import Upper

from radius.nas.models import Nas


class QuarantinedPacket(models.Model):
    """One accounting packet that cannot be true, or that the database refuses, with all it said.

    An accounting packet carries no password, and neither its authenticator nor the NAS's secret is kept.
    """

    at = models.DateTimeField(help_text="When the packet was made")
    nas = models.ForeignKey(
        Nas, models.DO_NOTHING, db_constraint=False, null=True, related_name="+", db_index=False
    )
    username = models.CharField(max_length=253, blank=True)
    reason = models.CharField(max_length=500)
    report = models.JSONField()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at"], name="radius_quarantine_at"),
            models.Index(Upper("username"), name="radius_quarantine_username"),
        ]

    def __str__(self) -> str:
        return f"{self.username} {self.reason}"
