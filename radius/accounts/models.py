"""Data accounts."""

from decimal import Decimal

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Cast, Lower, NullIf, Upper
from django.db.models.lookups import Exact
from django.urls import reverse

from customers.models import Customer
from ispbilling.core.models import User
from ispbilling.core.money import cents
from ispbilling.core.secrets import LazySecretField
from ispbilling.core.units import GB
from radius.catalogue.models import Package
from radius.nas.models import Nas

# A MAC address in any punctuation.
MAC = r"^([0-9a-f][:.-]?){11}[0-9a-f]$"


class Medium(models.TextChoices):
    WIRELESS = "wireless", "Wireless"
    FIBRE = "fibre", "Fibre"
    LTE = "lte", "LTE"
    OTHER = "other", "Other"


def _prefix(name: str) -> Cast:
    return Cast(NullIf(name, models.Value("")), models.GenericIPAddressField())


class _Overlap(models.Func):
    arg_joiner = " && "
    template = "(%(expressions)s)"
    output_field = models.BooleanField()


class DataAccountQuerySet(models.QuerySet["DataAccount"]):
    def visible_to(self, user: User) -> "DataAccountQuerySet":
        if user.is_provider_staff:
            return self
        return self.filter(customer__in=Customer.objects.visible_to(user))

    def overlapping(self, prefix: str) -> "DataAccountQuerySet":
        """Those with a static prefix, of the link or delegated, that shares addresses with this one."""
        other = Cast(models.Value(prefix), models.GenericIPAddressField())
        return self.filter(
            Q(_Overlap(_prefix("framed_ipv6_prefix"), other))
            | Q(_Overlap(_prefix("delegated_ipv6_prefix"), other))
        )


class DataAccount(models.Model):
    """A line that authenticates: the RADIUS user. Its secret is random and never the portal password (R7)."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="data_accounts")
    username = models.CharField(max_length=128)
    secret = LazySecretField("RADIUS password")
    package = models.ForeignKey(Package, models.PROTECT, related_name="data_accounts")
    medium = models.CharField(max_length=8, choices=Medium, default=Medium.WIRELESS)
    custom_price = models.DecimalField(
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text="Per month; empty: the package's price",
    )
    custom_topup_price = models.DecimalField(
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text="Per GB; empty: each top-up's own price",
    )
    blocked = models.BooleanField(default=False, help_text="On: this line cannot authenticate (DAT-2)")
    blocked_reason = models.CharField(max_length=200, blank=True)
    starts_on = models.DateField("first day")
    ends_on = models.DateField(
        "last day", null=True, blank=True, help_text="Last day of service; empty: open"
    )
    framed_ip = models.GenericIPAddressField(
        "static IPv4 address",
        protocol="IPv4",
        null=True,
        blank=True,
        help_text="Empty: from the package's pool",
    )
    framed_ipv6_prefix = models.CharField(
        "static IPv6 prefix of the link",
        max_length=49,
        blank=True,
        help_text="Empty: from the package's pool",
    )
    delegated_ipv6_prefix = models.CharField(
        "static delegated IPv6 prefix",
        max_length=49,
        blank=True,
        help_text="For the router behind the link; empty: from the package's pool",
    )
    mac_lock = models.CharField(
        "MAC lock", max_length=17, blank=True, help_text="Calling-Station-Id it must come from"
    )
    nas_lock = models.ForeignKey(
        Nas, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="NAS lock"
    )
    mac_authentication = models.BooleanField(
        "MAC authentication",
        default=False,
        help_text="On: its device logs in by its MAC address, which is the username, without the password. Such an"
        " address is easily imitated: for devices that cannot do better",
    )
    port_lock = models.CharField(
        "port lock", max_length=64, blank=True, help_text="NAS-Port-Id, or NAS-Port, it must come from"
    )
    prepaid = models.BooleanField(
        default=False, help_text="On: it lives from the bundles it buys alone, and has no monthly cap (2.10)"
    )
    prepaid_since = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)

    objects = DataAccountQuerySet.as_manager()

    class Meta:
        ordering = ["username"]
        constraints = [
            models.CheckConstraint(
                condition=Q(mac_authentication=False) | Q(username__iregex=MAC),
                name="radius_dataaccount_mac_username",
                violation_error_message="For MAC authentication the username must be the device's MAC address.",
            ),
            models.UniqueConstraint(
                Func(Lower("username"), Value("[:. -]"), Value(""), Value("g"), function="regexp_replace"),
                condition=Q(mac_authentication=True),
                name="radius_dataaccount_mac",
                violation_error_message="Another data account logs in by this MAC address.",
            ),
            models.UniqueConstraint(
                Lower("username"),
                name="radius_dataaccount_username_ci",
                violation_error_message="Another data account has this username.",
            ),
            models.UniqueConstraint(
                fields=["framed_ip"],
                condition=Q(framed_ip__isnull=False),
                name="radius_dataaccount_framed_ip",
                violation_error_message="Another data account has this address.",
            ),
            models.CheckConstraint(
                condition=Exact(Func("framed_ip", function="family", output_field=models.IntegerField()), 4),
                name="radius_dataaccount_framed_ip_is_ipv4",
                violation_error_message="A static IPv4 address is an IPv4 address.",
            ),
            *(
                ExclusionConstraint(
                    # An empty text is no prefix, and overlaps with nothing.
                    expressions=[(OpClass(_prefix(name), name="inet_ops"), "&&")],
                    name=f"radius_dataaccount_{name}",
                    violation_error_message="Another data account has this prefix or a part of it.",
                )
                for name in ("framed_ipv6_prefix", "delegated_ipv6_prefix")
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="radius_dataaccount_days",
                violation_error_message="The last day is before the first.",
            ),
            models.CheckConstraint(
                condition=Q(custom_price__isnull=True) | Q(custom_price__gte=0),
                name="radius_dataaccount_price",
            ),
            models.CheckConstraint(
                condition=Q(prepaid=False, prepaid_since__isnull=True)
                | Q(prepaid=True, prepaid_since__isnull=False),
                name="radius_dataaccount_prepaid",
            ),
            models.CheckConstraint(
                condition=Q(custom_topup_price__isnull=True) | Q(custom_topup_price__gte=0),
                name="radius_dataaccount_topup_price",
            ),
        ]
        indexes = [
            # Lists in their own order.
            models.Index(fields=["username"], name="radius_dataaccount_username"),
            # Read by searches for a part of the username.
            GinIndex(OpClass(Upper("username"), name="gin_trgm_ops"), name="radius_dataaccount_search"),
        ]

    def __str__(self) -> str:
        return self.username

    def get_absolute_url(self) -> str:
        return reverse("radius:data_account_detail", args=[self.pk])

    @property
    def price(self) -> Decimal:
        """What it costs a month."""
        return self.package.price if self.custom_price is None else self.custom_price

    def topup_price(self, octets: int, price: Decimal) -> Decimal:
        """What a top-up of so many octets costs on this line, when its own price is `price`."""
        if self.custom_topup_price is None:
            return price
        return cents(self.custom_topup_price * octets / GB)
