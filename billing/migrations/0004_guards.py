from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_suffix(".sql")


class Migration(migrations.Migration):
    """Triggers that keep the ledger's promises, and the rows the system counts on."""

    dependencies = [("billing", "0003_constraints")]

    operations = [
        migrations.RunSQL(SQL.read_text(), SQL.with_suffix(".reverse.sql").read_text()),
    ]
