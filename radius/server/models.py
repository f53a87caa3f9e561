"""What the server decided."""

from django.db import models
from django.db.models.functions import Upper
from django.urls import reverse

from radius.accounts.models import DataAccount
from radius.nas.models import Nas


class AuthAttempt(models.Model):
    """One Access-Request that was rejected, with the full trace of every gate (W-3). Written in batches."""

    at = models.DateTimeField(db_index=True)
    username = models.CharField(max_length=253)
    nas = models.ForeignKey(
        Nas, models.DO_NOTHING, db_constraint=False, null=True, related_name="+", db_index=False
    )
    data_account = models.ForeignKey(
        DataAccount, models.DO_NOTHING, db_constraint=False, null=True, related_name="auth_attempts"
    )
    calling_station_id = models.CharField(max_length=253, blank=True)
    accepted = models.BooleanField(default=False)
    code = models.CharField(max_length=40, help_text="Reject code: the first closed gate")
    trace = models.JSONField(default=list, help_text="Every gate: name, open, code, detail")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(Upper("username"), name="radius_authattempt_username")]

    def __str__(self) -> str:
        return f"{self.username} {self.code}"

    def get_absolute_url(self) -> str:
        return reverse("radius:reject_detail", args=[self.pk])
