"""Issued documents and their gapless numbers."""

from django.db import models
from django.db.models import Case, ExpressionWrapper, F, Q, Subquery, Value, When
from django.urls import reverse

from billing.recurring.models import BillingSettings, Rounding
from customers.models import Customer
from ispbilling.core.models import User


class DocumentKind(models.TextChoices):
    INVOICE = "invoice", "Invoice"
    CREDIT_NOTE = "credit_note", "Credit note"
    ADJUSTMENT = "adjustment", "Adjustment"
    WRITE_OFF = "write_off", "Write-off"


#: What is charged and taken back by charge: the kinds that turnover and VAT are reported from.
BILLED = (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE)


class NumberSequence(models.Model):
    """The last number given per kind and financial year; its row lock makes numbers gapless."""

    pk = models.CompositePrimaryKey("kind", "year")
    kind = models.CharField(max_length=12, choices=DocumentKind)
    year = models.SmallIntegerField()
    last = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.kind} {self.year}: {self.last}"


class Party(models.Model):
    """Who a document was issued to, copied in. A row of its own, so that one audited erase may blank it
    after the statutory period while the document and the hash stay."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="parties")
    name = models.CharField(max_length=160)
    address = models.TextField(blank=True)
    vat_number = models.CharField(max_length=20, blank=True)
    code = models.CharField(
        "account code",
        max_length=20,
        blank=True,
        db_default="",
        default="",
        help_text="The payment reference",
    )
    digest = models.BinaryField(
        help_text="Over name, address, VAT number and code; stays when they are erased"
    )
    erased_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "parties"
        constraints = [models.UniqueConstraint(fields=["customer", "digest"], name="billing_party_once")]

    def __str__(self) -> str:
        return self.name


def _overdue_from() -> Case:
    """As `dues.overdue_from`, of what asks for money."""
    days = Subquery(BillingSettings.objects.values("overdue_days")[:1])
    following = ExpressionWrapper(F("due_on") + days + Value(1), output_field=models.DateField())
    return Case(When(total__gt=0, then=following), output_field=models.DateField())


class Issuer(models.Model):
    """Who issued, as printed: the provider's details as they were, shared by all documents issued with them.

    `site` is where the portal was, and `payment_link` the template of where else to pay (core.payment_links).

    Never changed and never deleted, so that paper says for ever what it said.
    """

    name = models.CharField(max_length=120)
    legal_name = models.CharField(max_length=160, blank=True)
    registration_number = models.CharField(max_length=40, blank=True)
    vat_number = models.CharField("VAT number", max_length=20, blank=True)
    address = models.TextField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    bank_details = models.TextField(blank=True)
    invoice_note = models.TextField(blank=True)
    payment_link = models.CharField(max_length=300, blank=True, db_default="", default="")
    site = models.CharField(max_length=200, blank=True, db_default="", default="")
    logo = models.ForeignKey(
        "core.Logo", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    digest = models.BinaryField(unique=True, help_text="Over all of it")

    def __str__(self) -> str:
        return self.name


#: What is hashed of an issuer: what is copied from the provider, then how it is paid online. What is added goes
#: to the end.
ISSUED_WITH = (
    "name",
    "legal_name",
    "registration_number",
    "vat_number",
    "address",
    "phone",
    "email",
    "bank_details",
    "invoice_note",
    "payment_link",
    "site",
    "logo_id",
)


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: User) -> "DocumentQuerySet":
        if user.is_provider_staff:
            return self
        return self.filter(payer__in=Customer.objects.visible_to(user))

    def listed(self) -> "DocumentQuerySet":
        """With what a list shows, `credited`: whether other paper took it back, and `overdue_from`."""
        related = ("customer", "payer", "party", "served", "issuer", "run__billing_group", "corrects")
        notes = Document.objects.filter(corrects=models.OuterRef("pk"))
        return self.select_related(*related).annotate(
            credited=models.Exists(notes), overdue_from=_overdue_from()
        )


class Document(models.Model):
    """Paper: legally it may not change once issued, so it copies in all it says and PostgreSQL refuses edits.

    What takes paper back, as a credit note does an invoice, mirrors it with negated amounts and points back with
    `corrects`. Above zero the payer owes more, below zero less.
    """

    kind = models.CharField(max_length=12, choices=DocumentKind)
    year = models.SmallIntegerField()
    number = models.IntegerField()
    reference = models.CharField(max_length=30)
    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="documents", help_text="Who was served"
    )
    payer = models.ForeignKey(Customer, models.PROTECT, related_name="documents_to_pay")
    party = models.ForeignKey(Party, models.PROTECT, related_name="documents")
    served = models.ForeignKey(
        Party,
        models.PROTECT,
        null=True,
        related_name="documents_served",
        help_text="Who was served, where somebody else pays",
    )
    # Empty on what was issued before it was kept; migration 0011 refuses it for what is issued since.
    issuer = models.ForeignKey(Issuer, models.PROTECT, null=True, related_name="documents", db_index=False)
    run = models.ForeignKey("billing.Run", models.PROTECT, null=True, related_name="documents")
    corrects = models.ForeignKey("self", models.PROTECT, null=True, related_name="corrections")
    issued_on = models.DateField()
    due_on = models.DateField()
    net = models.DecimalField(max_digits=14, decimal_places=2)
    vat = models.DecimalField("VAT", max_digits=14, decimal_places=2)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    reason = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="Why, of what is no invoice; printed"
    )

    rounding = models.CharField(
        "VAT is rounded", max_length=8, choices=Rounding, default=Rounding.LINE, db_default=Rounding.LINE
    )

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_on", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(rounding__in=Rounding.values), name="billing_document_rounding"
            ),
            models.UniqueConstraint(fields=["kind", "year", "number"], name="billing_document_number"),
            models.UniqueConstraint(
                fields=["run", "customer"], condition=Q(kind="invoice"), name="billing_document_once_per_run"
            ),
            models.UniqueConstraint(
                fields=["corrects"],
                condition=Q(corrects__isnull=False),
                name="billing_document_corrected_once",
            ),
            models.CheckConstraint(condition=Q(total=F("net") + F("vat")), name="billing_document_sums"),
            models.CheckConstraint(condition=Q(due_on__gte=F("issued_on")), name="billing_document_due"),
            models.UniqueConstraint(fields=["reference"], name="billing_document_reference"),
            models.CheckConstraint(
                condition=Q(kind="invoice", corrects__isnull=True)
                | Q(kind="credit_note", corrects__isnull=False)
                | Q(kind__in=["adjustment", "write_off"]),
                name="billing_document_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind="adjustment")
                | Q(kind="invoice", total__gt=0)
                | Q(kind="credit_note", total__lt=0)
                | Q(kind="write_off", corrects__isnull=True, total__lt=0)
                | Q(kind="write_off", corrects__isnull=False, total__gt=0),
                name="billing_document_sign",
            ),
            # Not even an invoice may say that it is for nothing; an adjustment carries no VAT.
            models.CheckConstraint(
                condition=~Q(total=0) & (~Q(kind="adjustment") | Q(vat=0)), name="billing_document_amounts"
            ),
        ]
        indexes = [
            # Read by allocating.open_items: what is due since a day, however long ago it was issued.
            models.Index(fields=["due_on"], name="billing_document_due"),
            # Read by the list, by its days, and by what was billed in a month.
            models.Index(fields=["-issued_on", "-id"], name="billing_document_issued"),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("billing:document_detail", args=[self.pk])

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        raise TypeError("An issued document is never deleted; issue a credit note.")


class DocumentLine(models.Model):
    """One printed line; amounts are the line's own, rounded once."""

    document = models.ForeignKey(Document, models.PROTECT, related_name="lines")
    recurring_line = models.ForeignKey(
        "billing.RecurringLine", models.PROTECT, null=True, related_name="billed_on"
    )
    description = models.CharField(max_length=250)
    quantity = models.DecimalField(max_digits=12, decimal_places=2)
    price = models.DecimalField(max_digits=14, decimal_places=4)
    discount = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    vat_rate = models.DecimalField("VAT rate", max_digits=5, decimal_places=2)
    net = models.DecimalField(max_digits=14, decimal_places=2)
    vat = models.DecimalField("VAT", max_digits=14, decimal_places=2)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    gl_code = models.CharField("GL code", max_length=20, blank=True, default="", db_default="")
    since = models.DateField(null=True, help_text="First day of what a recurring line was charged for")
    until = models.DateField(null=True, help_text="The day after the last one")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(total=F("net") + F("vat")), name="billing_documentline_sums")
        ]

    def __str__(self) -> str:
        return self.description
