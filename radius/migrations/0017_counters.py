"""What a session counted before its NAS's counters started over."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("radius", "0016_reply_attributes")]

    operations = [
        migrations.AddField("session", "upload_carried", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddField("session", "download_carried", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddField("session", "carried_at", models.DateTimeField(null=True)),
    ]
