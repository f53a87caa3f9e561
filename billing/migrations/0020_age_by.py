from django.db import migrations, models


class Migration(migrations.Migration):
    """From which day the age of a debt is counted."""

    dependencies = [("billing", "0019_pins")]

    operations = [
        migrations.AddField(
            model_name="billingsettings",
            name="age_by",
            field=models.CharField(
                choices=[("due", "Due date"), ("issued", "Invoice date")],
                default="due",
                help_text="The day from which age analysis and statements count how old a debt is",
                max_length=6,
                verbose_name="age of debts",
            ),
        ),
        migrations.AddConstraint(
            model_name="billingsettings",
            constraint=models.CheckConstraint(
                condition=models.Q(("age_by__in", ["due", "issued"])), name="billing_billingsettings_age_by"
            ),
        ),
    ]
