-- What an auditor would try, refused by PostgreSQL.

-- 1. A posting belongs to the seal of its own transaction: nothing is slipped under an old one.
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

-- 2. A seal holds as many postings as it says, at COMMIT.
CREATE FUNCTION billing_check_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM billing_posting WHERE seal_id = NEW.seq) <> NEW.postings THEN
        RAISE EXCEPTION 'seal % does not hold its % postings', NEW.seq, NEW.postings
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER billing_seal_checked AFTER INSERT ON billing_seal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_check_seal();

-- 3. Paper is in the books: a document without a posting is refused at COMMIT. (Two are refused by an index.)
CREATE FUNCTION billing_check_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM billing_posting WHERE document_id = NEW.id) THEN
        RAISE EXCEPTION 'document % is not posted', NEW.reference USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER billing_document_posted AFTER INSERT ON billing_document
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_check_document();

-- 4. A receivable names who owes it; without a customer it would be in nobody's balance.
CREATE OR REPLACE FUNCTION billing_lines_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong bigint;
BEGIN
    -- A posting of an earlier transaction is sealed: not even a balanced pair may join it.
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
