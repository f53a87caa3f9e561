"""Data accounts that log in by the address of their device."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("radius", "0013_fact_history"),
    ]
    operations = [
        migrations.AddField(
            model_name="dataaccount",
            name="mac_authentication",
            field=models.BooleanField(
                default=False,
                help_text="On: its device logs in by its MAC address, which is the username, without the password."
                " Such an address is easily imitated: for devices that cannot do better",
                verbose_name="MAC authentication",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("mac_authentication", False))
                | models.Q(("username__iregex", "^([0-9a-f][:.-]?){11}[0-9a-f]$")),
                name="radius_dataaccount_mac_username",
                violation_error_message="For MAC authentication the username must be the device's MAC address.",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataaccount",
            constraint=models.UniqueConstraint(
                models.Func(
                    django.db.models.functions.text.Lower("username"),
                    models.Value("[:. -]"),
                    models.Value(""),
                    models.Value("g"),
                    function="regexp_replace",
                ),
                condition=models.Q(("mac_authentication", True)),
                name="radius_dataaccount_mac",
                violation_error_message="Another data account logs in by this MAC address.",
            ),
        ),
    ]
