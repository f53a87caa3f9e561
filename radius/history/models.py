"""What rows were before they changed."""

from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.db.models.functions import Lower


class FactHistory(models.Model):
    """A row of a table that decides about lines, as it was until `at`. Written by triggers alone.

    By triggers and not by django-simple-history, for three reasons: much of what decides is written past `save()`
    (`queryset.update` when accounts are merged or a group is deleted, imports in bulk, SQL by hand), and a history
    with gaps would explain wrongly; a trigger keeps a row only when it changes, where simple-history copies every row
    at its creation as well (100,000 lines: 50 MB of nothing new); and one table for all keeps secrets out in one
    place, the arguments of the triggers.

    Kept are data accounts (without the password), packages, services, groups, and of customers their code and group;
    of reply attributes and access actions, which come and go, their beginning too. Gates have since and until of
    their own. The first row, without `origin`, says since when this is kept.
    """

    origin = models.CharField(max_length=40, help_text="The table")
    row_id = models.BigIntegerField()
    at = models.DateTimeField(help_text="When the row changed to something else, or went")
    row = models.JSONField(null=True, help_text="What it was until then; none: it was not there")

    class Meta:
        verbose_name_plural = "fact history"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["origin", "row_id", "at"], name="radius_facthistory_row"),
            models.Index(
                Lower(KT("row__username")),
                condition=Q(origin="radius_dataaccount"),
                name="radius_facthistory_username",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.origin} {self.row_id} until {self.at:%Y-%m-%d %H:%M}"
