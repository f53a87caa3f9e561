"""What staff said about the use of a credit. Written by `billing.allocating.pinning` alone."""

from django.db import models
from django.db.models import Q

from billing.ledger.models import Posting
from ispbilling.core.models import User


class Pin(models.Model):
    """So much of this credit settles that debit, whatever is older.

    PostgreSQL refuses one whose ends are not a credit and a debit of the same payer, and more than either
    holds (migration 0016). It is no part of the books: it is replaced and removed freely, and recorded.
    """

    credit = models.ForeignKey(Posting, models.PROTECT, related_name="pins")
    debit = models.ForeignKey(Posting, models.PROTECT, related_name="pinned_by")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["credit", "debit"], name="billing_pin_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="billing_pin_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.credit_id} for {self.debit_id}"
