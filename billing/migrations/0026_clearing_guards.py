from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_suffix(".sql")


class Migration(migrations.Migration):
    """The clearing accounts, and payments that agree with the ledger wherever their money lies."""

    dependencies = [("billing", "0025_payment_into")]

    operations = [
        migrations.RunSQL(SQL.read_text(), SQL.with_suffix(".reverse.sql").read_text()),
    ]
