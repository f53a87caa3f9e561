"""What a closed gate means, by reason; a change is told to the RADIUS service, which reads everything again."""

import django.core.validators
from django.db import migrations, models


NOTIFY = """
CREATE FUNCTION radius_notify_everything() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('radius', '*');
    RETURN NULL;
END $$;

CREATE TRIGGER radius_notify AFTER INSERT OR UPDATE OR DELETE ON radius_accessaction
    FOR EACH STATEMENT EXECUTE FUNCTION radius_notify_everything();
"""
UNNOTIFY = """
DROP TRIGGER radius_notify ON radius_accessaction;
DROP FUNCTION radius_notify_everything();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("radius", "0017_counters"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccessAction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        choices=[
                            ("CUSTOMER_DISABLED", "Customer disabled"),
                            ("CUSTOMER_CANCELLED", "Customer cancelled"),
                            ("ACCOUNT_CANCELLED", "Data account ended"),
                            ("SUSPENDED", "Customer suspended"),
                            ("PACKAGE_BLOCKED", "Data account blocked"),
                            ("SERVICE_EXPIRED", "Service expired"),
                            ("TIME_BAND", "Service closed at this hour"),
                            ("TIME_LIMIT", "Time limit used up"),
                        ],
                        max_length=20,
                        unique=True,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("reject", "Reject"), ("garden", "Walled garden"), ("throttle", "Throttle")],
                        default="reject",
                        max_length=8,
                        verbose_name="instead",
                    ),
                ),
                (
                    "address_list",
                    models.CharField(
                        blank=True,
                        help_text="Address list on MikroTik, the name of a filter on others",
                        max_length=60,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[!-~]*$", "Use letters, digits and signs, without spaces."
                            )
                        ],
                    ),
                ),
                (
                    "pool",
                    models.CharField(
                        blank=True,
                        help_text="Addresses come from this pool, static ones too; empty: the line keeps its address",
                        max_length=60,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[!-~]*$", "Use letters, digits and signs, without spaces."
                            )
                        ],
                        verbose_name="address pool",
                    ),
                ),
                (
                    "redirect_url",
                    models.URLField(
                        blank=True, help_text="Where WISPr hotspots send the browser", verbose_name="page"
                    ),
                ),
                (
                    "down_kbps",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(1000000000)],
                        verbose_name="speed down",
                    ),
                ),
                (
                    "up_kbps",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(1000000000)],
                        verbose_name="speed up",
                    ),
                ),
            ],
            options={
                "ordering": ["code"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "code__in",
                                (
                                    "CUSTOMER_DISABLED",
                                    "CUSTOMER_CANCELLED",
                                    "ACCOUNT_CANCELLED",
                                    "SUSPENDED",
                                    "PACKAGE_BLOCKED",
                                    "SERVICE_EXPIRED",
                                    "TIME_BAND",
                                    "TIME_LIMIT",
                                ),
                            )
                        ),
                        name="radius_accessaction_code",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "garden"), _negated=True),
                            models.Q(("address_list", ""), _negated=True),
                            models.Q(("pool", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="radius_accessaction_garden",
                        violation_error_message="A walled garden needs an address list or a pool: else it has no wall.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("down_kbps__isnull", True),
                                ("kind__in", ["reject", "garden"]),
                                ("up_kbps__isnull", True),
                            ),
                            models.Q(("down_kbps__isnull", False), ("up_kbps__isnull", False)),
                            _connector="OR",
                        ),
                        name="radius_accessaction_speeds",
                        violation_error_message="Write both speeds; a throttle needs them.",
                    ),
                ],
            },
        ),
        migrations.RunSQL(NOTIFY, UNNOTIFY),
    ]
