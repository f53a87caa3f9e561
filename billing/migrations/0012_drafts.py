from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0011_issuer"),
        ("customers", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="InvoiceDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "issue_on",
                    models.DateField(
                        blank=True,
                        help_text="Empty: the day on which it is issued",
                        null=True,
                        verbose_name="invoice date",
                    ),
                ),
                ("token", models.UUIDField(editable=False, unique=True)),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoice_drafts",
                        to="customers.customer",
                    ),
                ),
                (
                    "document",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="draft",
                        to="billing.document",
                    ),
                ),
            ],
            options={"verbose_name": "draft invoice", "ordering": ["-id"]},
        ),
        migrations.CreateModel(
            name="InvoiceDraftLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("description", models.CharField(max_length=250)),
                ("quantity", models.DecimalField(decimal_places=2, default=Decimal("1"), max_digits=12)),
                ("price", models.DecimalField(decimal_places=4, max_digits=14)),
                ("discount", models.DecimalField(decimal_places=2, default=0, max_digits=5)),
                ("vat_exempt", models.BooleanField(default=False, verbose_name="VAT exempt")),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="billing.invoicedraft",
                    ),
                ),
            ],
            options={
                "ordering": ["draft_id", "position"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("draft", "position"), name="billing_invoicedraftline_position"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("discount__range", (0, 100)), ("price__gte", 0), ("quantity__gt", 0)
                        ),
                        name="billing_invoicedraftline_amounts",
                    ),
                ],
            },
        ),
    ]
