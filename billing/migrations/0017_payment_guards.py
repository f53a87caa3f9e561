from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_suffix(".sql")


class Migration(migrations.Migration):
    """Payments that are not edited and agree with the ledger, and the account for money nobody is known for."""

    dependencies = [("billing", "0016_payments")]

    operations = [
        migrations.RunSQL(SQL.read_text(), SQL.with_suffix(".reverse.sql").read_text()),
    ]
