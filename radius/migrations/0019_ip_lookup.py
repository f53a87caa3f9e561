"""Indexes of archived sessions by address and device; see the SQL."""

from pathlib import Path

import radius.usage.models
from django.db import migrations, models

SQL = Path(__file__).with_suffix(".sql").read_text()
UNDO = "DROP INDEX radius_session_mac, radius_session_delegated, radius_session_prefix, radius_session_ip;"


class Migration(migrations.Migration):
    dependencies = [("radius", "0018_access_action")]

    operations = [
        migrations.RunSQL(
            SQL,
            UNDO,
            state_operations=[
                migrations.AddIndex(
                    model_name="session",
                    index=models.Index(fields=["framed_ip", "started_at"], name="radius_session_ip"),
                ),
                migrations.AddIndex(
                    model_name="session",
                    index=models.Index(
                        condition=models.Q(("framed_ipv6_prefix__isnull", False)),
                        fields=["framed_ipv6_prefix"],
                        name="radius_session_prefix",
                    ),
                ),
                migrations.AddIndex(
                    model_name="session",
                    index=models.Index(
                        condition=models.Q(("delegated_ipv6_prefix__isnull", False)),
                        fields=["delegated_ipv6_prefix"],
                        name="radius_session_delegated",
                    ),
                ),
                migrations.AddIndex(
                    model_name="session",
                    index=models.Index(
                        radius.usage.models.BareMac("calling_station_id"),
                        models.F("started_at"),
                        name="radius_session_mac",
                    ),
                ),
            ],
        ),
    ]
