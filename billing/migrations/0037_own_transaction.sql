-- A line belongs to a posting, and a posting to a seal, of its own transaction; nothing joins an older one.
--
-- Migrations 0004 and 0007 asked the age of the row's xmin. That let a transaction which began earlier, and
-- committed later, slip lines under a posting (or a posting under a seal) of one that began after it, and so did
-- rows that pointed at a posting nobody could see yet. Now each row says which transaction wrote it and foreign
-- keys compare that, at COMMIT, whatever was visible when. What was there before says 0, which no transaction is.
-- (In a cluster restored from a dump transactions are counted anew: one in 2^64 may then have an old number.)

ALTER TABLE billing_seal ADD COLUMN xact xid8 NOT NULL DEFAULT '0';
ALTER TABLE billing_posting ADD COLUMN xact xid8 NOT NULL DEFAULT '0';
ALTER TABLE billing_line ADD COLUMN xact xid8 NOT NULL DEFAULT '0';
ALTER TABLE billing_seal ALTER COLUMN xact SET DEFAULT pg_current_xact_id();
ALTER TABLE billing_posting ALTER COLUMN xact SET DEFAULT pg_current_xact_id();
ALTER TABLE billing_line ALTER COLUMN xact SET DEFAULT pg_current_xact_id();

ALTER TABLE billing_seal ADD CONSTRAINT billing_seal_own UNIQUE (seq, xact);
ALTER TABLE billing_posting ADD CONSTRAINT billing_posting_own UNIQUE (id, xact);

-- In the place of the foreign keys that compared the id alone; the name of those is a hash.
DO $$
DECLARE
    old record;
BEGIN
    FOR old IN
        SELECT c.conrelid::regclass AS tab, c.conname AS name FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.contype = 'f' AND array_length(c.conkey, 1) = 1
          AND (c.conrelid, a.attname) IN (('billing_line'::regclass, 'posting_id'), ('billing_posting'::regclass, 'seal_id'))
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', old.tab, old.name);
    END LOOP;
END $$;
ALTER TABLE billing_posting ADD CONSTRAINT billing_posting_own_seal FOREIGN KEY (seal_id, xact)
    REFERENCES billing_seal (seq, xact) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE billing_line ADD CONSTRAINT billing_line_own_posting FOREIGN KEY (posting_id, xact)
    REFERENCES billing_posting (id, xact) DEFERRABLE INITIALLY DEFERRED;

-- Nobody writes in the name of another transaction.
CREATE FUNCTION billing_seals_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added WHERE xact <> pg_current_xact_id()) THEN
        RAISE EXCEPTION 'a seal is written by its own transaction' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_seal_own_xact AFTER INSERT ON billing_seal
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_seals_added();

CREATE OR REPLACE FUNCTION billing_postings_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closed bigint;
BEGIN
    IF EXISTS (SELECT FROM added WHERE xact <> pg_current_xact_id()) THEN
        RAISE EXCEPTION 'a posting is written by its own transaction' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    -- The foreign key says so, too; this says it in words, and at once.
    SELECT s.seq INTO closed FROM (SELECT DISTINCT seal_id FROM added) a JOIN billing_seal s ON s.seq = a.seal_id
        WHERE s.xact <> pg_current_xact_id() LIMIT 1;
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
    IF EXISTS (SELECT FROM added WHERE xact <> pg_current_xact_id()) THEN
        RAISE EXCEPTION 'a line is written by its own transaction' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    -- A posting of an earlier transaction is sealed: not even a balanced pair may join it.
    SELECT a.posting_id INTO wrong FROM added a JOIN billing_posting p ON p.id = a.posting_id
        WHERE p.xact <> pg_current_xact_id() LIMIT 1;
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
