from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_suffix(".sql")


class Migration(migrations.Migration):
    """A call is billed once, for what its invoice says, and stays as it is until that is credited."""

    dependencies = [("billing", "0045_calls")]

    operations = [
        migrations.RunSQL(SQL.read_text(), SQL.with_suffix(".reverse.sql").read_text()),
    ]
