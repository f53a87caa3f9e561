from django.db import migrations

ERASABLE = """
DROP TRIGGER core_event_append_only ON core_event;
-- announced_at is the one column of an event that may change, ...
CREATE TRIGGER core_event_append_only
    BEFORE UPDATE OF id, at, kind, subject_type_id, subject_id, about_type_id, about_id, actor_id
    OR DELETE ON core_event FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
-- ... except that label and data may be erased, and become nothing else.
CREATE FUNCTION core_event_erase_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.label = '(erased)' AND NEW.data = '{}'::jsonb THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'core_event can only be erased' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER core_event_erase_only BEFORE UPDATE OF label, data ON core_event
    FOR EACH ROW EXECUTE FUNCTION core_event_erase_only();
"""
REVERSE = """
DROP TRIGGER core_event_erase_only ON core_event;
DROP FUNCTION core_event_erase_only();
DROP TRIGGER core_event_append_only ON core_event;
CREATE TRIGGER core_event_append_only
    BEFORE UPDATE OF id, at, kind, subject_type_id, subject_id, about_type_id, about_id, actor_id, label, data
    OR DELETE ON core_event FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0002_provider_and_append_only_events")]

    operations = [migrations.RunSQL(ERASABLE, REVERSE)]
