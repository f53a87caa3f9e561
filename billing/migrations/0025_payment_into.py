from django.db import migrations, models


class Migration(migrations.Migration):
    """Which account the money of a payment lies in; what was received before lies in the bank."""

    dependencies = [("billing", "0024_costing_models")]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="into_account",
            field=models.CharField(db_default="bank", default="bank", max_length=20),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("into_account__in", ["bank", "gateway_clearing", "debit_clearing"])),
                name="billing_payment_into_account",
            ),
        ),
    ]
