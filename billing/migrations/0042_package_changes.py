"""When package changes are billed, and which of them a billed period was for."""

import django.db.models.deletion
from django.db import migrations, models


GUARDS = """
ALTER TABLE billing_billedchange ADD CONSTRAINT billing_billedchange_period
    FOREIGN KEY (recurring_line_id, period, generation)
    REFERENCES billing_billedperiod (recurring_line_id, period, generation) DEFERRABLE INITIALLY DEFERRED;
CREATE TRIGGER billing_billedchange_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_billedchange
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
"""
NO_GUARDS = """
DROP TRIGGER billing_billedchange_append_only ON billing_billedchange;
ALTER TABLE billing_billedchange DROP CONSTRAINT billing_billedchange_period;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0041_accounting_guards"),
        ("radius", "0030_package_changes"),
    ]

    operations = [
        migrations.CreateModel(
            name="BilledChange",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "recurring_line",
                        "period",
                        "generation",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("period", models.DateField(help_text="First day of the month")),
                ("generation", models.SmallIntegerField()),
                (
                    "package_change",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="billed_periods",
                        to="radius.packagechange",
                    ),
                ),
                (
                    "recurring_line",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.recurringline",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="billingsettings",
            name="changes_billed",
            field=models.CharField(
                choices=[("next_run", "With the next run"), ("at_once", "At once")],
                db_default="next_run",
                default="next_run",
                help_text="For days that were billed already: the former package is credited and the new one charged",
                max_length=8,
                verbose_name="package changes are billed",
            ),
        ),
        migrations.AddConstraint(
            model_name="billingsettings",
            constraint=models.CheckConstraint(
                condition=models.Q(("changes_billed__in", ["next_run", "at_once"])),
                name="billing_billingsettings_changes",
            ),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
