"""A file of a customer."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from customers.accounts.models import Customer
from ispbilling.core.models import FileKind, StoredFile, User


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: User) -> "AttachmentQuerySet":
        """Attachments are among staff; the portal shows none."""
        return self if user.is_authenticated and user.is_provider_staff else self.none()

    def kept(self) -> "AttachmentQuerySet":
        return self.filter(removed_at__isnull=True)


class Attachment(StoredFile):
    """A file of a customer. Removing hides it; the sweep `purge_files` deletes it later."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="attachments")
    description = models.CharField(max_length=200, blank=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=FileKind.values), name="customers_attachment_kind_known"
            ),
            models.CheckConstraint(condition=Q(size__gt=0), name="customers_attachment_not_empty"),
        ]
        indexes = [
            # Read by the widget and the list of one customer's files.
            models.Index(fields=["customer", "-id"], name="customers_attachment_customer"),
            # Read by the sweep `purge_files`.
            models.Index(
                fields=["removed_at"],
                condition=Q(removed_at__isnull=False),
                name="customers_attachment_removed",
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("customers:attachment_detail", args=[self.pk])
