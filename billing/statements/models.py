"""Statements that were mailed to many at once, and to whom. Written by `billing.statements.mailing` alone."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from customers.models import Customer
from ispbilling.core.models import User


class Who(models.TextChoices):
    """Which payers a mailing is for."""

    OWING = "owing", "Everybody who owes something"
    OVERDUE = "overdue", "Whoever is past a due date"
    OPEN = "open", "Everybody with a balance, credits too"


class StatementMailing(models.Model):
    """One act of sending: drafted with its recipients, then sent once or discarded."""

    since = models.DateField("from")
    until = models.DateField("to")
    who = models.CharField("for", max_length=8, choices=Who)
    narrowed = models.CharField(max_length=200, blank=True, help_text="To which groups, in words")
    drafted_at = models.DateTimeField()
    drafted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField("sent", null=True)
    sent_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(since__lte=F("until")),
                name="billing_statementmailing_days",
                violation_error_message="The last day is before the first.",
            ),
            models.CheckConstraint(condition=Q(who__in=Who.values), name="billing_statementmailing_who"),
        ]

    def __str__(self) -> str:
        return f"Statements to {self.until}"

    def get_absolute_url(self) -> str:
        return reverse("billing:mailing_detail", args=[self.pk])


class StatementRecipient(models.Model):
    """A payer of a mailing, and what it owed at the last day. Whoever has no address is not written to."""

    mailing = models.ForeignKey(StatementMailing, models.CASCADE, related_name="recipients")
    payer = models.ForeignKey(Customer, models.PROTECT, related_name="statement_mailings")
    balance = models.DecimalField(max_digits=14, decimal_places=2)
    overdue = models.DecimalField("past due", max_digits=14, decimal_places=2)
    reachable = models.BooleanField("has an e-mail address")
    told_at = models.DateTimeField("sent", null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["mailing", "payer"], name="billing_statementrecipient_once"),
            models.CheckConstraint(
                condition=Q(told_at__isnull=True) | Q(reachable=True), name="billing_statementrecipient_told"
            ),
        ]
        indexes = [
            # Read by the sweep that sends.
            models.Index(
                fields=["mailing", "id"],
                condition=Q(told_at__isnull=True, reachable=True),
                name="billing_recipient_waiting",
            )
        ]

    def __str__(self) -> str:
        return str(self.payer)

    def get_absolute_url(self) -> str:
        days = f"?since={self.mailing.since}&until={self.mailing.until}"
        return reverse("billing:statement_detail", args=[self.payer_id]) + days
