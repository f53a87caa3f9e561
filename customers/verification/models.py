"""The record of one check of a customer's identity."""

from datetime import date

from django.db import models
from django.db.models import F, Q

from customers.accounts.models import Customer
from customers.files.models import Attachment
from ispbilling.core.models import User


class DocumentType(models.TextChoices):
    SA_ID = "sa_id", "South African ID book or card"
    PASSPORT = "passport", "Passport"
    PERMIT = "permit", "Asylum or refugee permit"
    COMPANY = "company", "Company registration and representative's ID"


class Method(models.TextChoices):
    FACE_TO_FACE = "face_to_face", "Face to face"
    CERTIFIED_COPY = "certified_copy", "Certified copy of the document"
    DATABASE = "database", "Population register or other database"


class VerificationQuerySet(models.QuerySet["Verification"]):
    def standing(self) -> "VerificationQuerySet":
        """Not revoked, whether or not expired."""
        return self.filter(revoked_at__isnull=True)

    def valid(self, on: date) -> "VerificationQuerySet":
        """Those by which a customer counts as verified on that day."""
        return self.standing().filter(Q(expires_on__isnull=True) | Q(expires_on__gte=on))


class Verification(models.Model):
    """One check; at most one stands at a time, the former ones stay as history."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="verifications")
    document_type = models.CharField(max_length=10, choices=DocumentType)
    method = models.CharField(max_length=16, choices=Method)
    verified_on = models.DateField("checked on")
    verified_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    expires_on = models.DateField("document valid until", null=True, blank=True)
    documents = models.ManyToManyField(Attachment, blank=True, related_name="verifications")
    proof_of_address = models.ForeignKey(
        Attachment, models.SET_NULL, null=True, blank=True, related_name="addresses_proved"
    )
    proof_dated_on = models.DateField("proof of address dated", null=True, blank=True)
    recorded_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    revoke_reason = models.CharField(max_length=300, blank=True)

    objects = VerificationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(revoked_at__isnull=True),
                name="customers_verification_one_standing",
            ),
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(expires_on__gte=F("verified_on")),
                name="customers_verification_document_was_valid",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | ~Q(revoke_reason=""),
                name="customers_verification_revoked_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_document_type_display()}, {self.get_method_display().lower()}"

    def is_valid(self, on: date) -> bool:
        return self.revoked_at is None and (self.expires_on is None or self.expires_on >= on)
