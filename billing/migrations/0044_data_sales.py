"""Top-ups that are sold, automatic top-ups, switches to prepaid and back, and their settings."""

import django.core.validators
import django.db.models.deletion
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


ONE_ROW = """
INSERT INTO billing_datasalessettings (id, billed, portal_on_account, unused_days, leftover_days, grace_hours)
VALUES (1, 'at_once', true, 'credited', 30, 24);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0043_receipt_parties"),
        ("radius", "0027_bundles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DataSalesSettings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "billed",
                    models.CharField(
                        choices=[
                            ("at_once", "With an invoice at once"),
                            ("next_run", "With the next month-end run"),
                        ],
                        default="at_once",
                        help_text="Of monthly lines; what a prepaid line buys is always invoiced at once",
                        max_length=8,
                        verbose_name="top-ups on account are charged",
                    ),
                ),
                (
                    "portal_on_account",
                    models.BooleanField(
                        default=True,
                        help_text="In the portal, for monthly lines while nothing is overdue. Off: what is not in credit is paid first",
                        verbose_name="customers may buy on account",
                    ),
                ),
                (
                    "unused_days",
                    models.CharField(
                        choices=[("credited", "Credited to the account"), ("forfeited", "Forfeited")],
                        default="credited",
                        help_text="When a line becomes prepaid within a period that was billed",
                        max_length=9,
                        verbose_name="days paid for and not used",
                    ),
                ),
                (
                    "leftover_days",
                    models.PositiveSmallIntegerField(
                        default=30,
                        help_text="Days for which a line that becomes prepaid keeps what is left of its monthly data",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(366),
                        ],
                        verbose_name="unused data lasts",
                    ),
                ),
                (
                    "grace_octets",
                    models.BigIntegerField(
                        blank=True,
                        help_text="Data that a prepaid line may take once after its last purchase when it has none left; empty: off",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="grace top-up",
                    ),
                ),
                (
                    "grace_hours",
                    models.PositiveSmallIntegerField(
                        default=24,
                        help_text="Hours",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(8784),
                        ],
                        verbose_name="grace lasts",
                    ),
                ),
            ],
            options={
                "verbose_name": "data sales settings",
                "verbose_name_plural": "data sales settings",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("pk", 1)), name="billing_datasalessettings_one_row"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("billed__in", ["at_once", "next_run"]),
                            ("unused_days__in", ["credited", "forfeited"]),
                        ),
                        name="billing_datasalessettings_choices",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("grace_hours__gte", 1),
                            ("leftover_days__range", (1, 366)),
                            models.Q(
                                ("grace_octets__isnull", True), ("grace_octets__gt", 0), _connector="OR"
                            ),
                        ),
                        name="billing_datasalessettings_days",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AutoTopup",
            fields=[
                (
                    "data_account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="auto_topup",
                        serialize=False,
                        to="radius.dataaccount",
                    ),
                ),
                (
                    "when_left_octets",
                    models.BigIntegerField(default=0, verbose_name="when less is left than"),
                ),
                ("limit", models.DecimalField(decimal_places=2, max_digits=14, verbose_name="limit a month")),
                ("active", models.BooleanField(default=True, verbose_name="on")),
                ("stopped_reason", models.CharField(blank=True, max_length=200)),
                (
                    "limit_told_for",
                    models.DateField(
                        help_text="Month of which it was told that the limit is reached", null=True
                    ),
                ),
                (
                    "topup_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="automatic",
                        to="radius.topuptype",
                        verbose_name="increment",
                    ),
                ),
            ],
            options={
                "verbose_name": "automatic top-up",
                "ordering": ["data_account__username"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("active", True)),
                        fields=["data_account"],
                        name="billing_autotopup_on",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("limit__gt", 0), ("when_left_octets__gte", 0)),
                        name="billing_autotopup_amounts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("active", False), ("stopped_reason", ""), _connector="OR"),
                        name="billing_autotopup_stopped",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PrepaidSwitch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("to_prepaid", models.BooleanField()),
                ("effective_on", models.DateField(verbose_name="from")),
                ("comment", models.CharField(blank=True, max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("scheduled", "Scheduled"),
                            ("applied", "Applied"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Failed"),
                        ],
                        default="scheduled",
                        max_length=9,
                    ),
                ),
                (
                    "reason",
                    models.CharField(blank=True, help_text="Why it failed or was cancelled", max_length=200),
                ),
                ("source", models.CharField(max_length=120, unique=True)),
                ("credited", models.DecimalField(decimal_places=2, default=Decimal("0.00"), max_digits=14)),
                ("created_at", models.DateTimeField(verbose_name="asked")),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "data_account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prepaid_switches",
                        to="radius.dataaccount",
                    ),
                ),
                (
                    "ended_lines",
                    models.ManyToManyField(blank=True, related_name="+", to="billing.recurringline"),
                ),
                (
                    "leftover",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="left_by",
                        to="radius.databundle",
                    ),
                ),
            ],
            options={
                "verbose_name": "switch",
                "verbose_name_plural": "switches",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "scheduled")),
                        fields=["effective_on"],
                        name="billing_prepaidswitch_due",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["scheduled", "applied", "cancelled", "failed"])),
                        name="billing_prepaidswitch_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", True), ("state", "scheduled")),
                            models.Q(
                                models.Q(("state", "scheduled"), _negated=True), ("closed_at__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="billing_prepaidswitch_closed",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "scheduled")),
                        fields=("data_account",),
                        name="billing_prepaidswitch_one_to_come",
                        violation_error_message="The line has a switch to come already; cancel that first.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("credited__gte", 0)), name="billing_prepaidswitch_credited"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TopupSale",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=80)),
                ("octets", models.BigIntegerField(verbose_name="data")),
                ("total", models.DecimalField(decimal_places=2, max_digits=14, verbose_name="price")),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("staff", "Staff"),
                            ("portal", "Portal"),
                            ("automatic", "Automatic"),
                            ("grace", "Grace"),
                        ],
                        max_length=9,
                        verbose_name="sold by",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for payment"),
                            ("sold", "Sold"),
                            ("undone", "Undone"),
                            ("failed", "Failed"),
                        ],
                        default="sold",
                        max_length=7,
                    ),
                ),
                (
                    "reason",
                    models.CharField(blank=True, help_text="Why it failed or was undone", max_length=200),
                ),
                ("source", models.CharField(max_length=120, unique=True)),
                ("asked_at", models.DateTimeField(verbose_name="when")),
                ("sold_at", models.DateTimeField(null=True)),
                ("undone_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "bundle",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sale",
                        to="radius.databundle",
                    ),
                ),
                (
                    "checkout",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="topup_sale",
                        to="billing.checkout",
                    ),
                ),
                (
                    "data_account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="topup_sales",
                        to="radius.dataaccount",
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="topup_sales",
                        to="billing.document",
                    ),
                ),
                (
                    "recurring_line",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="topup_sales",
                        to="billing.recurringline",
                    ),
                ),
                (
                    "topup_type",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sales",
                        to="radius.topuptype",
                    ),
                ),
            ],
            options={
                "verbose_name": "top-up sale",
                "ordering": ["-asked_at", "-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["checkout"],
                        name="billing_topupsale_waiting",
                    ),
                    models.Index(fields=["data_account", "-asked_at"], name="billing_topupsale_line"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["waiting", "sold", "undone", "failed"]),
                            ("way__in", ["staff", "portal", "automatic", "grace"]),
                        ),
                        name="billing_topupsale_choices",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("octets__gt", 0), ("total__gte", 0), models.Q(("source", ""), _negated=True)
                        ),
                        name="billing_topupsale_amounts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("bundle__isnull", False),
                                ("sold_at__isnull", False),
                                ("state__in", ["sold", "undone"]),
                            ),
                            models.Q(
                                ("bundle__isnull", True),
                                ("sold_at__isnull", True),
                                ("state__in", ["waiting", "failed"]),
                                ("checkout__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="billing_topupsale_granted",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "undone"), ("undone_at__isnull", False)),
                            models.Q(
                                models.Q(("state", "undone"), _negated=True), ("undone_at__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="billing_topupsale_undone",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "sold"), _negated=True),
                            models.Q(
                                ("document__isnull", True), ("recurring_line__isnull", True), ("total", 0)
                            ),
                            models.Q(
                                ("document__isnull", False),
                                ("recurring_line__isnull", True),
                                ("total__gt", 0),
                            ),
                            models.Q(
                                ("document__isnull", True),
                                ("recurring_line__isnull", False),
                                ("total__gt", 0),
                            ),
                            _connector="OR",
                        ),
                        name="billing_topupsale_charged_once",
                    ),
                ],
            },
        ),
        migrations.RunSQL(ONE_ROW, migrations.RunSQL.noop),
    ]
