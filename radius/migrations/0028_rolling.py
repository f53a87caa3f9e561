"""What is chosen about unused data, notices and use out of bundle."""

import datetime
from typing import Any

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


GUARD = """
CREATE TRIGGER radius_outofbundleconsent_append_only BEFORE UPDATE OR DELETE ON radius_outofbundleconsent
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
"""
UNGUARD = "DROP TRIGGER radius_outofbundleconsent_append_only ON radius_outofbundleconsent;"


def first_row(apps: Any, _: Any) -> None:
    apps.get_model("radius", "DataSettings").objects.create(pk=1)


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0018_external_references"),
        ("radius", "0027_bundles"),
        ("core", "0007_external_references"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="NoticeChoice",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="notice_choice",
                        serialize=False,
                        to="customers.customer",
                    ),
                ),
                ("at_50", models.BooleanField(default=True, verbose_name="at 50 %")),
                ("at_80", models.BooleanField(default=True, verbose_name="at 80 %")),
                ("at_100", models.BooleanField(default=True, verbose_name="at 100 %")),
            ],
        ),
        migrations.CreateModel(
            name="CustomerDataExpiry",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="data_expiry",
                        serialize=False,
                        to="customers.customer",
                    ),
                ),
                (
                    "monthly_months",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(12)],
                        verbose_name="unused monthly data",
                    ),
                ),
                (
                    "topup_months",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(12)],
                        verbose_name="unused top-ups",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "customer data expiries",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("monthly_months__isnull", True), ("monthly_months__lte", 12), _connector="OR"
                            ),
                            models.Q(
                                ("topup_months__isnull", True), ("topup_months__lte", 12), _connector="OR"
                            ),
                        ),
                        name="radius_customerdataexpiry_months",
                        violation_error_message="Unused data lasts 12 months at most.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DataSettings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "rollover_months",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Months after the month it was given for; 0: it expires with its month. Packages, categories, groups and customers may say otherwise",
                        validators=[django.core.validators.MaxValueValidator(12)],
                        verbose_name="unused monthly data lasts",
                    ),
                ),
                (
                    "rollover_topup_months",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Months after the day they expire; 0: they expire on that day",
                        validators=[django.core.validators.MaxValueValidator(12)],
                        verbose_name="unused top-ups last",
                    ),
                ),
                (
                    "group_months",
                    models.PositiveSmallIntegerField(
                        default=1,
                        help_text="Months for which unused data of their customers lasts",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(12),
                        ],
                        verbose_name="groups with Auto Data Rollover",
                    ),
                ),
                (
                    "rollover_soft_capped",
                    models.BooleanField(
                        default=False,
                        help_text="Off: what is left of a soft cap expires, whatever package, category or group say",
                        verbose_name="soft caps roll over",
                    ),
                ),
                (
                    "transfer_zero_rated",
                    models.BooleanField(
                        default=False,
                        help_text="What was given for nothing",
                        verbose_name="zero-rated data may be transferred",
                    ),
                ),
                (
                    "transfers_in_portal",
                    models.BooleanField(
                        default=True,
                        help_text="Off: staff do it for them",
                        verbose_name="customers transfer data in the portal",
                    ),
                ),
                (
                    "regulation_from",
                    models.DateField(
                        blank=True,
                        default=datetime.date(2027, 1, 23),
                        help_text="From that day unused bundles of more than 7 days roll over at least once, whatever is chosen elsewhere. Empty: never, for a provider outside South Africa",
                        null=True,
                        verbose_name="ICASA regulation 8A holds from",
                    ),
                ),
            ],
            options={
                "verbose_name": "data settings",
                "verbose_name_plural": "data settings",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="radius_datasettings_one_row"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("rollover_months__isnull", True),
                                ("rollover_months__lte", 12),
                                _connector="OR",
                            ),
                            models.Q(
                                ("rollover_topup_months__isnull", True),
                                ("rollover_topup_months__lte", 12),
                                _connector="OR",
                            ),
                            models.Q(
                                ("group_months__isnull", True), ("group_months__lte", 12), _connector="OR"
                            ),
                            ("group_months__gte", 1),
                        ),
                        name="radius_datasettings_months",
                        violation_error_message="Unused data lasts 12 months at most.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutOfBundleConsent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("given", models.BooleanField(help_text="Off: withdrawn")),
                ("at", models.DateTimeField()),
                (
                    "door",
                    models.CharField(
                        choices=[("portal", "In the portal"), ("staff", "To staff"), ("sms", "By SMS")],
                        max_length=6,
                    ),
                ),
                ("words", models.TextField(help_text="What was agreed to, as it was shown")),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "data_account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents",
                        to="radius.dataaccount",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["data_account", "-id"], name="radius_consent_line")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("door__in", ["portal", "staff", "sms"])),
                        name="radius_outofbundleconsent_door_known",
                    )
                ],
            },
        ),
        migrations.RunPython(first_row, migrations.RunPython.noop),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
