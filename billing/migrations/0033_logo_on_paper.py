from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).with_suffix(".sql")


def logo_or_issuer(to: str) -> models.ForeignKey:
    return models.ForeignKey(
        blank=to == "core.logo",
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=to,
    )


class Migration(migrations.Migration):
    """The logo of who issued, and who issued a receipt, as they were."""

    dependencies = [("billing", "0032_debit_order_guards"), ("core", "0006_logo")]

    operations = [
        migrations.AddField("issuer", "logo", logo_or_issuer("core.logo")),
        migrations.AddField("payment", "issuer", logo_or_issuer("billing.issuer")),
        migrations.RunSQL(SQL.read_text(), SQL.with_suffix(".reverse.sql").read_text()),
    ]
