"""What lists of a month sort and filter by."""

from django.db import models

from radius.accounts.models import DataAccount


class UsageMonth(models.Model):
    """What a line used in a month, and which whole percent of its limit that was; null: it had none.

    Added up every few minutes (`months`), so that a list of 100,000 lines can be sorted by it. Never shown: pages add
    up `UsageDay` and bundles themselves, for the lines that they show.
    """

    pk = models.CompositePrimaryKey("month", "data_account")
    data_account = models.ForeignKey(
        DataAccount, models.DO_NOTHING, db_constraint=False, related_name="usage_months", db_index=False
    )
    month = models.DateField()
    used_octets = models.BigIntegerField()
    percent = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            # Read by the Total Usage List: who used most, and who used so many percent.
            models.Index(fields=["month", "used_octets"], name="radius_usagemonth_used"),
            models.Index(
                fields=["month", "percent"],
                condition=models.Q(percent__isnull=False),
                name="radius_usagemonth_percent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.data_account_id}"
