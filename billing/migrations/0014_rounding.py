from django.db import migrations, models

CHOICES = [("line", "On each line"), ("document", "Once on each document")]


class Migration(migrations.Migration):
    dependencies = [("billing", "0013_payment_links")]

    operations = [
        migrations.AddField(
            model_name="billingsettings",
            name="rounding",
            field=models.CharField(
                choices=CHOICES,
                default="line",
                help_text="Printed in the small print; documents that are issued keep how they were rounded",
                max_length=8,
                verbose_name="VAT is rounded",
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="rounding",
            field=models.CharField(
                choices=CHOICES,
                db_default="line",
                default="line",
                max_length=8,
                verbose_name="VAT is rounded",
            ),
        ),
        migrations.AddConstraint(
            model_name="billingsettings",
            constraint=models.CheckConstraint(
                condition=models.Q(("rounding__in", ["line", "document"])),
                name="billing_billingsettings_rounding",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(("rounding__in", ["line", "document"])), name="billing_document_rounding"
            ),
        ),
    ]
