"""Keep also when reply attributes and access actions came and went, not only how they changed."""

from django.db import migrations, models

REMEMBER = """
CREATE OR REPLACE FUNCTION radius_remember() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    becomes jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    kept jsonb;
BEGIN
    IF TG_ARGV[0] = '-' THEN
        kept := was - TG_ARGV[1:];
        becomes := becomes - TG_ARGV[1:];
    ELSE
        kept := (SELECT jsonb_object_agg(name, was -> name) FROM unnest(TG_ARGV[1:]) name);
        becomes := (SELECT jsonb_object_agg(name, becomes -> name) FROM unnest(TG_ARGV[1:]) name);
    END IF;
    IF TG_OP <> 'UPDATE' OR kept IS DISTINCT FROM becomes THEN
        INSERT INTO radius_facthistory (origin, row_id, at, row)
        VALUES (TG_TABLE_NAME, CASE WHEN TG_OP = 'INSERT' THEN NEW.id ELSE OLD.id END, clock_timestamp(), kept);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER radius_remember AFTER INSERT OR UPDATE OR DELETE ON radius_replyattribute
    FOR EACH ROW EXECUTE FUNCTION radius_remember('-');
CREATE TRIGGER radius_remember AFTER INSERT OR UPDATE OR DELETE ON radius_accessaction
    FOR EACH ROW EXECUTE FUNCTION radius_remember('-');
"""
# What the function says of other tables is the same as before.
FORGET = """
DROP TRIGGER radius_remember ON radius_accessaction;
DROP TRIGGER radius_remember ON radius_replyattribute;
DELETE FROM radius_facthistory WHERE row IS NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("radius", "0020_quarantine")]

    operations = [
        migrations.AlterField(
            model_name="facthistory",
            name="row",
            field=models.JSONField(help_text="What it was until then; none: it was not there", null=True),
        ),
        migrations.RunSQL(REMEMBER, FORGET),
    ]
