"""The one row of preferences about customers."""

from django.db import models

from customers.preferences.titles import USUAL


class Preferences(models.Model):
    """What the provider decided about its customers. One row."""

    titles = models.TextField(
        "titles in front of names",
        blank=True,
        default=USUAL,
        help_text="Left out when an account code is made of a person's name; separated by commas",
    )

    class Meta:
        verbose_name = verbose_name_plural = "customer preferences"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="customers_preferences_one_row")]

    def __str__(self) -> str:
        return "Customer preferences"

    @classmethod
    def get(cls) -> "Preferences":
        """The one row (made by a migration)."""
        return cls.objects.get(pk=1)
