"""The customer, its contacts, portal logins, accounting codes, and the gates that close its access."""

from datetime import date, datetime

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Upper
from django.urls import reverse

from customers.accounts import reach
from customers.places.models import Accuracy
from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from ispbilling.core.clock import local_day
from ispbilling.core.models import Role, User
from ispbilling.core.secrets import SecretField

CODE_RULE = RegexValidator(r"^[A-Z0-9/_-]{1,20}$", "1 to 20 of A-Z, 0-9, - / _")


class Digits(models.Func):
    """Only the digits of a telephone number, so that "082 123-4567" is found as 0821234567."""

    function = "REGEXP_REPLACE"
    template = "%(function)s(%(expressions)s, '[^0-9]', '', 'g')"
    arity = 1
    output_field = models.TextField()


class DigitLines(Digits):
    """The same for several numbers, one per line: what stands on two lines is no number."""

    template = "%(function)s(%(expressions)s, '[^0-9\\n]', '', 'g')"


def _trigrams(expression: models.Func) -> OpClass:
    """The form in which an index answers `LIKE '%part%'`."""
    return OpClass(expression, name="gin_trgm_ops")


class CustomerType(models.TextChoices):
    INDIVIDUAL = "individual", "Individual"
    COMPANY = "company", "Company"


class PositionSource(models.TextChoices):
    """How a customer's position came to be known (D-5)."""

    TYPED = "typed", "typed"
    PIN = "pin", "pin on the map"
    GEOCODER = "geocoder", "found by its address"


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, user: User) -> "CustomerQuerySet":
        """The customers a user may know of: staff all, a reseller its own, a customer itself."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.is_provider_staff:
            return self
        mine = Q(portal_logins__user=user)
        if user.role == Role.RESELLER:
            mine |= Q(reseller__portal_logins__user=user)
        return self.filter(mine).distinct()

    def not_deleted(self, now: datetime) -> "CustomerQuerySet":
        gates = Gate.objects.closing(now).filter(customer=models.OuterRef("pk"), kind=GateKind.DELETED)
        return self.filter(~models.Exists(gates))

    def deleted(self, now: datetime) -> "CustomerQuerySet":
        gates = Gate.objects.closing(now).filter(customer=models.OuterRef("pk"), kind=GateKind.DELETED)
        return self.filter(models.Exists(gates))


class Customer(models.Model):
    """A person or company with an account. Status is derived from its gates, never stored (gates.py)."""

    code = models.CharField("account code", max_length=20, validators=[CODE_RULE])
    type = models.CharField(
        "customer type", max_length=10, choices=CustomerType, default=CustomerType.INDIVIDUAL
    )
    name = models.CharField(max_length=160, help_text="Company name, or the person's full name")
    contact_name = models.CharField(max_length=160, blank=True)
    id_number = SecretField("ID number", blank=True, default="")
    vat_number = models.CharField("VAT number", max_length=20, blank=True)
    external_id = models.CharField(
        "external ID",
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="The customer's number in the system it was imported from",
    )
    group = models.ForeignKey(
        CustomerGroup, models.PROTECT, related_name="customers", verbose_name="customer group"
    )
    billing_group = models.ForeignKey(
        BillingGroup, models.PROTECT, null=True, blank=True, related_name="customers"
    )
    categories = models.ManyToManyField(Category, blank=True, related_name="customers")
    labels = models.ManyToManyField(Label, blank=True, related_name="customers")
    vip = models.BooleanField("VIP customer", default=False)
    phone = models.CharField("primary tel no", max_length=40, blank=True)
    physical_address = models.TextField(
        "physical address or GPS position", blank=True, help_text="One part of the address per line"
    )
    postal_address = models.TextField(blank=True)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    # Written by editing and onboarding whenever the position changes.
    position_source = models.CharField(
        max_length=10, choices=PositionSource, blank=True, default="", db_default=""
    )
    position_accuracy = models.CharField(
        max_length=10, choices=Accuracy, blank=True, default="", db_default=""
    )
    position_label = models.TextField(
        blank=True, default="", db_default="", help_text="What the geocoder calls the place"
    )
    position_set_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    position_set_at = models.DateTimeField(null=True, blank=True)
    high_site = models.ForeignKey(HighSite, models.SET_NULL, null=True, blank=True, related_name="customers")
    discount = models.DecimalField(
        "standard customer discount",
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Percent, after line discounts and before VAT; empty: that of the billing settings",
    )
    due_days = models.PositiveSmallIntegerField(
        "days till invoices due",
        null=True,
        blank=True,
        help_text="Empty: the group or billing settings decide",
    )
    is_master = models.BooleanField("is master account", default=False)
    bill_all_to_master = models.BooleanField(
        default=False, help_text="Who pays is answered by relations.paying alone"
    )
    master = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="sub_accounts")
    is_reseller = models.BooleanField(default=False)
    reseller = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="resold_customers"
    )
    demonstration = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                Upper("code"),
                name="customers_customer_code_ci",
                violation_error_message="Another customer has this account code.",
            ),
            models.CheckConstraint(
                condition=Q(code__regex=r"^[A-Z0-9/_-]{1,20}$"), name="customers_customer_code_shape"
            ),
            models.UniqueConstraint(
                fields=["external_id"],
                condition=~Q(external_id=""),
                name="customers_customer_external_id",
                violation_error_message="Another customer has this external ID.",
            ),
            models.CheckConstraint(condition=~Q(master=F("id")), name="customers_customer_not_own_master"),
            models.CheckConstraint(
                condition=~Q(reseller=F("id")), name="customers_customer_not_own_reseller"
            ),
            models.CheckConstraint(
                condition=Q(is_master=False) | Q(master__isnull=True),
                name="customers_customer_one_level",
                violation_error_message="A master account cannot itself be a sub-account.",
            ),
            models.CheckConstraint(
                condition=Q(is_reseller=False) | Q(reseller__isnull=True),
                name="customers_customer_one_reseller_level",
                violation_error_message="A reseller cannot belong to another reseller.",
            ),
            models.CheckConstraint(
                condition=Q(discount__range=(0, 100)), name="customers_customer_discount_percent"
            ),
        ]
        indexes = [
            models.Index(fields=["group", "code"], name="customers_customer_group"),
            models.Index(fields=["name"], name="customers_customer_name"),
            # The customer list in its own order.
            models.Index(fields=["code"], name="customers_customer_code"),
            # Read by accounts.finding, as are the trigram indexes of contacts and former codes.
            GinIndex(
                _trigrams(Upper("code")),
                _trigrams(Upper("name")),
                _trigrams(Upper("contact_name")),
                name="customers_customer_search",
            ),
            GinIndex(_trigrams(Digits("phone")), name="customers_customer_phone"),
            GinIndex(_trigrams(Upper("physical_address")), name="customers_customer_address"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("customers:customer_detail", args=[self.pk])

    @property
    def effective_vip(self) -> bool:
        """VIP by itself or through its group (D-3)."""
        return self.vip or self.group.vip


class Contact(models.Model):
    """A person to write to or call; exactly one per customer is primary (EDT-9).

    Each may have several addresses and numbers (EDT-2): the first stands alone, the others one per line.
    """

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="contacts")
    name = models.CharField("contact name", max_length=160)
    email = models.EmailField(blank=True)
    mobile = models.CharField("mobile no", max_length=40, blank=True)
    more_emails = models.TextField(blank=True, default="", db_default="")
    more_mobiles = models.TextField(blank=True, default="", db_default="")
    primary = models.BooleanField(default=False)

    class Meta:
        ordering = ["-primary", "name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(primary=True), name="customers_contact_one_primary"
            )
        ]
        indexes = [
            models.Index(Lower("email"), name="customers_contact_email"),
            GinIndex(
                _trigrams(Upper("name")),
                _trigrams(Upper("email")),
                _trigrams(Upper("more_emails")),
                name="customers_contact_search",
            ),
            GinIndex(
                _trigrams(Digits("mobile")),
                _trigrams(DigitLines("more_mobiles")),
                name="customers_contact_mobile",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def emails(self) -> list[str]:
        """All addresses, the one a portal login uses first."""
        return reach.split(reach.join(self.email, self.more_emails))

    @property
    def mobiles(self) -> list[str]:
        """All mobile numbers, the one an SMS goes to first."""
        return reach.split(reach.join(self.mobile, self.more_mobiles))


class PortalLogin(models.Model):
    """Links a user to the customer whose portal they may use; several per customer, one primary."""

    user = models.OneToOneField(User, models.CASCADE, related_name="portal_login")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="portal_logins")
    primary = models.BooleanField(default=True)

    class Meta:
        ordering = ["-primary", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(primary=True), name="customers_portallogin_one_primary"
            )
        ]

    def __str__(self) -> str:
        return self.user.username


class CodeCounter(models.Model):
    """The highest number ever used with a code stem; a number is never given twice (D-23)."""

    stem = models.CharField(max_length=20, primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.stem}{self.last:03}"


class CodeAlias(models.Model):
    """A former code of a customer: still found by search and accepted as a payment reference."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="code_aliases")
    code = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(Upper("code"), name="customers_codealias_code_ci")]
        indexes = [GinIndex(_trigrams(Upper("code")), name="customers_codealias_search")]

    def __str__(self) -> str:
        return self.code


