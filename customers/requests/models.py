"""Questions to customers, the changes they ask for, and their ratings."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.urls import reverse

from customers.accounts.models import Customer
from ispbilling.core.models import User


class Purpose(models.TextChoices):
    UPDATE = "update", "Update"
    RATING = "rating", "Rating"


class CustomerRequest(models.Model):
    """One link sent to one customer: it answers one question, once, until it expires or is taken back."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="requests")
    purpose = models.CharField(max_length=6, choices=Purpose)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "purpose"],
                condition=Q(answered_at__isnull=True, revoked_at__isnull=True),
                name="customers_customerrequest_one_open",
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | Q(revoked_at__isnull=True),
                name="customers_customerrequest_answered_or_revoked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} request to {self.customer.code}"

    def is_open(self, now: datetime) -> bool:
        """Whether its link works."""
        return self.answered_at is None and self.revoked_at is None and self.expires_at > now


class ChangeRequestQuerySet(models.QuerySet["ChangeRequest"]):
    def visible_to(self, user: User) -> "ChangeRequestQuerySet":
        return self if user.is_authenticated and user.is_provider_staff else self.none()

    def open(self) -> "ChangeRequestQuerySet":
        """Those that wait for a decision."""
        return self.filter(decided_at__isnull=True)


class ChangeRequest(models.Model):
    """The customer's answer to an update request; staff decide on it field by field."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="change_requests")
    request = models.OneToOneField(CustomerRequest, models.CASCADE, related_name="change_request")
    comment = models.TextField(blank=True, max_length=2000)
    received_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    objects = ChangeRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            # Read by the list of open ones, the banner on the profile and the dashboard.
            models.Index(
                fields=["customer"],
                condition=Q(decided_at__isnull=True),
                name="customers_changerequest_open",
            )
        ]

    def __str__(self) -> str:
        return f"Changes asked for by {self.customer}"

    def get_absolute_url(self) -> str:
        return reverse("customers:change_request_decide", args=[self.pk])


class Decision(models.TextChoices):
    OPEN = "open", "Open"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"


class ChangedField(models.Model):
    """One field of a change request: what it was when the customer saw it, and what it is to be."""

    change_request = models.ForeignKey(ChangeRequest, models.CASCADE, related_name="fields")
    name = models.CharField(max_length=30)
    old = models.TextField(blank=True)
    new = models.TextField(blank=True)
    decision = models.CharField(max_length=8, choices=Decision, default=Decision.OPEN)
    reason = models.CharField(max_length=300, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["change_request", "name"], name="customers_changedfield_once"),
            models.CheckConstraint(
                condition=~Q(decision="rejected") | ~Q(reason=""),
                name="customers_changedfield_rejected_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RatingQuerySet(models.QuerySet["Rating"]):
    def visible_to(self, user: User) -> "RatingQuerySet":
        return self if user.is_authenticated and user.is_provider_staff else self.none()

    def waiting(self) -> "RatingQuerySet":
        """Low ones nobody has dealt with."""
        return self.filter(score__lte=LOW, handled_at__isnull=True)


#: A rating of so many stars or fewer needs someone.
LOW = 2


class Rating(models.Model):
    """The customer's answer to a rating request: 1 (bad) to 5 (good)."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="ratings")
    request = models.OneToOneField(CustomerRequest, models.CASCADE, related_name="rating")
    score = models.PositiveSmallIntegerField()
    comment = models.TextField(blank=True, max_length=2000)
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    handled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    handled_note = models.CharField(max_length=300, blank=True)

    objects = RatingQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(score__range=(1, 5)), name="customers_rating_one_to_five")
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="customers_rating_customer"),
            # Read by the list of those that need someone and the dashboard.
            models.Index(
                fields=["id"],
                condition=Q(score__lte=LOW, handled_at__isnull=True),
                name="customers_rating_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.score} of 5 from {self.customer}"

    @property
    def waits(self) -> bool:
        return self.score <= LOW and self.handled_at is None
