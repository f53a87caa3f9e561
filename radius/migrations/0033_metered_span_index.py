"""The times in which a line is metered, by line: they are read with every batch that is drawn."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("radius", "0032_usage_months")]

    operations = [
        migrations.AddIndex(
            model_name="meteredspan",
            index=models.Index(fields=["data_account", "since"], name="radius_meteredspan_account"),
        ),
    ]
