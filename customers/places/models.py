"""What geocoders answered."""

from django.db import models


class Accuracy(models.TextChoices):
    """How near a found position is to the door."""

    BUILDING = "building", "The building"
    STREET = "street", "The street"
    AREA = "area", "The suburb or town"
    REGION = "region", "The region"


class Geocode(models.Model):
    """One answer of a geocoder, so that nobody asks the same twice. Without a position: nothing was found."""

    geocoder = models.CharField(
        max_length=200, help_text="Who was asked: the kind and the address of the service"
    )
    query = models.CharField(max_length=500)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    accuracy = models.CharField(max_length=10, choices=Accuracy, blank=True)
    label = models.TextField(blank=True, help_text="What the geocoder calls the place")
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["geocoder", "query"], name="customers_geocode_once"),
            models.CheckConstraint(
                condition=models.Q(latitude__isnull=True, longitude__isnull=True)
                | models.Q(
                    latitude__isnull=False,
                    longitude__isnull=False,
                    latitude__range=(-90, 90),
                    longitude__range=(-180, 180),
                ),
                name="customers_geocode_on_earth",
            ),
        ]

        indexes = [
            # Read when old answers are dropped and when a customer is erased.
            models.Index(fields=["asked_at"], name="customers_geocode_asked_at"),
            models.Index(fields=["query"], name="customers_geocode_query"),
        ]

    def __str__(self) -> str:
        return self.query
