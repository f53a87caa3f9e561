"""How each user arranged the parts of a detail page."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0003_erasable_events")]

    operations = [
        migrations.CreateModel(
            name="PageLayout",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("page", models.CharField(help_text="URL name of the page", max_length=80)),
                ("columns", models.JSONField(default=list, help_text="Names of the parts, by column")),
                ("hidden", models.JSONField(default=list)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="page_layouts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "page"), name="core_pagelayout_one_per_page")
                ],
            },
        ),
    ]
