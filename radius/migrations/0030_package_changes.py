"""Which package a line has from when on: changes that are scheduled, applied, cancelled and undone."""

import django.core.validators
import django.db.models.deletion
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


GUARDS = """
-- The RADIUS service reads the line again: what is scheduled holds from its instant on, applied or not.
CREATE TRIGGER radius_notify AFTER INSERT OR UPDATE OR DELETE ON radius_packagechange
    FOR EACH ROW EXECUTE FUNCTION radius_notify('account', 'data_account_id');
-- So that a decision of the past is explained by what was scheduled then.
CREATE TRIGGER radius_remember AFTER INSERT OR UPDATE OR DELETE ON radius_packagechange
    FOR EACH ROW EXECUTE FUNCTION radius_remember('+', 'id', 'data_account_id', 'to_package_id', 'activates_at', 'state');

-- What was applied is billed by: from then on only how it ended may be written.
CREATE FUNCTION radius_packagechange_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) - ARRAY['state', 'reason', 'closed_at', 'comment']
       IS DISTINCT FROM to_jsonb(NEW) - ARRAY['state', 'reason', 'closed_at', 'comment'] THEN
        RAISE EXCEPTION 'package change % was applied: it is answered by another one, never edited', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER radius_packagechange_kept BEFORE UPDATE ON radius_packagechange
    FOR EACH ROW WHEN (OLD.applied_at IS NOT NULL) EXECUTE FUNCTION radius_packagechange_kept();

INSERT INTO radius_changesettings (id, new_cap) VALUES (1, 'full');
"""
NO_GUARDS = """
DROP TRIGGER radius_packagechange_kept ON radius_packagechange;
DROP FUNCTION radius_packagechange_kept();
DROP TRIGGER radius_remember ON radius_packagechange;
DROP TRIGGER radius_notify ON radius_packagechange;
DELETE FROM radius_facthistory WHERE origin = 'radius_packagechange';
DELETE FROM radius_changesettings;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0018_external_references"),
        ("radius", "0029_rolling_notices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ChangeSettings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "new_cap",
                    models.CharField(
                        choices=[
                            ("full", "All of it"),
                            ("prorated", "By the days of the month with each package"),
                        ],
                        default="full",
                        help_text="Data that was used in the month already counts against it either way",
                        max_length=8,
                        verbose_name="new cap in the month of a change",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "package change settings",
            },
        ),
        migrations.CreateModel(
            name="PackageChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("from_price", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ("from_topup_price", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                (
                    "monthly_price",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=14,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                    ),
                ),
                (
                    "package_price",
                    models.BooleanField(
                        default=False, help_text="On: the line's custom price goes, the package's holds"
                    ),
                ),
                (
                    "topup_price",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=14,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                    ),
                ),
                ("activates_on", models.DateField(verbose_name="activation date")),
                ("activates_at", models.DateTimeField()),
                ("comment", models.CharField(blank=True, max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("scheduled", "Scheduled"),
                            ("applied", "Applied"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Failed"),
                            ("superseded", "Superseded"),
                            ("undone", "Undone"),
                        ],
                        default="scheduled",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, help_text="Why it failed, or was cancelled or undone", max_length=300
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        blank=True,
                        default="",
                        editable=False,
                        help_text="The form that made it, once",
                        max_length=80,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("applied_at", models.DateTimeField(null=True)),
                (
                    "closed_at",
                    models.DateTimeField(
                        help_text="When it was cancelled, failed, undone or superseded", null=True
                    ),
                ),
            ],
            options={
                "ordering": ["-activates_on", "-id"],
            },
        ),
        migrations.AddField(
            model_name="dataaccount",
            name="custom_topup_price",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="Per GB; empty: each top-up's own price",
                max_digits=14,
                null=True,
                validators=[django.core.validators.MinValueValidator(Decimal("0"))],
            ),
        ),
        migrations.AddConstraint(
            model_name="dataaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("custom_topup_price__isnull", True), ("custom_topup_price__gte", 0), _connector="OR"
                ),
                name="radius_dataaccount_topup_price",
            ),
        ),
        migrations.AddConstraint(
            model_name="changesettings",
            constraint=models.CheckConstraint(
                condition=models.Q(("pk", 1)), name="radius_changesettings_one_row"
            ),
        ),
        migrations.AddConstraint(
            model_name="changesettings",
            constraint=models.CheckConstraint(
                condition=models.Q(("new_cap__in", ["full", "prorated"])),
                name="radius_changesettings_new_cap",
            ),
        ),
        migrations.AddField(
            model_name="packagechange",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="packagechange",
            name="data_account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="package_changes",
                to="radius.dataaccount",
            ),
        ),
        migrations.AddField(
            model_name="packagechange",
            name="from_package",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="radius.package"
            ),
        ),
        migrations.AddField(
            model_name="packagechange",
            name="supersedes",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="superseded_by",
                to="radius.packagechange",
            ),
        ),
        migrations.AddField(
            model_name="packagechange",
            name="to_package",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="changes_to", to="radius.package"
            ),
        ),
        migrations.AddIndex(
            model_name="packagechange",
            index=models.Index(
                condition=models.Q(("state", "scheduled")),
                fields=["activates_at"],
                name="radius_packagechange_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="packagechange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("source", ""), _negated=True),
                fields=("source",),
                name="radius_packagechange_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="packagechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["scheduled", "applied", "cancelled", "failed", "superseded", "undone"])
                ),
                name="radius_packagechange_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="packagechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("from_package", models.F("to_package")), _negated=True),
                    ("supersedes__isnull", False),
                    _connector="OR",
                ),
                name="radius_packagechange_differs",
                violation_error_message="It has this package already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="packagechange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("scheduled", "applied"))),
                fields=("data_account", "activates_on"),
                name="radius_packagechange_one_a_day",
                violation_error_message="The line has a package change on that day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="packagechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("applied_at__isnull", True), ("closed_at__isnull", True), ("state", "scheduled")
                    ),
                    models.Q(
                        ("applied_at__isnull", False), ("closed_at__isnull", True), ("state", "applied")
                    ),
                    models.Q(
                        ("applied_at__isnull", True),
                        ("closed_at__isnull", False),
                        ("state__in", ["cancelled", "failed"]),
                    ),
                    models.Q(
                        ("applied_at__isnull", False), ("closed_at__isnull", False), ("state", "undone")
                    ),
                    models.Q(("closed_at__isnull", False), ("state", "superseded")),
                    _connector="OR",
                ),
                name="radius_packagechange_instants",
            ),
        ),
        migrations.AddConstraint(
            model_name="packagechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "failed"), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="radius_packagechange_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="packagechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("monthly_price__isnull", True),
                        models.Q(("monthly_price__gte", 0), ("package_price", False)),
                        _connector="OR",
                    ),
                    models.Q(("topup_price__isnull", True), ("topup_price__gte", 0), _connector="OR"),
                ),
                name="radius_packagechange_prices",
                violation_error_message="A price is not negative, and is either the package's or its own.",
            ),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
