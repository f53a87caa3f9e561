"""What the server decided, and what from."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.urls import reverse

from radius.accounts.models import DataAccount
from radius.nas.models import Nas


class DecisionFacts(models.Model):
    """What decisions were made from and what came of it, once for all that are alike (W-3).

    A router with a wrong password asks every minute: one row here of 2.2 kB, and each time one of 0.33 kB (with
    its indexes) in AuthAttempt, where it would be 1.7. The key is the digest of the rest. `facts` is the Subscriber
    as the policy saw it, never with a password.
    """

    digest = models.UUIDField(primary_key=True, editable=False)
    data_account = models.ForeignKey(
        DataAccount, models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    policy = models.CharField(max_length=12, blank=True, help_text="Version of the policy that decided")
    facts = models.JSONField(null=True, help_text="The line; none: nobody has that username")
    login = models.JSONField(default=dict, help_text="What the request added to the facts")
    trace = models.JSONField(default=list, help_text="Every gate: name, open, code, detail")
    answer = models.JSONField(default=list, help_text="What the NAS was told, by name, without keys")
    day = models.DateField(db_index=True, help_text="The last day it was seen (UTC)")

    class Meta:
        verbose_name_plural = "decision facts"

    def __str__(self) -> str:
        return str(self.digest)


class AuthAttempt(models.Model):
    """One Access-Request that was answered: every reject, and accepts by RADIUS_SAMPLE_ACCEPTS (W-3).

    Written in batches. What it was decided from and the trace of every gate are in `facts`.
    """

    at = models.DateTimeField()
    username = models.CharField(max_length=253)
    nas = models.ForeignKey(
        Nas, models.DO_NOTHING, db_constraint=False, null=True, related_name="+", db_index=False
    )
    data_account = models.ForeignKey(
        DataAccount, models.DO_NOTHING, db_constraint=False, null=True, related_name="auth_attempts"
    )
    calling_station_id = models.CharField(max_length=253, blank=True)
    called_station_id = models.CharField(max_length=253, blank=True)
    nas_port = models.CharField("NAS port", max_length=253, blank=True)
    method = models.CharField(max_length=12, blank=True, help_text="How the password came: PAP, CHAP, ...")
    accepted = models.BooleanField(default=False)
    code = models.CharField(max_length=40, blank=True, help_text="Reject code: the first closed gate")
    session_timeout = models.PositiveIntegerField(null=True, help_text="Seconds an accept was given for")
    facts = models.ForeignKey(
        DecisionFacts, models.DO_NOTHING, db_constraint=False, null=True, related_name="attempts",
        db_index=False,
    )  # fmt: skip

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(Upper("username"), name="radius_authattempt_username"),
            # Counts of a day by reason are answered from the index alone.
            models.Index(fields=["at"], include=["accepted", "code"], name="radius_authattempt_at"),
            models.Index(fields=["code", "id"], name="radius_authattempt_code"),
            models.Index(fields=["id"], condition=Q(accepted=True), name="radius_authattempt_accepted"),
        ]

    def __str__(self) -> str:
        return f"{self.username} {self.code or 'accepted'}"

    def get_absolute_url(self) -> str:
        return reverse("radius:reject_detail", args=[self.pk])

    @property
    def trace(self) -> list[dict[str, Any]]:
        """Every gate as it was decided; empty when that is no longer kept."""
        return self.known.trace if self.known else []

    @property
    def known(self) -> DecisionFacts | None:
        """What it was decided from, if that is still kept."""
        try:
            return self.facts
        except DecisionFacts.DoesNotExist:
            return None


class UnknownSurplus(models.Model):
    """How many log-ins of one NAS, in one minute, with usernames nobody has were counted and not kept."""

    nas = models.ForeignKey(Nas, models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    at = models.DateTimeField(db_index=True, help_text="When the minute began")
    count = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["nas", "at"], name="radius_unknownsurplus_minute")]

    def __str__(self) -> str:
        return f"{self.count} at {self.at}"
