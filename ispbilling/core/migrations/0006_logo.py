import django.db.models.deletion
from django.db import migrations, models

#: Known by its content, whatever program writes; and never changed, since paper shows it.
GUARDS = """
ALTER TABLE core_logo ADD CONSTRAINT core_logo_digest CHECK (digest = encode(sha256(data), 'hex'));
ALTER TABLE core_logo ADD CONSTRAINT core_logo_size CHECK (octet_length(data) BETWEEN 1 AND 100000);
CREATE TRIGGER core_logo_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON core_logo
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0005_accounting")]

    operations = [
        migrations.CreateModel(
            name="Logo",
            fields=[
                (
                    "digest",
                    models.CharField(
                        editable=False,
                        help_text="SHA-256 of `data`",
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("content_type", models.CharField(max_length=20)),
                ("width", models.PositiveSmallIntegerField(help_text="In pixels")),
                ("height", models.PositiveSmallIntegerField(help_text="In pixels")),
                ("data", models.BinaryField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(content_type__in=["image/png", "image/jpeg"]),
                        name="core_logo_content_type",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(height__gt=0, width__gt=0), name="core_logo_sides"
                    ),
                ]
            },
        ),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="provider",
            name="logo",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="core.logo",
            ),
        ),
    ]
