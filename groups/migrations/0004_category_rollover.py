import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("groups", "0003_external_references"),
    ]

    operations = [
        migrations.AddField(
            model_name="category",
            name="rollover_months",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Months; 0: it expires with its month. Empty: as group and settings say. A package beats it",
                null=True,
                validators=[django.core.validators.MaxValueValidator(12)],
                verbose_name="unused monthly data lasts",
            ),
        ),
        migrations.AddField(
            model_name="category",
            name="rollover_topup_months",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Months after the day they expire; 0: not at all",
                null=True,
                validators=[django.core.validators.MaxValueValidator(12)],
                verbose_name="unused top-ups last",
            ),
        ),
        migrations.AddConstraint(
            model_name="category",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("rollover_months__isnull", True), ("rollover_months__lte", 12), _connector="OR"
                    ),
                    models.Q(
                        ("rollover_topup_months__isnull", True),
                        ("rollover_topup_months__lte", 12),
                        _connector="OR",
                    ),
                ),
                name="groups_category_rollover",
                violation_error_message="Unused data lasts 12 months at most.",
            ),
        ),
    ]
