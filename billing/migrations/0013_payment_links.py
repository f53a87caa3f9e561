from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0012_drafts")]

    operations = [
        migrations.AddField(
            model_name="billingsettings",
            name="payment_link",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Printed as a QR code: https://pay.example/AbC?id={document}&amount={cents}. {reference}, "
                "{amount}, {cents} and {document} are filled in. Empty: the document in the portal",
                max_length=300,
            ),
        ),
        migrations.AddField(
            model_name="issuer",
            name="payment_link",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
        migrations.AddField(
            model_name="issuer",
            name="site",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
    ]
