"""Products, recurring lines, VAT rates, the billing settings, and the periods already billed."""

import re
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Lower
from django.urls import reverse

from billing.costing.models import CostingPrice
from customers.models import Customer
from ispbilling.core.models import User
from radius.models import DataAccount, PackageChange


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


class ChangesBilled(models.TextChoices):
    """When a package change is charged for days that were billed already (2.8)."""

    NEXT_RUN = "next_run", "With the next run"
    AT_ONCE = "at_once", "At once"


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

    changes_billed = models.CharField(
        "package changes are billed",
        max_length=8,
        choices=ChangesBilled,
        default=ChangesBilled.NEXT_RUN,
        db_default="next_run",
        help_text="For days that were billed already: the former package is credited and the new one charged",
    )
    payment_link = models.CharField(
        max_length=300,
        blank=True,
        default="",
        help_text="Printed as a QR code: https://pay.example/AbC?id={document}&amount={cents}. {reference}, "
        "{amount}, {cents} and {document} are filled in. Empty: the document in the portal",
    )
    anchor_emails = models.CharField(
        "mail the daily anchor to",
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Addresses with commas. Whoever keeps these mails can prove that the books were not changed since",
    )
    # Written by `billing.closing` alone.
    closed_until = models.DateField("books closed up to", null=True, blank=True, editable=False)
    standard_discount = models.DecimalField(
        "standard customer discount",
        max_digits=5,
        decimal_places=2,
        default=0,
        db_default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Percent, for customers without a discount of their own",
    )

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
            models.CheckConstraint(
                condition=Q(standard_discount__range=(0, 100)), name="billing_billingsettings_discount"
            ),
            models.CheckConstraint(
                condition=Q(changes_billed__in=ChangesBilled.values), name="billing_billingsettings_changes"
            ),
        ]

    def __str__(self) -> str:
        return "Billing settings"

    @classmethod
    def get(cls) -> "BillingSettings":
        """The one row (made by a migration)."""
        return cls.objects.get(pk=1)

    @property
    def anchor_addresses(self) -> list[str]:
        """Where the daily anchor goes."""
        return [address for address in re.split(r"[\s,;]+", self.anchor_emails) if address]


class Frequency(models.IntegerChoices):
    """How many calendar months one charge covers."""

    MONTH = 1, "Every month"
    QUARTER = 3, "Every 3 months"
    HALF_YEAR = 6, "Every 6 months"
    YEAR = 12, "Every 12 months"


class Timing(models.TextChoices):
    ADVANCE = "advance", "In advance"
    ARREARS = "arrears", "In arrears"


class Proration(models.TextChoices):
    """What a part of a period costs."""

    DAY = "day", "By the day"
    FULL = "full", "The full price"
    NONE = "none", "Nothing"


