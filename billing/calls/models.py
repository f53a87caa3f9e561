"""Phone costing models and their rates, the numbers of customers, files of calls, the calls, and what billed them.

All amounts are before VAT, as carriers write theirs; the invoice adds it.
"""

from decimal import Decimal

from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower
from django.urls import reverse

from customers.models import Customer
from ispbilling.core.models import User
from ispbilling.core.secrets import SecretField

NOT_NEGATIVE = [MinValueValidator(Decimal(0))]


class PhoneCostingModel(models.Model):
    """A price list for calls. Where `markup` is given, a call whose cost the carrier told costs that plus the markup;
    every other call follows the rates."""

    title = models.CharField(max_length=80)
    markup = models.DecimalField(
        "markup on the carrier's cost",
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(1000))],
        help_text="Percent. A call whose cost is in the file costs that plus the markup, other calls follow the"
        " rates. Empty: all calls follow the rates",
    )

    class Meta:
        ordering = ["title"]
        verbose_name = "phone costing model"
        constraints = [
            models.UniqueConstraint(
                Lower("title"),
                name="billing_phonecostingmodel_title_ci",
                violation_error_message="There is a phone costing model with this title already.",
            ),
            models.CheckConstraint(
                condition=Q(markup__isnull=True) | Q(markup__range=(0, 1000)),
                name="billing_phonecostingmodel_markup",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("billing:phone_costing_detail", args=[self.pk])


class PhoneRate(models.Model):
    """What calls to the numbers that begin with a prefix cost in a model; of several prefixes the longest holds."""

    model = models.ForeignKey(PhoneCostingModel, models.CASCADE, related_name="rates", db_index=False)
    prefix = models.CharField(
        max_length=15, validators=[RegexValidator(r"^[0-9]+\Z", "Digits, with the country code: 2782.")]
    )
    destination = models.CharField(max_length=80)
    per_minute = models.DecimalField(
        max_digits=14, decimal_places=4, validators=NOT_NEGATIVE, help_text="Before VAT"
    )
    connection_fee = models.DecimalField(
        max_digits=14,
        decimal_places=4,
        default=0,
        validators=NOT_NEGATIVE,
        help_text="For each call, before VAT",
    )
    first_seconds = models.PositiveIntegerField(
        "first increment",
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(3600)],
        help_text="Seconds: a shorter call is charged as so long",
    )
    next_seconds = models.PositiveIntegerField(
        "further increments",
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(3600)],
        help_text="Seconds: what comes after the first is rounded up to these",
    )
    minimum_charge = models.DecimalField(
        max_digits=14,
        decimal_places=4,
        default=0,
        validators=NOT_NEGATIVE,
        help_text="No answered call costs less, before VAT",
    )

    class Meta:
        ordering = ["prefix"]
        verbose_name = "rate"
        constraints = [
            models.UniqueConstraint(
                fields=["model", "prefix"],
                name="billing_phonerate_once",
                violation_error_message="The model has a rate for this prefix already.",
            ),
            models.CheckConstraint(condition=Q(prefix__regex=r"^[0-9]+$"), name="billing_phonerate_prefix"),
            models.CheckConstraint(
                condition=Q(per_minute__gte=0, connection_fee__gte=0, minimum_charge__gte=0),
                name="billing_phonerate_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(first_seconds__range=(1, 3600), next_seconds__range=(1, 3600)),
                name="billing_phonerate_increments",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.destination} ({self.prefix})"


class CustomerPhoneCosting(models.Model):
    """The phone costing model of a customer; without a row the default of the settings holds."""

    customer = models.OneToOneField(Customer, models.PROTECT, primary_key=True, related_name="phone_costing")
    model = models.ForeignKey(PhoneCostingModel, models.PROTECT, related_name="customers")

    def __str__(self) -> str:
        return str(self.model)


class CallSettings(models.Model):
    """How this provider bills calls. One row; whoever prices calls holds it, so that prices change between them."""

    default_model = models.ForeignKey(
        PhoneCostingModel,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="default phone costing model",
        help_text="For customers without one of their own; empty: their calls wait for a model",
    )
    country_code = models.CharField(
        max_length=3,
        default="27",
        validators=[RegexValidator(r"^[1-9][0-9]{0,2}\Z", "One to three digits, without + or 00.")],
        help_text="Of numbers that are written without one, in files imported from now on",
    )
    gl_code = models.CharField(
        "GL code of calls",
        max_length=20,
        blank=True,
        default="",
        help_text="Account of this income in the books",
    )

    class Meta:
        verbose_name = verbose_name_plural = "call settings"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="billing_callsettings_one_row"),
            models.CheckConstraint(
                condition=Q(country_code__regex=r"^[1-9][0-9]{0,2}$"),
                name="billing_callsettings_country_code",
            ),
        ]

    def __str__(self) -> str:
        return "Call settings"

    @classmethod
    def get(cls) -> "CallSettings":
        """The one row (made by a migration)."""
        return cls.objects.get(pk=1)


