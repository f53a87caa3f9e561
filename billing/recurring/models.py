"""Recurring lines, VAT rates, the billing settings, and the periods already billed."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.urls import reverse

from customers.models import Customer
from ispbilling.core.models import User
from radius.models import DataAccount


class VatRate(models.Model):
    """The VAT rate from a day on, until the next row; percent."""

    percent = models.DecimalField(
        max_digits=5, decimal_places=2, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )
    valid_from = models.DateField(unique=True)

    class Meta:
        ordering = ["-valid_from"]
        constraints = [
            models.CheckConstraint(condition=Q(percent__range=(0, 100)), name="billing_vatrate_percent")
        ]
        verbose_name = "VAT rate"

    def __str__(self) -> str:
        return f"{self.percent} % from {self.valid_from}"


class Rounding(models.TextChoices):
    """Where the VAT of a document is rounded to the cent."""

    LINE = "line", "On each line"
    DOCUMENT = "document", "Once on each document"


class AgeBy(models.TextChoices):
    """From which day the age of a debt is counted."""

    DUE = "due", "Due date"
    ISSUED = "issued", "Invoice date"


class BillingSettings(models.Model):
    """How this provider bills. One row."""

    due_days = models.PositiveSmallIntegerField(
        "days till invoices due",
        default=7,
        help_text="From the invoice date; customers and their groups may have days of their own",
    )
    overdue_days = models.PositiveSmallIntegerField(
        "days till overdue",
        default=0,
        help_text="After the due date; on the day after these an unpaid invoice is overdue",
    )
    invoice_prefix = models.CharField(max_length=10, default="INV")
    credit_note_prefix = models.CharField(max_length=10, default="CN")
    adjustment_prefix = models.CharField(max_length=10, default="ADJ")
    write_off_prefix = models.CharField(max_length=10, default="WO")
    receipt_prefix = models.CharField(max_length=10, default="REC", db_default="REC")
    prices_include_vat = models.BooleanField("prices include VAT", default=True)
    rounding = models.CharField(
        "VAT is rounded",
        max_length=8,
        choices=Rounding,
        default=Rounding.LINE,
        help_text="Printed in the small print; documents that are issued keep how they were rounded",
    )
    financial_year_end_month = models.PositiveSmallIntegerField(
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(12)],
        help_text="1 to 12; February is 2",
    )
    month_end_day = models.PositiveSmallIntegerField(
        default=25,
        validators=[MinValueValidator(1), MaxValueValidator(28)],
        help_text="Day on which next month's run is prepared",
    )
    issue_automatically = models.BooleanField(
        default=False,
        help_text="On: the month-end sweep also issues what it prepared, without anyone's approval",
    )
    age_by = models.CharField(
        "age of debts",
        max_length=6,
        choices=AgeBy,
        default=AgeBy.DUE,
        help_text="The day from which age analysis and statements count how old a debt is",
    )

    payment_link = models.CharField(
        max_length=300,
        blank=True,
        default="",
        help_text="Printed as a QR code: https://pay.example/AbC?id={document}&amount={cents}. {reference}, "
        "{amount}, {cents} and {document} are filled in. Empty: the document in the portal",
    )
    # Written by `billing.closing` alone.
    closed_until = models.DateField("books closed up to", null=True, blank=True, editable=False)

    class Meta:
        verbose_name_plural = "billing settings"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="billing_billingsettings_one_row"),
            models.CheckConstraint(
                condition=Q(rounding__in=Rounding.values), name="billing_billingsettings_rounding"
            ),
            models.CheckConstraint(
                condition=~Q(invoice_prefix=F("credit_note_prefix"))
                & ~Q(invoice_prefix=F("adjustment_prefix"))
                & ~Q(invoice_prefix=F("write_off_prefix"))
                & ~Q(credit_note_prefix=F("adjustment_prefix"))
                & ~Q(credit_note_prefix=F("write_off_prefix"))
                & ~Q(adjustment_prefix=F("write_off_prefix")),
                name="billing_billingsettings_prefixes",
                violation_error_message="Each kind of document needs a different prefix.",
            ),
            models.CheckConstraint(
                condition=~Q(
                    receipt_prefix__in=[
                        F("invoice_prefix"),
                        F("credit_note_prefix"),
                        F("adjustment_prefix"),
                        F("write_off_prefix"),
                    ]
                ),
                name="billing_billingsettings_receipt_prefix",
                violation_error_message="Receipts need a prefix of their own.",
            ),
            models.CheckConstraint(
                condition=Q(age_by__in=AgeBy.values), name="billing_billingsettings_age_by"
            ),
        ]

    def __str__(self) -> str:
        return "Billing settings"

    @classmethod
    def get(cls) -> "BillingSettings":
        """The one row (made by a migration)."""
        return cls.objects.get(pk=1)


class RecurringLineQuerySet(models.QuerySet["RecurringLine"]):
    def visible_to(self, user: User) -> "RecurringLineQuerySet":
        if user.is_provider_staff:
            return self
        return self.filter(customer__in=Customer.objects.visible_to(user))

    def listed(self) -> "RecurringLineQuerySet":
        """With what a list shows, and `unit_price`: the price that applies."""
        prices = ("price", "data_account__custom_price", "data_account__package__price")
        return self.select_related("customer", "data_account").annotate(unit_price=Coalesce(*prices))


class RecurringLine(models.Model):
    """Charged every month from its first to its last day, in advance.

    With a data account the price follows the account (custom price, else the package's) unless one is set
    here.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="recurring_lines")
    data_account = models.ForeignKey(
        DataAccount, models.PROTECT, null=True, blank=True, related_name="recurring_lines"
    )
    description = models.CharField(max_length=200)
    quantity = models.DecimalField(
        max_digits=12, decimal_places=2, default=Decimal(1), validators=[MinValueValidator(Decimal("0.01"))]
    )
    price = models.DecimalField(
        max_digits=14,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text="Per month; empty: the data account's price",
    )
    discount = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Percent",
    )
    vat_exempt = models.BooleanField("VAT exempt", default=False)
    starts_on = models.DateField("first day")
    ends_on = models.DateField("last day", null=True, blank=True, help_text="Empty: open")

    objects = RecurringLineQuerySet.as_manager()

    class Meta:
        ordering = ["customer_id", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="billing_recurringline_days",
                violation_error_message="The last day is before the first.",
            ),
            models.CheckConstraint(
                condition=Q(discount__range=(0, 100)), name="billing_recurringline_discount"
            ),
            models.CheckConstraint(
                condition=(Q(price__isnull=True) | Q(price__gte=0)) & Q(quantity__gt=0),
                name="billing_recurringline_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(price__isnull=False) | Q(data_account__isnull=False),
                name="billing_recurringline_priced",
                violation_error_message="Give a price, or a data account whose price applies.",
            ),
        ]

    def __str__(self) -> str:
        return self.description

    def get_absolute_url(self) -> str:
        return reverse("billing:recurring_edit", args=[self.pk])


class BilledPeriod(models.Model):
    """A recurring line was billed for a period: the row that makes billing twice impossible.

    After an undo the period may be billed again, as the next generation; the table stays append-only.
    """

    pk = models.CompositePrimaryKey("recurring_line", "period", "generation")
    recurring_line = models.ForeignKey(
        RecurringLine, models.PROTECT, related_name="billed_periods", db_index=False
    )
    period = models.DateField(help_text="First day of the period")
    generation = models.SmallIntegerField(default=0)
    document = models.ForeignKey("billing.Document", models.PROTECT, related_name="billed_periods")

    def __str__(self) -> str:
        return f"{self.recurring_line_id} {self.period}"
