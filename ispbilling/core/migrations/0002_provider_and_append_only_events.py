from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION core_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
-- announced_at is the one column of an event that may change.
CREATE TRIGGER core_event_append_only
    BEFORE UPDATE OF id, at, kind, subject_type_id, subject_id, about_type_id, about_id, actor_id, label, data
    OR DELETE ON core_event FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
"""
REVERSE = "DROP TRIGGER core_event_append_only ON core_event; DROP FUNCTION core_refuse_change();"


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.RunSQL(APPEND_ONLY, REVERSE),
        migrations.RunSQL(
            "INSERT INTO core_provider (id, name, legal_name, registration_number, vat_number, address, phone, email,"
            " bank_details, invoice_note, demonstration)"
            " VALUES (1, 'My ISP', '', '', '', '', '', '', '', '', false)",
            "DELETE FROM core_provider",
        ),
    ]
