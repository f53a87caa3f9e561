from typing import Any

from django.db import migrations, models

from customers.preferences.titles import USUAL


def first_row(apps: Any, schema_editor: Any) -> None:
    apps.get_model("customers", "Preferences").objects.create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_search_indexes")]

    operations = [
        migrations.CreateModel(
            name="Preferences",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "titles",
                    models.TextField(
                        blank=True,
                        default=USUAL,
                        help_text="Left out when an account code is made of a person's name; separated by commas",
                        verbose_name="titles in front of names",
                    ),
                ),
            ],
            options={
                "verbose_name": "customer preferences",
                "verbose_name_plural": "customer preferences",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("pk", 1)), name="customers_preferences_one_row"
                    )
                ],
            },
        ),
        migrations.RunPython(first_row, migrations.RunPython.noop),
    ]
