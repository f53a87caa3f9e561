"""Network access servers."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse

from groups.models import HighSite
from ispbilling.core.models import User
from ispbilling.core.secrets import LazySecretField


class MessageAuthenticator(models.TextChoices):
    """What to do with an Access-Request that carries no Message-Authenticator (CVE-2024-3596, W-11)."""

    AUTO = "auto", "Require once it has sent it"
    REQUIRE = "require", "Require: drop requests without it"
    OBSERVE = "observe", "Observe: accept and count them"
    OFF = "off", "Off"


class NasKind(models.TextChoices):
    """Whose attributes a NAS understands: in which form it is told a speed, a pool, an address list."""

    MIKROTIK = "mikrotik", "MikroTik RouterOS"
    CISCO = "cisco", "Cisco IOS"
    WISPR = "wispr", "WISPr (hotspots)"
    GENERIC = "generic", "Generic (Ascend rates)"


class NasQuerySet(models.QuerySet["Nas"]):
    def visible_to(self, user: User) -> "NasQuerySet":
        return self if user.is_provider_staff else self.none()


class Nas(models.Model):
    """A device that may ask us: known by its source address, trusted by its secret."""

    name = models.CharField(max_length=80)
    address = models.GenericIPAddressField(
        unique=True,
        null=True,
        blank=True,
        help_text="The address its requests come from; empty: it is known by its certificate alone",
    )
    kind = models.CharField(
        max_length=10,
        choices=NasKind,
        default=NasKind.MIKROTIK,
        help_text="Whose attributes it understands: the form in which it is told speeds",
    )
    secret = LazySecretField(help_text="The RADIUS shared secret")
    message_authenticator = models.CharField(
        max_length=8, choices=MessageAuthenticator, default=MessageAuthenticator.AUTO
    )
    signed_since = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When a valid Message-Authenticator was first seen (setting: auto)",
    )
    signing_forgotten = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="How often staff made us forget it, so that a worker drops what it remembers",
    )
    fingerprint = models.CharField(
        max_length=64, blank=True, default="", editable=False, help_text="SHA-256 of its certificate (RadSec)"
    )
    certificate = models.TextField(
        "RadSec certificate",
        blank=True,
        default="",
        help_text="What it shows when it speaks RADIUS over TLS (RFC 6614); in PEM, it is public",
    )
    coa_port = models.PositiveIntegerField(
        "CoA port",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
        help_text="Where it listens for Disconnect-Request; empty: the installation's default (3799)",
    )
    high_site = models.ForeignKey(HighSite, models.SET_NULL, null=True, blank=True, related_name="nases")
    enabled = models.BooleanField(default=True, help_text="Off: its packets are dropped like a stranger's")
    demonstration = models.BooleanField(default=False, editable=False)

    objects = NasQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = "NAS"
        verbose_name_plural = "NASes"
        constraints = [
            models.UniqueConstraint(Lower("name"), name="radius_nas_name_ci"),
            models.CheckConstraint(
                condition=models.Q(coa_port__isnull=True) | models.Q(coa_port__range=(1, 65535)),
                name="radius_nas_coa_port",
            ),
            models.UniqueConstraint(
                fields=["fingerprint"],
                condition=~models.Q(fingerprint=""),
                name="radius_nas_fingerprint",
                violation_error_message="Another NAS has this certificate.",
            ),
            models.CheckConstraint(
                condition=models.Q(address__isnull=False) | ~models.Q(fingerprint=""),
                name="radius_nas_known_by_something",
                violation_error_message="Give its address, its certificate or both.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("radius:nas_detail", args=[self.pk])


class NasPosture(models.Model):
    """What one NAS did on one local day, added up from all workers. Written by `radius.server.posture` alone.

    `drops` and `unknown` count by kind: reasons of the wire, attributes that are in no dictionary of ours.
    Clock skew is the NAS's clock minus ours in seconds. `class_asked` are the accounting packets looked at,
    `class_echoed` those among them that carried our Class (RFC 2865 section 5.25).
    """

    nas = models.ForeignKey(Nas, models.CASCADE, related_name="postures", db_index=False)
    day = models.DateField(db_index=True)
    access = models.BigIntegerField(default=0)
    accounting = models.BigIntegerField(default=0)
    unsigned = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    repeated = models.BigIntegerField(default=0)
    drops = models.JSONField(default=dict)
    unknown = models.JSONField(default=dict)
    skew = models.BigIntegerField(null=True)
    worst_skew = models.BigIntegerField(null=True)
    class_asked = models.BigIntegerField(default=0)
    class_echoed = models.BigIntegerField(default=0)
    access_at = models.DateTimeField(null=True)
    accounting_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["nas", "day"], name="radius_nasposture_nas_day")]

    def __str__(self) -> str:
        return f"{self.nas_id} {self.day}"


class Stranger(models.Model):
    """An address that sends us RADIUS and is no NAS of ours: nothing it sends is decoded."""

    address = models.GenericIPAddressField(unique=True)
    packets = models.BigIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-last_at"]

    def __str__(self) -> str:
        return str(self.address)
