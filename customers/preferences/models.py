"""The one row of preferences about customers."""

from django.db import models

from customers.preferences.titles import USUAL
from ispbilling.core.secrets import SecretField

_PUBLIC = {"nominatim": "https://nominatim.openstreetmap.org", "google": "https://maps.googleapis.com"}


class Geocoder(models.TextChoices):
    """Who says where an address is."""

    NOMINATIM = "nominatim", "Nominatim (OpenStreetMap)"
    GOOGLE = "google", "Google"
    NONE = "none", "Nobody: positions are set by hand"


class Preferences(models.Model):
    """What the provider decided about its customers. One row."""

    titles = models.TextField(
        "titles in front of names",
        blank=True,
        default=USUAL,
        help_text="Left out when an account code is made of a person's name; separated by commas",
    )
    geocoder = models.CharField(
        "who finds addresses",
        max_length=10,
        choices=Geocoder,
        default=Geocoder.NOMINATIM,
        help_text="The address of a customer is sent there when somebody presses Show on Map",
    )
    geocoder_url = models.URLField("address of the service", blank=True)
    geocoder_key = SecretField("Google API key", blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = "customer preferences"
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="customers_preferences_one_row"),
            models.CheckConstraint(
                condition=models.Q(geocoder__in=Geocoder.values), name="customers_preferences_geocoder_known"
            ),
        ]

    def __str__(self) -> str:
        return "Customer preferences"

    @classmethod
    def get(cls) -> "Preferences":
        """The one row (made by a migration)."""
        return cls.objects.get(pk=1)

    @property
    def geocoder_address(self) -> str:
        """Where the geocoder is asked."""
        return self.geocoder_url or _PUBLIC.get(self.geocoder, "")

    @property
    def geocoder_name(self) -> str:
        """Under what its answers are remembered."""
        return f"{self.geocoder} {self.geocoder_address}"[:200]
