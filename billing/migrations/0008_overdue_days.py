from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0007_auditor")]

    operations = [
        migrations.AddField(
            model_name="billingsettings",
            name="overdue_days",
            field=models.PositiveSmallIntegerField(
                default=0,
                help_text="After the due date; on the day after these an unpaid invoice is overdue",
                verbose_name="days till overdue",
            ),
        ),
        migrations.AlterField(
            model_name="billingsettings",
            name="due_days",
            field=models.PositiveSmallIntegerField(
                default=7,
                help_text="From the invoice date; customers and their groups may have days of their own",
                verbose_name="days till invoices due",
            ),
        ),
    ]
