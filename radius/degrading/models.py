"""What is done about a closed gate."""

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from ispbilling.core.models import User
from ispbilling.core.units import format_kbps
from radius.policy.codes import sentence
from radius.policy.degrading import DEGRADABLE, GARDEN, THROTTLE, Action

#: The codes in words that fit into a table.
REASONS = {
    "CUSTOMER_DISABLED": "Customer disabled",
    "CUSTOMER_CANCELLED": "Customer cancelled",
    "ACCOUNT_CANCELLED": "Data account ended",
    "SUSPENDED": "Customer suspended",
    "PACKAGE_BLOCKED": "Data account blocked",
    "SERVICE_EXPIRED": "Service expired",
    "TIME_BAND": "Service closed at this hour",
    "TIME_LIMIT": "Time limit used up",
    "PREPAID_EMPTY": "Prepaid data used up",
    "CAPPED": "Hard cap reached",
}
_NAME = RegexValidator(r"^[!-~]*$", "Use letters, digits and signs, without spaces.")


class AccessKind(models.TextChoices):
    """What a line gets whose gate is closed."""

    REJECT = "reject", "Reject"
    GARDEN = GARDEN, "Walled garden"
    THROTTLE = THROTTLE, "Throttle"


class AccessActionQuerySet(models.QuerySet["AccessAction"]):
    def visible_to(self, user: User) -> "AccessActionQuerySet":
        return self if user.is_provider_staff else self.none()

    def effective(self) -> tuple[Action, ...]:
        """As the policy knows them: those that are not a reject."""
        return tuple(row.action for row in self.exclude(kind=AccessKind.REJECT).order_by("code"))


class AccessAction(models.Model):
    """What lines get while a gate of this code is closed. Speeds in kbit/s; empty: their own."""

    code = models.CharField(max_length=20, unique=True, choices=REASONS)
    kind = models.CharField("instead", max_length=8, choices=AccessKind, default=AccessKind.REJECT)
    address_list = models.CharField(
        max_length=60,
        blank=True,
        validators=[_NAME],
        help_text="Address list on MikroTik, the name of a filter on others",
    )
    pool = models.CharField(
        "address pool",
        max_length=60,
        blank=True,
        validators=[_NAME],
        help_text="Addresses come from this pool, static ones too; empty: the line keeps its address",
    )
    redirect_url = models.URLField(
        "page", max_length=200, blank=True, help_text="Where WISPr hotspots send the browser"
    )
    down_kbps = models.PositiveIntegerField(
        "speed down", null=True, blank=True, validators=[MaxValueValidator(10**9)]
    )
    up_kbps = models.PositiveIntegerField(
        "speed up", null=True, blank=True, validators=[MaxValueValidator(10**9)]
    )

    objects = AccessActionQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(code__in=DEGRADABLE),
                name="radius_accessaction_code",
            ),
            models.CheckConstraint(
                condition=~Q(kind=AccessKind.GARDEN) | ~Q(address_list="") | ~Q(pool=""),
                name="radius_accessaction_garden",
                violation_error_message="A walled garden needs an address list or a pool: else it has no wall.",
            ),
            models.CheckConstraint(
                condition=Q(down_kbps__isnull=True, up_kbps__isnull=True, kind__in=["reject", GARDEN])
                | Q(down_kbps__isnull=False, up_kbps__isnull=False),
                name="radius_accessaction_speeds",
                violation_error_message="Write both speeds; a throttle needs them.",
            ),
        ]

    def __str__(self) -> str:
        return REASONS.get(self.code, self.code)

    def get_absolute_url(self) -> str:
        return reverse("radius:access_action_list")

    @property
    def sentence(self) -> str:
        return sentence(self.code)

    @property
    def speed(self) -> str:
        """Down and up; empty where lines keep their own."""
        if self.down_kbps is None or self.up_kbps is None:
            return ""
        return f"{format_kbps(self.down_kbps)} down, {format_kbps(self.up_kbps)} up"

    @property
    def action(self) -> Action:
        return Action(
            self.code,
            self.kind,
            self.address_list,
            self.pool,
            self.redirect_url,
            self.down_kbps,
            self.up_kbps,
        )
