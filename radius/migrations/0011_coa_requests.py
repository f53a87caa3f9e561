"""Staff ask the RADIUS service to send something; it hears of it at COMMIT, once per statement."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

NOTIFY = """
CREATE FUNCTION radius_notify_requests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('radius', 'requests');
    RETURN NULL;
END $$;
CREATE TRIGGER radius_notify AFTER INSERT ON radius_coarequest
    FOR EACH STATEMENT EXECUTE FUNCTION radius_notify_requests();
"""
UNNOTIFY = """
DROP TRIGGER radius_notify ON radius_coarequest;
DROP FUNCTION radius_notify_requests();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("radius", "0010_nas_posture"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="coaattempt",
            name="applied",
            field=models.CharField(
                blank=True, help_text="The fingerprint of the settings a CoA-Request carried", max_length=16
            ),
        ),
        migrations.AlterField(
            model_name="coaattempt",
            name="because",
            field=models.CharField(help_text="The code of the decision, or who asked", max_length=40),
        ),
        migrations.AlterField(
            model_name="coaattempt",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("ack", "Acknowledged"),
                    ("nak", "Refused"),
                    ("timeout", "No answer"),
                    ("not_sent", "Not sent"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="coaattempt",
            name="request",
            field=models.CharField(
                choices=[
                    ("disconnect", "Disconnect"),
                    ("coa", "Apply settings"),
                    ("probe", "Ask whether it is there"),
                ],
                default="disconnect",
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="CoaRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("disconnect", "Disconnect"),
                            ("coa", "Apply settings"),
                            ("probe", "Ask whether it is there"),
                        ],
                        max_length=20,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("taken_at", models.DateTimeField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ack", "Acknowledged"),
                            ("nak", "Refused"),
                            ("timeout", "No answer"),
                            ("not_sent", "Not sent"),
                        ],
                        db_default="",
                        max_length=20,
                    ),
                ),
                ("error_cause", models.PositiveIntegerField(null=True)),
                ("detail", models.CharField(blank=True, db_default="", max_length=200)),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="coa_requests",
                        to="radius.session",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("answered_at__isnull", True)),
                        fields=["id"],
                        name="radius_coarequest_open",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_at__isnull", True), ("outcome", "")),
                            models.Q(
                                ("answered_at__isnull", False), models.Q(("outcome", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="radius_coarequest_answered_has_outcome",
                    )
                ],
            },
        ),
        migrations.RunSQL(NOTIFY, UNNOTIFY),
    ]
