from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_suffix(".sql")


class Migration(migrations.Migration):
    """Lines, postings and seals name the transaction that wrote them, and foreign keys hold them together."""

    dependencies = [("billing", "0036_trial_balance")]

    operations = [
        migrations.RunSQL(SQL.read_text(), SQL.with_suffix(".reverse.sql").read_text()),
    ]