class PhoneNumberQuerySet(models.QuerySet["PhoneNumber"]):
    def visible_to(self, user: User) -> "PhoneNumberQuerySet":
        if user.is_provider_staff:
            return self
        return self.filter(customer__in=Customer.objects.visible_to(user))


class PhoneNumber(models.Model):
    """A caller identity: whose calls these are, from its first to its last day. Written by `owning` alone.

    `identity` is the normal form that calls bear, `label` how it was typed. While it is `stale`, its calls have to be
    priced again, and none of them is billed.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="phone_numbers")
    identity = models.CharField(max_length=64)
    label = models.CharField("number or extension", max_length=64)
    description = models.CharField(max_length=80, blank=True, default="")
    starts_on = models.DateField("first day")
    ends_on = models.DateField("last day", null=True, blank=True, help_text="Empty: open")
    stale = models.BooleanField(default=True)

    objects = PhoneNumberQuerySet.as_manager()

    class Meta:
        ordering = ["label", "starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="billing_phonenumber_days",
                violation_error_message="The last day is before the first.",
            ),
            ExclusionConstraint(
                expressions=[
                    ("identity", "="),
                    (Func("starts_on", "ends_on", Value("[]"), function="daterange"), "&&"),
                ],
                name="billing_phonenumber_once",
                violation_error_message="Somebody has this number on some of these days.",
            ),
            models.CheckConstraint(condition=~Q(identity=""), name="billing_phonenumber_identity"),
        ]
        indexes = [
            # Read by the pricing sweep and by runs; almost always empty.
            models.Index(fields=["customer"], condition=Q(stale=True), name="billing_phonenumber_stale")
        ]

    def __str__(self) -> str:
        return self.label

    def get_absolute_url(self) -> str:
        return reverse("billing:phone_number_edit", args=[self.pk])


class CallImportState(models.TextChoices):
    PREVIEWED = "previewed", "Preview"
    READING = "reading", "Being read"
    READ = "read", "Imported"
    UNDONE = "undone", "Undone"


class CallImportQuerySet(models.QuerySet["CallImport"]):
    def visible_to(self, user: User) -> "CallImportQuerySet":
        return self if user.is_authenticated and user.is_provider_staff else self.none()


class CallImport(models.Model):
    """One file of calls. Nothing is imported before its columns are confirmed. Written by `importing` alone.

    Its rows are kept in parts until each is read, and are then forgotten; what could not be read is told by row.
    """

    name = models.CharField("file", max_length=200)
    state = models.CharField(max_length=10, choices=CallImportState, default=CallImportState.PREVIEWED)
    created_at = models.DateTimeField("uploaded")
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    head = SecretField(blank=True, default="", help_text="The first rows, as JSON, while columns are chosen")
    columns = models.JSONField(null=True)
    rows = models.IntegerField(default=0, help_text="In the file, without its headings")
    parts_count = models.IntegerField(default=0)
    added = models.IntegerField(default=0)
    known = models.IntegerField("imported before", default=0)
    unanswered = models.IntegerField("not answered", default=0)
    bad = models.IntegerField("could not be read", default=0)
    problems = models.JSONField(default=list)

    objects = CallImportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "file of calls"
        verbose_name_plural = "files of calls"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=CallImportState.values), name="billing_callimport_state"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("billing:call_import_detail", args=[self.pk])


class CallImportPart(models.Model):
    """Rows of a file that wait to be read, encrypted; deleted when they are."""

    pk = models.CompositePrimaryKey("of", "number")
    of = models.ForeignKey(CallImport, models.CASCADE, related_name="parts", db_index=False)
    number = models.IntegerField()
    rows = SecretField(help_text="JSON: row number and cells")

    def __str__(self) -> str:
        return f"{self.of_id} {self.number}"


class CallBill(models.Model):
    """The calls of a number in a month that a document charged: one line of its paper. Append-only.

    PostgreSQL holds `calls`, `seconds` and `amount` against the calls that point here, when they do.
    """

    number = models.ForeignKey(PhoneNumber, models.PROTECT, related_name="bills")
    month = models.DateField(help_text="Its first day")
    document = models.ForeignKey("billing.Document", models.PROTECT, related_name="call_bills")
    calls = models.IntegerField()
    seconds = models.BigIntegerField()
    amount = models.DecimalField(max_digits=18, decimal_places=4, help_text="Before VAT, not rounded")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["document", "number", "month"], name="billing_callbill_once_per_document"
            ),
            models.CheckConstraint(
                condition=Q(month__day=1, calls__gt=0, seconds__gte=0, amount__gte=0),
                name="billing_callbill_sums",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number_id} {self.month:%Y-%m}"


class CallState(models.TextChoices):
    RATED = "rated", "Priced"
    UNKNOWN = "unknown", "Unknown caller"
    UNRATED = "unrated", "No rate"
    LEFT_OUT = "left_out", "Left out"


class CallQuerySet(models.QuerySet["Call"]):
    def visible_to(self, user: User) -> "CallQuerySet":
        if user.is_provider_staff:
            return self
        return self.filter(number__customer__in=Customer.objects.visible_to(user))

    def open(self) -> "CallQuerySet":
        """Those that no invoice has."""
        return self.filter(bill=None)


class Call(models.Model):
    """One call, once: `digest` is over caller, called, start and seconds, whatever file it stood in.

    Whose it is and what it costs is decided again (`rating`, `owning`) as long as no invoice has it; then PostgreSQL
    lets nothing of it be changed until that invoice is credited.
    """

    digest = models.BinaryField(unique=True)
    caller = models.CharField(max_length=64)
    called = models.CharField(max_length=64)
    started_at = models.DateTimeField("started")
    day = models.DateField(help_text="The local day on which it began")
    seconds = models.IntegerField()
    cost = models.DecimalField(
        "carrier's cost", max_digits=14, decimal_places=4, null=True, help_text="Before VAT; empty: not told"
    )
    state = models.CharField(max_length=10, choices=CallState)
    number = models.ForeignKey(PhoneNumber, models.PROTECT, null=True, related_name="calls", db_index=False)
    destination = models.CharField(max_length=80, blank=True, default="")
    price = models.DecimalField(max_digits=14, decimal_places=4, null=True, help_text="Before VAT")
    reason = models.CharField(max_length=200, blank=True, default="", help_text="Why it is not charged")
    imported_from = models.ForeignKey(CallImport, models.PROTECT, related_name="calls")
    bill = models.ForeignKey(CallBill, models.PROTECT, null=True, related_name="of_calls")

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(seconds__gte=0) & (Q(cost__isnull=True) | Q(cost__gte=0)),
                name="billing_call_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(state="rated", number__isnull=False, price__isnull=False, price__gte=0)
                | Q(state="unrated", number__isnull=False, price__isnull=True)
                | Q(state="unknown", number__isnull=True, price__isnull=True)
                | Q(state="left_out", price__isnull=True),
                name="billing_call_state",
            ),
            models.CheckConstraint(
                condition=Q(bill__isnull=True) | Q(state="rated"), name="billing_call_billed_is_rated"
            ),
        ]
        indexes = [
            # Read by runs, and by pricing again: what a number has that is not billed.
            models.Index(fields=["number", "day"], condition=Q(bill=None), name="billing_call_open"),
            # Read by the list of a customer, by day.
            models.Index(fields=["number", "-started_at"], name="billing_call_of_number"),
            # Read by the list of all, by its days.
            models.Index(fields=["-started_at", "-id"], name="billing_call_started"),
            # Read by the lists of unknown callers and of calls without a rate, and when a number gets an owner.
            models.Index(
                fields=["state", "caller"],
                condition=Q(bill=None, state__in=["unknown", "unrated", "left_out"]),
                name="billing_call_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.caller} to {self.called}"
