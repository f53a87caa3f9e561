"""Sessions and usage by month, and what a session was given.

Running sessions stay in one hot partition (month 9999-12-01) that accounting writes directly; those that ended
some days ago are moved into the month of their end (`radius.usage.partitions`). An id alone can no longer be
a key of the database, so that no foreign key refers to a session.
"""

import datetime
from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

SQL = Path(__file__).with_suffix(".sql")
LIVE = datetime.date(9999, 12, 1)


class Migration(migrations.Migration):
    dependencies = [("radius", "0007_nas_kind")]

    operations = [
        migrations.AlterField(
            model_name="coaattempt",
            name="session",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="coa_attempts",
                to="radius.session",
            ),
        ),
        migrations.RunSQL(
            SQL.read_text(),
            SQL.with_suffix(".reverse.sql").read_text(),
            state_operations=[
                migrations.AddField(
                    "session", "month", models.DateField(default=LIVE, db_default=LIVE, editable=False)
                ),
                migrations.AddField(
                    "session",
                    "applied",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Fingerprint of the reply the session was given",
                        max_length=16,
                    ),
                ),
                migrations.AddField("session", "framed_ipv6_prefix", models.GenericIPAddressField(null=True)),
                migrations.AddField(
                    "session", "delegated_ipv6_prefix", models.GenericIPAddressField(null=True)
                ),
                migrations.AddConstraint(
                    "session",
                    models.CheckConstraint(
                        condition=Q(month=LIVE) | Q(stopped_at__isnull=False),
                        name="radius_session_archived_is_over",
                    ),
                ),
                migrations.AddField("usageday", "seconds", models.BigIntegerField(default=0, db_default=0)),
            ],
        ),
    ]
