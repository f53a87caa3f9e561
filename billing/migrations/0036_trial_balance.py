from django.db import migrations, models


class Migration(migrations.Migration):
    """The index of the trial balance carries the amount."""

    dependencies = [("billing", "0035_documents_by_day")]

    operations = [
        migrations.RemoveIndex(model_name="line", name="billing_line_account_day"),
        migrations.AddIndex(
            model_name="line",
            index=models.Index(
                fields=["account", "posted_on"], include=["amount"], name="billing_line_account_day"
            ),
        ),
    ]
