"""What each line used in each month, for lists to sort and filter by."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("radius", "0031_data_gates")]

    operations = [
        migrations.CreateModel(
            name="UsageMonth",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "month",
                        "data_account",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("month", models.DateField()),
                ("used_octets", models.BigIntegerField()),
                ("percent", models.BigIntegerField(null=True)),
                (
                    "data_account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="usage_months",
                        to="radius.dataaccount",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["month", "used_octets"], name="radius_usagemonth_used"),
                    models.Index(
                        condition=models.Q(("percent__isnull", False)),
                        fields=["month", "percent"],
                        name="radius_usagemonth_percent",
                    ),
                ],
            },
        ),
    ]
