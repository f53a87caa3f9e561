"""A note on a customer."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from customers.accounts.models import Customer
from ispbilling.core.models import User

#: Characters a note may have; a long phone call fits, a pasted log file is an attachment.
LONGEST = 20_000


class NoteQuerySet(models.QuerySet["Note"]):
    def visible_to(self, user: User) -> "NoteQuerySet":
        """Notes are among staff; the portal shows none."""
        return self if user.is_authenticated and user.is_provider_staff else self.none()

    def kept(self) -> "NoteQuerySet":
        """Those that are not removed, pinned ones first."""
        return self.filter(removed_at__isnull=True).order_by("-pinned", "-id")


class Note(models.Model):
    """Plain text about a customer. Removing hides it, so that it can be taken back."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="notes")
    text = models.TextField("note", max_length=LONGEST)
    pinned = models.BooleanField(default=False)
    written_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    removed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = NoteQuerySet.as_manager()

    class Meta:
        ordering = ["-pinned", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="customers_note_says_something"),
        ]
        indexes = [
            # Read by the widget and the list of one customer's notes.
            models.Index(
                fields=["customer", "-pinned", "-id"],
                condition=Q(removed_at__isnull=True),
                name="customers_note_kept",
            )
        ]

    def __str__(self) -> str:
        return f"Note {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("customers:customer_detail", args=[self.customer_id])
