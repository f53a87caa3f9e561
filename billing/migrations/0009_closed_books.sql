-- Nothing is dated in a period whose books are closed. One look at the setting per statement. A posting is
-- written under the lock of the chain head, which whoever closes the books takes first: none can slip past.
CREATE FUNCTION billing_refuse_closed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closed date;
BEGIN
    SELECT closed_until INTO closed FROM billing_billingsettings WHERE id = 1;
    IF closed IS NOT NULL AND EXISTS (SELECT FROM added WHERE posted_on <= closed) THEN
        RAISE EXCEPTION 'the books are closed up to %', closed USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_posting_open AFTER INSERT ON billing_posting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_closed();
CREATE TRIGGER billing_line_open AFTER INSERT ON billing_line
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_closed();
