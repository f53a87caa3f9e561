from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).with_suffix(".sql")


class Migration(migrations.Migration):
    """Who issued a document, under which code it is paid and who was served, as they were."""

    dependencies = [("billing", "0010_adjustments")]

    operations = [
        migrations.CreateModel(
            name="Issuer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("legal_name", models.CharField(blank=True, max_length=160)),
                ("registration_number", models.CharField(blank=True, max_length=40)),
                ("vat_number", models.CharField(blank=True, max_length=20, verbose_name="VAT number")),
                ("address", models.TextField(blank=True)),
                ("phone", models.CharField(blank=True, max_length=40)),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("bank_details", models.TextField(blank=True)),
                ("invoice_note", models.TextField(blank=True)),
                ("digest", models.BinaryField(help_text="Over all of it", unique=True)),
            ],
        ),
        migrations.AddField(
            model_name="party",
            name="code",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The payment reference",
                max_length=20,
                verbose_name="account code",
            ),
        ),
        migrations.AlterField(
            model_name="party",
            name="digest",
            field=models.BinaryField(
                help_text="Over name, address, VAT number and code; stays when they are erased"
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="issuer",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="documents",
                to="billing.issuer",
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="served",
            field=models.ForeignKey(
                help_text="Who was served, where somebody else pays",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="documents_served",
                to="billing.party",
            ),
        ),
        migrations.RunSQL(SQL.read_text(), SQL.with_suffix(".reverse.sql").read_text()),
    ]
