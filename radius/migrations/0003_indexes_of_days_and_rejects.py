"""Indexes for what is read by day (usage of a month) and by username (rejects of a line)."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    dependencies = [("radius", "0002_notify_and_room")]

    operations = [
        migrations.AddIndex(
            model_name="usageday",
            index=BrinIndex("day", name="radius_usageday_day", autosummarize=True, pages_per_range=32),
        ),
        migrations.AddIndex(
            model_name="authattempt",
            index=models.Index(Upper("username"), name="radius_authattempt_username"),
        ),
    ]