class GateKind(models.TextChoices):
    """Why a customer's access is closed. The kinds are independent: opening one leaves the others (D-2)."""

    DISABLED = "disabled", "Disabled"
    DELETED = "deleted", "Deleted"
    SUSPENDED = "suspended", "Suspended"
    CANCELLED = "cancelled", "Cancelled"


class GateQuerySet(models.QuerySet["Gate"]):
    def closing(self, now: datetime) -> "GateQuerySet":
        """The gates that are closed at that instant."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=now), since__lte=now)

    def standing(self) -> "GateQuerySet":
        """Closed or going to be: not yet opened again."""
        return self.filter(until__isnull=True)


class Gate(models.Model):
    """A closed gate: access is refused from `since` until `until`. Written by `accounts.gates` alone.

    A cancellation is a gate whose `since` lies in the future: the midnight after the last day of service
    (D-10). Rows are kept when the gate opens, so that "why was he cut off in May?" has an answer.
    """

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="gates")
    kind = models.CharField(max_length=10, choices=GateKind)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    enacted_at = models.DateTimeField(
        null=True, help_text="When the expiry sweep recorded that it took effect"
    )

    objects = GateQuerySet.as_manager()

    class Meta:
        ordering = ["-since", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "kind"],
                condition=Q(until__isnull=True),
                name="customers_gate_one_standing",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="customers_gate_order"
            ),
        ]
        indexes = [models.Index(fields=["kind", "since"], name="customers_gate_kind_since")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.customer.code}"

    @property
    def last_day(self) -> date:
        """The last local day of service before the gate closes."""
        return date.fromordinal(local_day(self.since).toordinal() - 1)
