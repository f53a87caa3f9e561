DROP TRIGGER billing_seal_checked ON billing_seal;
DROP FUNCTION billing_check_seal();
DROP TRIGGER billing_document_posted ON billing_document;
DROP FUNCTION billing_check_document();
CREATE OR REPLACE FUNCTION billing_postings_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO billing_pending
        SELECT a.id FROM added a WHERE NOT EXISTS (SELECT FROM billing_line l WHERE l.posting_id = a.id);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_lines_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sealed bigint;
BEGIN
    -- A posting of an earlier transaction is sealed: not even a balanced pair may join it.
    SELECT a.posting_id INTO sealed FROM added a JOIN billing_posting p ON p.id = a.posting_id
        WHERE age(p.xmin) > age(pg_current_xact_id()::xid) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'posting % is sealed', sealed USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    INSERT INTO billing_pending SELECT posting_id FROM added GROUP BY posting_id HAVING sum(amount) <> 0;
    RETURN NULL;
END $$;
