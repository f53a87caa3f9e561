"""Tell the RADIUS server what changed, and leave room for rows that are updated all day."""

from django.db import migrations

NOTIFY = """
-- The payload names what to read again: `account:7`, `customer:3`, ... or `*`; PostgreSQL sends it at COMMIT.
CREATE FUNCTION radius_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM pg_notify('radius', '*');
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM pg_notify('radius', TG_ARGV[0] || ':' || (to_jsonb(OLD) ->> TG_ARGV[1]));
    ELSE
        PERFORM pg_notify('radius', TG_ARGV[0] || ':' || (to_jsonb(NEW) ->> TG_ARGV[1]));
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER radius_notify AFTER INSERT OR UPDATE OR DELETE ON radius_dataaccount
    FOR EACH ROW EXECUTE FUNCTION radius_notify('account', 'id');
CREATE TRIGGER radius_notify AFTER INSERT OR UPDATE OR DELETE ON customers_gate
    FOR EACH ROW EXECUTE FUNCTION radius_notify('customer', 'customer_id');
CREATE TRIGGER radius_notify AFTER UPDATE ON customers_customer
    FOR EACH ROW WHEN (OLD.group_id <> NEW.group_id OR OLD.code <> NEW.code)
    EXECUTE FUNCTION radius_notify('customer', 'id');
CREATE TRIGGER radius_notify AFTER UPDATE ON groups_customergroup
    FOR EACH ROW WHEN (OLD.enabled <> NEW.enabled OR OLD.title <> NEW.title)
    EXECUTE FUNCTION radius_notify('group', 'id');
CREATE TRIGGER radius_notify AFTER UPDATE ON radius_package
    FOR EACH ROW EXECUTE FUNCTION radius_notify('package', 'id');
CREATE TRIGGER radius_notify AFTER UPDATE ON radius_service
    FOR EACH ROW EXECUTE FUNCTION radius_notify('service', 'id');
CREATE TRIGGER radius_notify AFTER INSERT OR UPDATE OR DELETE ON radius_nas
    FOR EACH ROW EXECUTE FUNCTION radius_notify('nas', 'id');
CREATE TRIGGER radius_notify_all AFTER TRUNCATE ON radius_dataaccount
    FOR EACH STATEMENT EXECUTE FUNCTION radius_notify();
CREATE TRIGGER radius_notify_all AFTER TRUNCATE ON radius_nas
    FOR EACH STATEMENT EXECUTE FUNCTION radius_notify();
"""
UNNOTIFY = """
DROP TRIGGER radius_notify_all ON radius_nas;
DROP TRIGGER radius_notify_all ON radius_dataaccount;
DROP TRIGGER radius_notify ON radius_nas;
DROP TRIGGER radius_notify ON radius_service;
DROP TRIGGER radius_notify ON radius_package;
DROP TRIGGER radius_notify ON groups_customergroup;
DROP TRIGGER radius_notify ON customers_customer;
DROP TRIGGER radius_notify ON customers_gate;
DROP TRIGGER radius_notify ON radius_dataaccount;
DROP FUNCTION radius_notify();
"""
# An Interim-Update touches no indexed column: with room on the page PostgreSQL writes no index for it (HOT).
ROOM = """
ALTER TABLE radius_session SET (fillfactor = 70);
ALTER TABLE radius_usageday SET (fillfactor = 80);
"""
NO_ROOM = """
ALTER TABLE radius_session RESET (fillfactor);
ALTER TABLE radius_usageday RESET (fillfactor);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("radius", "0001_initial"),
        ("customers", "0001_initial"),
        ("groups", "0001_initial"),
    ]

    operations = [migrations.RunSQL(NOTIFY, UNNOTIFY), migrations.RunSQL(ROOM, NO_ROOM)]
