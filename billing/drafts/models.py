"""Drafts of invoices and their lines. Written by `billing.drafts.writing`."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.urls import reverse

from billing.documents.models import Document
from customers.models import Customer
from ispbilling.core.models import User


class InvoiceDraftQuerySet(models.QuerySet["InvoiceDraft"]):
    def visible_to(self, user: User) -> "InvoiceDraftQuerySet":
        return self if user.is_provider_staff else self.none()

    def open(self) -> "InvoiceDraftQuerySet":
        """Those that are not issued yet."""
        return self.filter(document=None)


class InvoiceDraft(models.Model):
    """An invoice nobody has seen: without number, posting or effect on a balance. Issued, it names its document."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="invoice_drafts")
    issue_on = models.DateField(
        "invoice date", null=True, blank=True, help_text="Empty: the day on which it is issued"
    )
    # What a form sends once, however often its button is pressed.
    token = models.UUIDField(unique=True, editable=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    document = models.OneToOneField(Document, models.PROTECT, null=True, related_name="draft")

    objects = InvoiceDraftQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "draft invoice"

    def __str__(self) -> str:
        return f"Draft {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("billing:draft_detail", args=[self.pk])


class InvoiceDraftLine(models.Model):
    """A line as somebody typed it; its amounts follow from it, the VAT rate of the day and the settings."""

    draft = models.ForeignKey(InvoiceDraft, models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    description = models.CharField(max_length=250)
    quantity = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(1))
    price = models.DecimalField(max_digits=14, decimal_places=4)
    discount = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    vat_exempt = models.BooleanField("VAT exempt", default=False)

    class Meta:
        ordering = ["draft_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["draft", "position"], name="billing_invoicedraftline_position"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, price__gte=0, discount__range=(0, 100)),
                name="billing_invoicedraftline_amounts",
            ),
        ]

    def __str__(self) -> str:
        return self.description
