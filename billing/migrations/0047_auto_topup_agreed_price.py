"""What one automatic top-up costs at most: what its owner agreed to. Whoever agreed before this was kept, agreed to a
limit."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0046_call_guards")]

    operations = [
        migrations.AddField(
            "autotopup",
            "agreed_price",
            models.DecimalField(
                decimal_places=2, default=0, help_text="Of one, VAT in it; no dearer", max_digits=14
            ),
            preserve_default=False,
        ),
        migrations.RunSQL('UPDATE billing_autotopup SET agreed_price = "limit"', migrations.RunSQL.noop),
    ]
