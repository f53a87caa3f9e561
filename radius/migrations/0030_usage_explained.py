"""What a session had moved by each midnight, and speed tests."""

from decimal import Decimal
from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

SQL = Path(__file__).with_name("0030_session_marks.sql")


class Migration(migrations.Migration):
    dependencies = [("customers", "0018_external_references"), ("radius", "0030_package_changes")]

    operations = [
        migrations.RunSQL(
            SQL.read_text(),
            "DROP TABLE radius_sessionmark",
            state_operations=[
                migrations.CreateModel(
                    name="SessionMark",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "session",
                                "day",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("day", models.DateField()),
                        ("upload_octets", models.BigIntegerField()),
                        ("download_octets", models.BigIntegerField()),
                        ("seconds", models.BigIntegerField()),
                        ("counted", models.BooleanField(default=True)),
                        (
                            "session",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="marks",
                                to="radius.session",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=Q(upload_octets__gte=0, download_octets__gte=0, seconds__gte=0),
                                name="radius_sessionmark_octets",
                            )
                        ]
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name="SpeedTest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token", models.UUIDField(editable=False, unique=True)),
                ("at", models.DateTimeField()),
                ("latency_ms", models.DecimalField(decimal_places=1, max_digits=7, verbose_name="latency")),
                ("down_kbps", models.PositiveIntegerField(verbose_name="download")),
                ("up_kbps", models.PositiveIntegerField(verbose_name="upload")),
                ("down_octets", models.PositiveIntegerField(help_text="What was sent to measure it")),
                ("up_octets", models.PositiveIntegerField(help_text="What was sent to measure it")),
                ("sold_down_kbps", models.PositiveIntegerField(null=True)),
                ("sold_up_kbps", models.PositiveIntegerField(null=True)),
                ("over_line", models.BooleanField(default=False)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="speed_tests",
                        to="customers.customer",
                    ),
                ),
                (
                    "data_account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="speed_tests",
                        to="radius.dataaccount",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-id"],
                "indexes": [
                    models.Index(F("at").desc(), name="radius_speedtest_at"),
                    models.Index("customer", F("at").desc(), name="radius_speedtest_customer"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(latency_ms__gte=0, latency_ms__lte=Decimal(60_000)),
                        name="radius_speedtest_latency",
                    ),
                    models.CheckConstraint(
                        condition=Q(down_kbps__lte=100_000_000, up_kbps__lte=100_000_000),
                        name="radius_speedtest_speed",
                    ),
                    models.CheckConstraint(
                        condition=Q(data_account__isnull=False)
                        | Q(sold_down_kbps__isnull=True, sold_up_kbps__isnull=True, over_line=False),
                        name="radius_speedtest_line",
                    ),
                ],
            },
        ),
    ]
