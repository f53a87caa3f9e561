"""Caps that act, top-ups and rollover in the catalogue.

Until now a cap was only shown: nobody was cut off or slowed down. So that an upgrade does neither, a package that
has one becomes soft with its own service once capped; the provider decides what each cap does from now on.
"""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from decimal import Decimal
from django.db import migrations, models


KEEP = """
UPDATE radius_package SET cap_kind = 'uncapped' WHERE cap_octets IS NULL;
UPDATE radius_package SET cap_kind = 'soft', service_once_capped_id = service_id WHERE cap_octets IS NOT NULL;
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("radius", "0025_prefixes_apart"),
    ]

    operations = [
        migrations.CreateModel(
            name="TopupType",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(help_text="What customers read on their invoice", max_length=80)),
                (
                    "octets",
                    models.BigIntegerField(
                        validators=[django.core.validators.MinValueValidator(1)], verbose_name="data"
                    ),
                ),
                (
                    "price",
                    models.DecimalField(
                        decimal_places=2,
                        max_digits=14,
                        validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                    ),
                ),
                (
                    "validity_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Days; empty: to the end of the calendar month",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(3660),
                        ],
                        verbose_name="valid for",
                    ),
                ),
                (
                    "promotional",
                    models.BooleanField(
                        default=False,
                        help_text="On: given for an occasion; it neither rolls over nor is transferred",
                    ),
                ),
                (
                    "in_portal",
                    models.BooleanField(
                        default=True, help_text="Off: sold by staff only", verbose_name="in the portal"
                    ),
                ),
                ("active", models.BooleanField(default=True, help_text="Off: not sold any more")),
            ],
            options={
                "verbose_name": "top-up type",
                "ordering": ["group", "octets", "price", "title"],
            },
        ),
        migrations.AddField(
            model_name="package",
            name="add_overusage_on_topup",
            field=models.BooleanField(
                default=False,
                help_text="On: what was used over the cap is added to a top-up, so all that is bought can be used",
            ),
        ),
        migrations.AddField(
            model_name="package",
            name="bundle_starts",
            field=models.CharField(
                choices=[("purchase", "When it is bought"), ("first_use", "When it is first used")],
                default="purchase",
                max_length=9,
                verbose_name="prepaid bundles start",
            ),
        ),
        migrations.AddField(
            model_name="package",
            name="cap_kind",
            field=models.CharField(
                choices=[
                    ("hard", "Hard cap"),
                    ("soft", "Soft cap"),
                    ("uncapped", "Uncapped"),
                ],
                default="hard",
                help_text="Hard: stops at the cap. Soft: goes on at the speed of the service once capped",
                max_length=8,
                verbose_name="kind of cap",
            ),
        ),
        migrations.AddField(
            model_name="package",
            name="counts",
            field=models.CharField(
                choices=[("both", "Download and upload"), ("download", "Download only")],
                default="both",
                max_length=8,
                verbose_name="the cap counts",
            ),
        ),
        migrations.AddField(
            model_name="package",
            name="rollover_max_octets",
            field=models.BigIntegerField(
                blank=True,
                help_text="Octets that a line may hold of rolled over data; empty: any amount",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="most that rolls over",
            ),
        ),
        migrations.AddField(
            model_name="package",
            name="rollover_monthly",
            field=models.BooleanField(blank=True, null=True, verbose_name="unused monthly data"),
        ),
        migrations.AddField(
            model_name="package",
            name="rollover_monthly_months",
            field=models.PositiveSmallIntegerField(
                blank=True,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(12),
                ],
                verbose_name="months until it expires",
            ),
        ),
        migrations.AddField(
            model_name="package",
            name="rollover_topup",
            field=models.BooleanField(blank=True, null=True, verbose_name="unused top-ups"),
        ),
        migrations.AddField(
            model_name="package",
            name="rollover_topup_months",
            field=models.PositiveSmallIntegerField(
                blank=True,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(12),
                ],
                verbose_name="months until they expire",
            ),
        ),
        migrations.AddField(
            model_name="package",
            name="service_once_capped",
            field=models.ForeignKey(
                blank=True,
                help_text="The speed after a soft cap",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="packages_once_capped",
                to="radius.service",
            ),
        ),
        migrations.CreateModel(
            name="TopupGroup",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=80)),
            ],
            options={
                "verbose_name": "top-up group",
                "ordering": ["title"],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("title"),
                        name="radius_topupgroup_title_ci",
                        violation_error_message="Another group has this title.",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="package",
            name="topup_group",
            field=models.ForeignKey(
                blank=True,
                help_text="What may be bought on top; empty: nothing",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="packages",
                to="radius.topupgroup",
            ),
        ),
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="package",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cap_kind", "uncapped"), ("cap_octets__isnull", True)),
                    models.Q(("cap_kind__in", ["hard", "soft"]), ("cap_octets__isnull", False)),
                    _connector="OR",
                ),
                name="radius_package_cap_kind",
                violation_error_message="A hard or soft cap has an amount; uncapped has none.",
            ),
        ),
        migrations.AddConstraint(
            model_name="package",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cap_kind", "soft"), ("service_once_capped__isnull", False)),
                    models.Q(
                        models.Q(("cap_kind", "soft"), _negated=True), ("service_once_capped__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="radius_package_once_capped",
                violation_error_message="A soft cap, and no other, has a service once capped.",
            ),
        ),
        migrations.AddConstraint(
            model_name="package",
            constraint=models.CheckConstraint(
                condition=models.Q(("counts__in", ["both", "download"])), name="radius_package_counts"
            ),
        ),
        migrations.AddConstraint(
            model_name="package",
            constraint=models.CheckConstraint(
                condition=models.Q(("bundle_starts__in", ["purchase", "first_use"])),
                name="radius_package_bundle_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="package",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("rollover_monthly_months__isnull", True),
                        ("rollover_monthly_months__range", (1, 12)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("rollover_topup_months__isnull", True),
                        ("rollover_topup_months__range", (1, 12)),
                        _connector="OR",
                    ),
                ),
                name="radius_package_rollover_months",
                violation_error_message="Rolled over data lasts 1 to 12 months.",
            ),
        ),
        migrations.AddConstraint(
            model_name="package",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("rollover_monthly__isnull", True),
                        ("rollover_monthly", True),
                        ("rollover_monthly_months__isnull", True),
                        _connector="OR",
                    ),
                    models.Q(
                        ("rollover_topup__isnull", True),
                        ("rollover_topup", True),
                        ("rollover_topup_months__isnull", True),
                        _connector="OR",
                    ),
                ),
                name="radius_package_rollover",
                violation_error_message="What does not roll over has no months.",
            ),
        ),
        migrations.AddConstraint(
            model_name="package",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("rollover_max_octets__isnull", True), ("rollover_max_octets__gt", 0), _connector="OR"
                ),
                name="radius_package_rollover_max",
                violation_error_message="The most that rolls over is more than 0.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="package",
            name="radius_package_cap",
            constraint=models.CheckConstraint(
                condition=models.Q(("cap_octets__isnull", True), ("cap_octets__gt", 0), _connector="OR"),
                name="radius_package_cap",
                violation_error_message="A cap is more than 0.",
            ),
        ),
        migrations.AddField(
            model_name="topuptype",
            name="group",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="types", to="radius.topupgroup"
            ),
        ),
        migrations.AddConstraint(
            model_name="topuptype",
            constraint=models.UniqueConstraint(
                models.F("group"),
                django.db.models.functions.text.Lower("title"),
                name="radius_topuptype_title_ci",
                violation_error_message="Another top-up of this group has this title.",
            ),
        ),
        migrations.AddConstraint(
            model_name="topuptype",
            constraint=models.CheckConstraint(
                condition=models.Q(("octets__gt", 0)),
                name="radius_topuptype_octets",
                violation_error_message="A top-up gives more than 0.",
            ),
        ),
        migrations.AddConstraint(
            model_name="topuptype",
            constraint=models.CheckConstraint(
                condition=models.Q(("price__gte", 0)), name="radius_topuptype_price"
            ),
        ),
        migrations.AddConstraint(
            model_name="topuptype",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("validity_days__isnull", True), ("validity_days__range", (1, 3660)), _connector="OR"
                ),
                name="radius_topuptype_validity",
                violation_error_message="A top-up is valid for 1 to 3660 days.",
            ),
        ),
    ]