class Product(models.Model):
    """Something that is sold again and again: what lines made from it start with, and their price while they have
    none of their own."""

    title = models.CharField(max_length=120)
    price = models.DecimalField(
        max_digits=14,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text="Per period; empty: each line has its own, or the price of its data account",
    )
    frequency = models.PositiveSmallIntegerField("period", choices=Frequency, default=Frequency.MONTH)
    vat_exempt = models.BooleanField("VAT exempt", default=False)
    gl_code = models.CharField(
        "GL code", max_length=20, blank=True, default="", help_text="Account of this income in the books"
    )
    income_account = models.CharField(
        max_length=80, blank=True, default="", help_text="What that account is called there"
    )
    active = models.BooleanField(
        default=True, help_text="Off: not offered for new lines; lines that have it stay"
    )

    class Meta:
        ordering = ["title"]
        constraints = [
            models.UniqueConstraint(Lower("title"), name="billing_product_title_ci"),
            models.CheckConstraint(
                condition=Q(price__isnull=True) | Q(price__gte=0), name="billing_product_price"
            ),
            models.CheckConstraint(
                condition=Q(frequency__in=[1, 3, 6, 12]), name="billing_product_frequency"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("billing:product_edit", args=[self.pk])


class RecurringLineQuerySet(models.QuerySet["RecurringLine"]):
    def visible_to(self, user: User) -> "RecurringLineQuerySet":
        if user.is_provider_staff:
            return self
        return self.filter(customer__in=Customer.objects.visible_to(user))

    def listed(self) -> "RecurringLineQuerySet":
        """With what a list shows, and `unit_price`: the price that applies."""
        months = F("frequency")
        listed = CostingPrice.objects.filter(
            model__customers=OuterRef("customer"), package=OuterRef("data_account__package")
        )
        prices = Coalesce(
            F("price"),
            F("product__price") * months / F("product__frequency"),
            F("data_account__custom_price") * months,
            Subquery(listed.values("price")[:1]) * months,
            F("data_account__package__price") * months,
            output_field=models.DecimalField(max_digits=14, decimal_places=4),
        )
        return self.select_related("customer", "data_account", "product").annotate(unit_price=prices)


class RecurringLine(models.Model):
    """Charged from its first to its last day, every 1, 3, 6 or 12 months, in advance or in arrears.

    The price is its own; else its product's, brought to its period; else its data account's (custom price, else that
    of the customer's data costing model, else the package's), times the months of its period. What a run charges is
    `billing.recurring.charges`.
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
        help_text="Per period; empty: the product's price, else the data account's",
    )
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="recurring_lines"
    )
    frequency = models.PositiveSmallIntegerField(
        "period", choices=Frequency, default=Frequency.MONTH, db_default=1
    )
    timing = models.CharField(
        "charged", max_length=8, choices=Timing, default=Timing.ADVANCE, db_default="advance"
    )
    proration = models.CharField(
        "a part of a period costs",
        max_length=4,
        choices=Proration,
        default=Proration.DAY,
        db_default="day",
    )
    gl_code = models.CharField(
        "GL code", max_length=20, blank=True, default="", db_default="", help_text="Empty: the product's"
    )
    bill_from = models.DateField(
        "catch up from",
        null=True,
        blank=True,
        help_text="Days from here on that were never billed are charged with the next run, a year back at most;"
        " empty: the period of the run alone",
    )
    credit_unused = models.BooleanField(
        "credit unused days",
        default=False,
        db_default=False,
        help_text="Days after the last day that were billed already come off the next invoice",
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
                condition=Q(price__isnull=False) | Q(data_account__isnull=False) | Q(product__isnull=False),
                name="billing_recurringline_priced",
                violation_error_message="Give a price, or a product or data account whose price applies.",
            ),
            models.CheckConstraint(
                condition=Q(frequency__in=[1, 3, 6, 12]), name="billing_recurringline_frequency"
            ),
            models.CheckConstraint(
                condition=Q(timing__in=Timing.values), name="billing_recurringline_timing"
            ),
            models.CheckConstraint(
                condition=Q(proration__in=Proration.values), name="billing_recurringline_proration"
            ),
            models.CheckConstraint(
                condition=Q(bill_from__isnull=True) | Q(bill_from__gte=F("starts_on")),
                name="billing_recurringline_bill_from",
                violation_error_message="It cannot be caught up from before its first day.",
            ),
        ]

    def __str__(self) -> str:
        return self.description

    def get_absolute_url(self) -> str:
        return reverse("billing:recurring_edit", args=[self.pk])


class BilledPeriod(models.Model):
    """Days of a month that a recurring line was billed for: the row that makes billing twice impossible.

    A charge of several months has a row for each. More of the same month is billed as its next generation: after
    the document was taken back, or for days that no other standing row holds. `credit` gives days back. Net of
    that, PostgreSQL lets no day be billed twice or credited more than charged, nor lie outside its month
    (`billing_billedperiod_month`); the table is append-only.
    """

    pk = models.CompositePrimaryKey("recurring_line", "period", "generation")
    recurring_line = models.ForeignKey(
        RecurringLine, models.PROTECT, related_name="billed_periods", db_index=False
    )
    period = models.DateField(help_text="First day of the month")
    generation = models.SmallIntegerField(default=0)
    since = models.DateField()
    until = models.DateField(help_text="The day after the last one")
    credit = models.BooleanField(default=False, db_default=False)
    document = models.ForeignKey("billing.Document", models.PROTECT, related_name="billed_periods")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(period__day=1) & Q(since__gte=F("period")) & Q(until__gt=F("since")),
                name="billing_billedperiod_days",
            ),
            models.CheckConstraint(
                condition=Q(credit=False) | Q(generation__gt=0), name="billing_billedperiod_credit_after"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recurring_line_id} {self.period}"


class BilledChange(models.Model):
    """The package change under whose terms a `BilledPeriod` was billed; none, and it was under those before any.

    A table of its own: most lines never change, and what a month end writes for them is no wider for it. The key is
    that of the billed period, which PostgreSQL checks; append-only like it.
    """

    pk = models.CompositePrimaryKey("recurring_line", "period", "generation")
    recurring_line = models.ForeignKey(RecurringLine, models.PROTECT, related_name="+", db_index=False)
    period = models.DateField(help_text="First day of the month")
    generation = models.SmallIntegerField()
    package_change = models.ForeignKey(PackageChange, models.PROTECT, related_name="billed_periods")

    def __str__(self) -> str:
        return f"{self.recurring_line_id} {self.period}: {self.package_change_id}"
