import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("radius", "0028_rolling"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="datasettings",
            name="rolled_until",
            field=models.DateTimeField(
                editable=False, help_text="All that ended until then has rolled over", null=True
            ),
        ),
        migrations.CreateModel(
            name="BundleNotice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("level", models.PositiveSmallIntegerField(help_text="Percent")),
                ("at", models.DateTimeField(db_index=True)),
                ("told", models.BooleanField()),
                (
                    "bundle",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="radius.databundle",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("bundle", "level"), name="radius_bundlenotice_once"),
                    models.CheckConstraint(
                        condition=models.Q(("level__in", (50, 80, 100))), name="radius_bundlenotice_level"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DataTransfer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "token",
                    models.UUIDField(
                        editable=False, help_text="Of the form: a double click transfers once", unique=True
                    ),
                ),
                ("octets", models.BigIntegerField(verbose_name="data")),
                ("at", models.DateTimeField(db_index=True)),
                (
                    "door",
                    models.CharField(
                        choices=[("portal", "In the portal"), ("staff", "To staff"), ("sms", "By SMS")],
                        max_length=6,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200)),
                ("undone_at", models.DateTimeField(editable=False, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "from_bundle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="given",
                        to="radius.databundle",
                    ),
                ),
                (
                    "to_bundle",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transfer",
                        to="radius.databundle",
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("octets__gt", 0)), name="radius_datatransfer_octets"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("from_bundle", models.F("to_bundle")), _negated=True),
                        name="radius_datatransfer_not_to_itself",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("door__in", ["portal", "staff", "sms"])),
                        name="radius_datatransfer_door_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("undone_at__isnull", False), ("undone_by__isnull", True), _connector="OR"
                        ),
                        name="radius_datatransfer_undone",
                    ),
                ],
            },
        ),
    ]
