CREATE OR REPLACE FUNCTION billing_postings_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closed bigint;
BEGIN
    SELECT s.seq INTO closed FROM (SELECT DISTINCT seal_id FROM added) a JOIN billing_seal s ON s.seq = a.seal_id
        WHERE age(s.xmin) > age(pg_current_xact_id()::xid) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'seal % is closed', closed USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    INSERT INTO billing_pending
        SELECT a.id FROM added a WHERE NOT EXISTS (SELECT FROM billing_line l WHERE l.posting_id = a.id);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_lines_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong bigint;
BEGIN
    SELECT a.posting_id INTO wrong FROM added a JOIN billing_posting p ON p.id = a.posting_id
        WHERE age(p.xmin) > age(pg_current_xact_id()::xid) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'posting % is sealed', wrong USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT a.posting_id INTO wrong FROM added a JOIN billing_account k ON k.id = a.account_id
        WHERE k.code = 'receivable' AND a.customer_id IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a receivable of posting % names nobody', wrong
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    INSERT INTO billing_pending SELECT posting_id FROM added GROUP BY posting_id HAVING sum(amount) <> 0;
    RETURN NULL;
END $$;
DROP TRIGGER billing_seal_own_xact ON billing_seal;
DROP FUNCTION billing_seals_added();
ALTER TABLE billing_line DROP CONSTRAINT billing_line_own_posting;
ALTER TABLE billing_posting DROP CONSTRAINT billing_posting_own_seal;
ALTER TABLE billing_posting DROP CONSTRAINT billing_posting_own;
ALTER TABLE billing_seal DROP CONSTRAINT billing_seal_own;
ALTER TABLE billing_line DROP COLUMN xact, ADD CONSTRAINT billing_line_posting_fk FOREIGN KEY (posting_id)
    REFERENCES billing_posting (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE billing_posting DROP COLUMN xact, ADD CONSTRAINT billing_posting_seal_fk FOREIGN KEY (seal_id)
    REFERENCES billing_seal (seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE billing_seal DROP COLUMN xact;
