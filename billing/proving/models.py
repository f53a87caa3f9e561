"""Anchors of the chain, written once a day and never changed, and verifications that staff asked for."""

from django.db import models
from django.db.models import Q

from billing.ledger.verification import Anchored, Point
from ispbilling.core.models import User


class Anchor(models.Model):
    """The end of the chain on a day: whoever holds a copy of it elsewhere can prove that nothing before was changed.

    `totals` is what each account held by then, by code. Append-only; written by `anchoring` alone.
    """

    day = models.DateField(unique=True)
    at = models.DateTimeField()
    seq = models.BigIntegerField("seal")
    hash = models.BinaryField()
    postings = models.BigIntegerField()
    totals = models.JSONField()
    digest = models.BinaryField(help_text="Over all of it")

    class Meta:
        ordering = ["-day"]
        constraints = [
            models.CheckConstraint(condition=Q(seq__gt=0, postings__gt=0), name="billing_anchor_something")
        ]

    def __str__(self) -> str:
        return f"Anchor of {self.day}"

    @property
    def anchored(self) -> Anchored:
        return Anchored(self.seq, bytes(self.hash), f"the anchor of {self.day}")

    @property
    def text(self) -> str:
        """As it is mailed, kept in the file, and pasted into `verify_ledger --anchor`."""
        return self.anchored.text


class VerificationState(models.TextChoices):
    WAITING = "waiting", "Verifying"
    DONE = "done", "Done"


class Verification(models.Model):
    """One verification of everything in the background: how far it is, then what it found."""

    state = models.CharField(max_length=8, choices=VerificationState, default=VerificationState.WAITING)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    expected = models.BigIntegerField(help_text="Postings there were when it was asked for")
    seq = models.BigIntegerField(default=0)
    hash = models.BinaryField(default=bytes(32))
    postings = models.BigIntegerField(default=0)
    findings = models.JSONField(default=list)
    found = models.IntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="waiting"), name="billing_verification_one_waiting"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", finished_at=None) | Q(state="done", finished_at__isnull=False),
                name="billing_verification_state",
            ),
        ]

    def __str__(self) -> str:
        return f"Verification of {self.asked_at:%Y-%m-%d %H:%M}"

    @property
    def point(self) -> Point:
        return Point(self.seq, bytes(self.hash), self.postings)
