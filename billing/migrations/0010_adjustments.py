from django.db import migrations, models
from django.db.models import F, Q

ACCOUNTS = """INSERT INTO billing_account (code, name) VALUES
    ('adjustment', 'Adjustments'), ('bad_debt', 'Bad debts')"""


class Migration(migrations.Migration):
    """Adjustments and write-offs: their kinds, prefixes and accounts, and what the database makes sure of."""

    dependencies = [("billing", "0009_closed_books")]

    operations = [
        migrations.AddField(
            model_name="billingsettings",
            name="adjustment_prefix",
            field=models.CharField(default="ADJ", max_length=10),
        ),
        migrations.AddField(
            model_name="billingsettings",
            name="write_off_prefix",
            field=models.CharField(default="WO", max_length=10),
        ),
        migrations.AddField(
            model_name="document",
            name="reason",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Why, of what is no invoice; printed",
                max_length=200,
            ),
        ),
        migrations.AlterField(
            model_name="document",
            name="kind",
            field=models.CharField(
                choices=[
                    ("invoice", "Invoice"),
                    ("credit_note", "Credit note"),
                    ("adjustment", "Adjustment"),
                    ("write_off", "Write-off"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="numbersequence",
            name="kind",
            field=models.CharField(
                choices=[
                    ("invoice", "Invoice"),
                    ("credit_note", "Credit note"),
                    ("adjustment", "Adjustment"),
                    ("write_off", "Write-off"),
                ],
                max_length=12,
            ),
        ),
        migrations.RemoveConstraint(model_name="billingsettings", name="billing_billingsettings_prefixes"),
        migrations.AddConstraint(
            model_name="billingsettings",
            constraint=models.CheckConstraint(
                condition=~Q(invoice_prefix=F("credit_note_prefix"))
                & ~Q(invoice_prefix=F("adjustment_prefix"))
                & ~Q(invoice_prefix=F("write_off_prefix"))
                & ~Q(credit_note_prefix=F("adjustment_prefix"))
                & ~Q(credit_note_prefix=F("write_off_prefix"))
                & ~Q(adjustment_prefix=F("write_off_prefix")),
                name="billing_billingsettings_prefixes",
                violation_error_message="Each kind of document needs a different prefix.",
            ),
        ),
        migrations.RemoveConstraint(model_name="document", name="billing_document_kind"),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=Q(kind="invoice", corrects__isnull=True)
                | Q(kind="credit_note", corrects__isnull=False)
                | Q(kind__in=["adjustment", "write_off"]),
                name="billing_document_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=Q(kind="adjustment")
                | Q(kind="invoice", total__gt=0)
                | Q(kind="credit_note", total__lt=0)
                | Q(kind="write_off", corrects__isnull=True, total__lt=0)
                | Q(kind="write_off", corrects__isnull=False, total__gt=0),
                name="billing_document_sign",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=~Q(total=0) & (~Q(kind="adjustment") | Q(vat=0)), name="billing_document_amounts"
            ),
        ),
        migrations.RunSQL(ACCOUNTS, "DELETE FROM billing_account WHERE code IN ('adjustment', 'bad_debt')"),
    ]
