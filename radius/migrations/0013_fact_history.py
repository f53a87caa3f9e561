"""Keep what rows that decide about lines were before they changed; `radius.history.models` says why so."""

import django.db.models.functions.text
from django.db import migrations, models
from django.db.models.fields.json import KT

REMEMBER = """
-- Arguments: '-' and the columns that are never kept, or '+' and the only ones that are.
CREATE FUNCTION radius_remember() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was jsonb := to_jsonb(OLD);
    becomes jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(NEW) END;
BEGIN
    IF TG_ARGV[0] = '-' THEN
        was := was - TG_ARGV[1:];
        becomes := becomes - TG_ARGV[1:];
    ELSE
        was := (SELECT jsonb_object_agg(name, was -> name) FROM unnest(TG_ARGV[1:]) name);
        becomes := (SELECT jsonb_object_agg(name, becomes -> name) FROM unnest(TG_ARGV[1:]) name);
    END IF;
    IF TG_OP = 'DELETE' OR was IS DISTINCT FROM becomes THEN
        INSERT INTO radius_facthistory (origin, row_id, at, row) VALUES (TG_TABLE_NAME, OLD.id, clock_timestamp(), was);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER radius_remember AFTER UPDATE OR DELETE ON radius_dataaccount
    FOR EACH ROW EXECUTE FUNCTION radius_remember('-', 'secret');
CREATE TRIGGER radius_remember AFTER UPDATE OR DELETE ON radius_package
    FOR EACH ROW EXECUTE FUNCTION radius_remember('-');
CREATE TRIGGER radius_remember AFTER UPDATE OR DELETE ON radius_service
    FOR EACH ROW EXECUTE FUNCTION radius_remember('-');
CREATE TRIGGER radius_remember AFTER UPDATE OR DELETE ON groups_customergroup
    FOR EACH ROW EXECUTE FUNCTION radius_remember('+', 'id', 'title', 'enabled');
CREATE TRIGGER radius_remember AFTER UPDATE ON customers_customer
    FOR EACH ROW WHEN (OLD.group_id <> NEW.group_id OR OLD.code <> NEW.code)
    EXECUTE FUNCTION radius_remember('+', 'id', 'code', 'group_id');
CREATE TRIGGER radius_remember_gone AFTER DELETE ON customers_customer
    FOR EACH ROW EXECUTE FUNCTION radius_remember('+', 'id', 'code', 'group_id');
INSERT INTO radius_facthistory (origin, row_id, at, row) VALUES ('', 0, clock_timestamp(), '{}');
"""
FORGET = """
DROP TRIGGER radius_remember_gone ON customers_customer;
DROP TRIGGER radius_remember ON customers_customer;
DROP TRIGGER radius_remember ON groups_customergroup;
DROP TRIGGER radius_remember ON radius_service;
DROP TRIGGER radius_remember ON radius_package;
DROP TRIGGER radius_remember ON radius_dataaccount;
DROP FUNCTION radius_remember();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("radius", "0012_gates"),
        ("customers", "0001_initial"),
        ("groups", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="FactHistory",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("origin", models.CharField(help_text="The table", max_length=40)),
                ("row_id", models.BigIntegerField()),
                ("at", models.DateTimeField(help_text="When the row changed to something else, or went")),
                ("row", models.JSONField(help_text="What it was until then")),
            ],
            options={"verbose_name_plural": "fact history", "ordering": ["id"]},
        ),
        migrations.AddIndex(
            model_name="facthistory",
            index=models.Index(fields=["origin", "row_id", "at"], name="radius_facthistory_row"),
        ),
        migrations.AddIndex(
            model_name="facthistory",
            index=models.Index(
                django.db.models.functions.text.Lower(KT("row__username")),
                condition=models.Q(("origin", "radius_dataaccount")),
                name="radius_facthistory_username",
            ),
        ),
        migrations.RunSQL(REMEMBER, FORGET),
    ]
