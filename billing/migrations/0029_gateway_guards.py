from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_suffix(".sql")


class Migration(migrations.Migration):
    """The gateway there is, switched off; what gateways told is not edited, and a checkout stays what it is about."""

    dependencies = [("billing", "0028_gateways")]

    operations = [
        migrations.RunSQL(SQL.read_text(), SQL.with_suffix(".reverse.sql").read_text()),
    ]
