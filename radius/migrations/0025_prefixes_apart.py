"""No two data accounts with the same IPv6 addresses, also where one has them on its link and the other delegated."""

from django.db import migrations

APART = """
CREATE FUNCTION radius_prefixes_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- One transaction at a time: of two that look at the same moment neither would see what the other has written.
    PERFORM pg_advisory_xact_lock(hashtext('radius_prefixes_apart'));
    IF EXISTS (
        SELECT FROM radius_dataaccount
        WHERE id <> NEW.id
          AND (NULLIF(delegated_ipv6_prefix, '')::inet && NULLIF(NEW.framed_ipv6_prefix, '')::inet
               OR NULLIF(framed_ipv6_prefix, '')::inet && NULLIF(NEW.delegated_ipv6_prefix, '')::inet)
    ) THEN
        RAISE EXCEPTION 'Another data account has this prefix or a part of it.' USING
            ERRCODE = 'exclusion_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER radius_dataaccount_prefixes
    AFTER INSERT OR UPDATE OF framed_ipv6_prefix, delegated_ipv6_prefix ON radius_dataaccount
    FOR EACH ROW WHEN (NEW.framed_ipv6_prefix <> '' OR NEW.delegated_ipv6_prefix <> '')
    EXECUTE FUNCTION radius_prefixes_apart();
"""
UNDO = """
DROP TRIGGER radius_dataaccount_prefixes ON radius_dataaccount;
DROP FUNCTION radius_prefixes_apart();
"""


class Migration(migrations.Migration):
    dependencies = [("radius", "0024_unknown_surplus")]

    operations = [migrations.RunSQL(APART, UNDO)]
