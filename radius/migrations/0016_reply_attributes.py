"""Attributes that a provider adds to replies; the RADIUS service is told of each change."""

import django.db.models.deletion
from django.db import migrations, models

NOTIFY = """
CREATE FUNCTION radius_notify_attribute() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one radius_replyattribute := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    IF one.service_id IS NULL THEN
        PERFORM pg_notify('radius', 'account:' || one.data_account_id);
    ELSE
        PERFORM pg_notify('radius', 'service:' || one.service_id);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER radius_notify AFTER INSERT OR UPDATE OR DELETE ON radius_replyattribute
    FOR EACH ROW EXECUTE FUNCTION radius_notify_attribute();
"""
UNNOTIFY = """
DROP TRIGGER radius_notify ON radius_replyattribute;
DROP FUNCTION radius_notify_attribute();
"""


class Migration(migrations.Migration):
    dependencies = [("radius", "0015_radsec")]

    operations = [
        migrations.CreateModel(
            name="ReplyAttribute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=64)),
                ("value", models.CharField(max_length=253)),
                (
                    "data_account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attributes",
                        to="radius.dataaccount",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attributes",
                        to="radius.service",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(service__isnull=True, data_account__isnull=False)
                        | models.Q(service__isnull=False, data_account__isnull=True),
                        name="radius_replyattribute_one_owner",
                    ),
                    models.UniqueConstraint(
                        fields=["service", "data_account", "name", "value"],
                        name="radius_replyattribute_once",
                        nulls_distinct=False,
                        violation_error_message="It is there already.",
                    ),
                ],
            },
        ),
        migrations.RunSQL(NOTIFY, UNNOTIFY),
    ]
