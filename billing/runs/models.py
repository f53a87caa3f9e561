"""The month-end run and what it planned, left out and issued."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from customers.models import Customer
from groups.models import BillingGroup
from ispbilling.core.clock import Period
from ispbilling.core.models import User


class RunState(models.TextChoices):
    DRAFT = "draft", "Being prepared"
    EMPTY = "empty", "Nothing due"
    PREVIEWED = "previewed", "Previewed"
    APPROVED = "approved", "Approved"
    ISSUING = "issuing", "Issuing"
    ISSUED = "issued", "Issued"
    PARTLY_FAILED = "partly_failed", "Partly failed"
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone", "Undone"


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: User) -> "RunQuerySet":
        return self if user.is_provider_staff else self.none()


class Run(models.Model):
    """One billing of a period: planned and previewed, approved by a person, issued in chunks, undoable."""

    period_start = models.DateField()
    period_end = models.DateField(help_text="First day after the period")
    issue_on = models.DateField("invoice date")
    billing_group = models.ForeignKey(
        BillingGroup, models.PROTECT, null=True, blank=True, related_name="runs", help_text="Empty: everybody"
    )
    state = models.CharField(max_length=14, choices=RunState, default=RunState.DRAFT)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    issued_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    digest = models.BinaryField(default=b"", help_text="Over the digests of all planned customers")
    planned = models.IntegerField(default=0)
    planned_total = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    certificate = models.JSONField(default=dict)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-period_start", "-id"]
        constraints = [
            # Periods that overlap without being equal would bill days twice: a billed period is known by its
            # start.
            models.CheckConstraint(
                condition=Q(period_start__day=1)
                & Q(period_end__day=1)
                & Q(period_end__gt=F("period_start") + timedelta(days=27))
                & Q(period_end__lt=F("period_start") + timedelta(days=32)),
                name="billing_run_whole_month",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period_start:%B %Y}"

    def get_absolute_url(self) -> str:
        return reverse("billing:run_detail", args=[self.pk])

    @property
    def period(self) -> Period:
        return Period(self.period_start, self.period_end)


class RunPlan(models.Model):
    """What the run would bill one customer: the lines with their reasons, and a digest of what they came
    from.
    """

    pk = models.CompositePrimaryKey("run", "customer")
    run = models.ForeignKey(Run, models.CASCADE, related_name="plans", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    digest = models.BinaryField()
    total = models.DecimalField(max_digits=14, decimal_places=2)
    lines = models.JSONField()

    def __str__(self) -> str:
        return f"{self.run_id} {self.customer_id}"


class RunChunk(models.Model):
    """A range of customers planned, issued and undone in one transaction each; claimed by its row lock, so a
    killed worker frees it."""

    pk = models.CompositePrimaryKey("run", "number")
    run = models.ForeignKey(Run, models.CASCADE, related_name="chunks", db_index=False)
    number = models.IntegerField()
    low = models.BigIntegerField()
    high = models.BigIntegerField()
    planned_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    issued = models.IntegerField(null=True)
    undone_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.run_id} {self.number}"


class RunException(models.Model):
    """A customer the run did not bill, and why: skipped by rule, or parked for a person to look at."""

    pk = models.CompositePrimaryKey("run", "customer")
    run = models.ForeignKey(Run, models.CASCADE, related_name="exceptions", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=[("skipped", "Skipped"), ("parked", "Parked")])
    reason = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["skipped", "parked"]), name="billing_runexception_state"
            )
        ]

    def __str__(self) -> str:
        return self.reason
