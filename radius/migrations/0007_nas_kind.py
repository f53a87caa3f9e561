"""Each NAS says whose attributes it understands."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("radius", "0006_simultaneous_use")]

    operations = [
        migrations.AddField(
            model_name="nas",
            name="kind",
            field=models.CharField(
                choices=[
                    ("mikrotik", "MikroTik RouterOS"),
                    ("cisco", "Cisco IOS"),
                    ("wispr", "WISPr (hotspots)"),
                    ("generic", "Generic (Ascend rates)"),
                ],
                default="mikrotik",
                help_text="Whose attributes it understands: the form in which it is told speeds",
                max_length=10,
            ),
        )
    ]
