from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).with_suffix(".sql")


class Migration(migrations.Migration):
    """Which days of a month were billed, filled in for what was billed before, and guarded."""

    dependencies = [("billing", "0022_recurring_terms")]

    operations = [
        migrations.RunSQL(
            SQL.read_text(),
            SQL.with_suffix(".reverse.sql").read_text(),
            state_operations=[
                migrations.AlterField("billedperiod", "since", models.DateField()),
                migrations.AlterField(
                    "billedperiod", "until", models.DateField(help_text="The day after the last one")
                ),
            ],
        ),
    ]
