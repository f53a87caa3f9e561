import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    """A customer without a discount follows the billing settings; whoever had 0 had none."""

    dependencies = [("customers", "0016_accounting")]

    operations = [
        migrations.AlterField(
            model_name="customer",
            name="discount",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="Percent, after line discounts and before VAT; empty: that of the billing settings",
                max_digits=5,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(0),
                    django.core.validators.MaxValueValidator(100),
                ],
                verbose_name="standard customer discount",
            ),
        ),
        migrations.RunSQL(
            "UPDATE customers_customer SET discount = NULL WHERE discount = 0",
            "UPDATE customers_customer SET discount = 0 WHERE discount IS NULL",
        ),
    ]
