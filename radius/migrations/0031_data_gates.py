"""What is done about lines without data may be chosen too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("radius", "0030_bundle_locks"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="accessaction",
            name="radius_accessaction_code",
        ),
        migrations.AlterField(
            model_name="accessaction",
            name="code",
            field=models.CharField(
                choices=[
                    ("CUSTOMER_DISABLED", "Customer disabled"),
                    ("CUSTOMER_CANCELLED", "Customer cancelled"),
                    ("ACCOUNT_CANCELLED", "Data account ended"),
                    ("SUSPENDED", "Customer suspended"),
                    ("PACKAGE_BLOCKED", "Data account blocked"),
                    ("SERVICE_EXPIRED", "Service expired"),
                    ("TIME_BAND", "Service closed at this hour"),
                    ("TIME_LIMIT", "Time limit used up"),
                    ("PREPAID_EMPTY", "Prepaid data used up"),
                    ("CAPPED", "Hard cap reached"),
                ],
                max_length=20,
                unique=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="accessaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "code__in",
                        (
                            "CUSTOMER_DISABLED",
                            "CUSTOMER_CANCELLED",
                            "ACCOUNT_CANCELLED",
                            "SUSPENDED",
                            "PACKAGE_BLOCKED",
                            "SERVICE_EXPIRED",
                            "TIME_BAND",
                            "TIME_LIMIT",
                            "PREPAID_EMPTY",
                            "CAPPED",
                        ),
                    )
                ),
                name="radius_accessaction_code",
            ),
        ),
    ]
