from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).with_suffix(".sql")


class Migration(migrations.Migration):
    """A day up to which the books are closed, and triggers that keep postings out of it."""

    dependencies = [("billing", "0008_overdue_days")]

    operations = [
        migrations.AddField(
            model_name="billingsettings",
            name="closed_until",
            field=models.DateField(blank=True, editable=False, null=True, verbose_name="books closed up to"),
        ),
        migrations.RunSQL(SQL.read_text(), SQL.with_suffix(".reverse.sql").read_text()),
    ]
